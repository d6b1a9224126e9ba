// Computes the samples of a VM's disks and NICs from two readings of their counters: a series for each device. Pure.
//
// What is not known is absent: a counter that libvirt does not report, and every rate of a device that was not there before,
// that counts from 0 again, or that may be another one under the same name.
import type { DiskSample, NicSample } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { assign, increase } from './growth.ts';

export interface NicCounters {
  /** The tap device's name, the only one in libvirt's statistics. */
  readonly name: string;
  readonly rxBytes?: number;
  readonly rxPackets?: number;
  readonly rxErrors?: number;
  readonly rxDrops?: number;
  readonly txBytes?: number;
  readonly txPackets?: number;
  readonly txErrors?: number;
  readonly txDrops?: number;
}

export interface DiskCounters {
  /** Target in the guest, which stays the same while indices shift on hotplug. */
  readonly name: string;
  /** Its file or device. Another one means another medium or layer, whose counters may start anywhere. */
  readonly path?: string;
  readonly readRequests?: number;
  readonly readBytes?: number;
  readonly readTimeMs?: number;
  readonly writeRequests?: number;
  readonly writeBytes?: number;
  readonly writeTimeMs?: number;
  readonly allocationBytes?: number;
  readonly capacityBytes?: number;
}

/** What the definition says of the NIC behind each tap. */
export interface NicPlaces {
  readonly macByTap: ReadonlyMap<string, string>;
  /**
   * Where the guest sees the NIC: "0000:01:00.0" on PCI. It stays for the NIC's life and, since the guest must find its
   * devices in place, across a migration; its alias does not (qemuAssignDeviceAliases numbers anew on the target).
   */
  readonly addressByTap: ReadonlyMap<string, string>;
}

export interface NicReading {
  readonly nics: readonly NicCounters[];
  /** Undefined until the definition was read. */
  readonly places: NicPlaces | undefined;
}

/** `before`: the disks of the same QEMU process, `elapsedMs` earlier. */
export function diskSamples(
  before: readonly DiskCounters[] | undefined,
  now: readonly DiskCounters[],
  elapsedMs: number,
): DiskSample[] {
  const samples: DiskSample[] = [];
  for (const disk of now) {
    // An empty drive has a name and no counters.
    if (disk.readBytes === undefined && disk.writeBytes === undefined) continue;
    const sample: DiskSample = { device: disk.name };
    assign(sample, 'readBytes', disk.readBytes, 1);
    assign(sample, 'writeBytes', disk.writeBytes, 1);
    assign(sample, 'readRequests', disk.readRequests, 1);
    assign(sample, 'writeRequests', disk.writeRequests, 1);
    assign(sample, 'capacityBytes', disk.capacityBytes, 1);
    assign(sample, 'allocationBytes', disk.allocationBytes, 1);
    const old = before?.find(({ name, path }) => name === disk.name && path === disk.path);
    if (old !== undefined && !hasRestarted(DISK_COUNTERS, old, disk))
      addDiskRates(sample, old, disk, elapsedMs / SECOND_MS);
    samples.push(sample);
  }
  return samples;
}

function addDiskRates(sample: DiskSample, old: DiskCounters, disk: DiskCounters, elapsedS: number): void {
  const reads = increase(old.readRequests, disk.readRequests);
  const writes = increase(old.writeRequests, disk.writeRequests);
  assign(sample, 'readRequestsPerSecond', reads, elapsedS);
  assign(sample, 'writeRequestsPerSecond', writes, elapsedS);
  assign(sample, 'readBytesPerSecond', increase(old.readBytes, disk.readBytes), elapsedS);
  assign(sample, 'writeBytesPerSecond', increase(old.writeBytes, disk.writeBytes), elapsedS);
  if (reads !== undefined && reads > 0)
    assign(sample, 'readLatencyMs', increase(old.readTimeMs, disk.readTimeMs), reads);
  if (writes !== undefined && writes > 0)
    assign(sample, 'writeLatencyMs', increase(old.writeTimeMs, disk.writeTimeMs), writes);
}

/** `before`: the NICs of the same QEMU process, `elapsedMs` earlier. */
export function nicSamples(before: NicReading | undefined, now: NicReading, elapsedMs: number): NicSample[] {
  const names = nicNames(now);
  return now.nics.map((nic, at) => {
    const sample: NicSample = { device: names[at] ?? nic.name };
    assign(sample, 'receiveBytes', nic.rxBytes, 1);
    assign(sample, 'transmitBytes', nic.txBytes, 1);
    assign(sample, 'receivePackets', nic.rxPackets, 1);
    assign(sample, 'transmitPackets', nic.txPackets, 1);
    assign(sample, 'receiveErrors', nic.rxErrors, 1);
    assign(sample, 'transmitErrors', nic.txErrors, 1);
    assign(sample, 'receiveDrops', nic.rxDrops, 1);
    assign(sample, 'transmitDrops', nic.txDrops, 1);
    const old = before?.nics.find(({ name }) => name === nic.name);
    if (
      before === undefined ||
      old === undefined ||
      !isSameNic(nic.name, before.places, now.places) ||
      hasRestarted(NIC_COUNTERS, old, nic)
    )
      return sample;
    const elapsedS = elapsedMs / SECOND_MS;
    assign(sample, 'receiveBytesPerSecond', increase(old.rxBytes, nic.rxBytes), elapsedS);
    assign(sample, 'transmitBytesPerSecond', increase(old.txBytes, nic.txBytes), elapsedS);
    assign(sample, 'receivePacketsPerSecond', increase(old.rxPackets, nic.rxPackets), elapsedS);
    assign(sample, 'transmitPacketsPerSecond', increase(old.txPackets, nic.txPackets), elapsedS);
    return sample;
  });
}

/**
 * The name of each NIC's series: its MAC, since names of taps change with every start. NICs that share one are told apart by
 * their address in the guest, or by their order where they have none. The tap's name until the definition was read.
 */
function nicNames({ nics, places }: NicReading): string[] {
  const macs = nics.map(({ name }) => places?.macByTap.get(name) ?? name);
  return nics.map(({ name }, at) => {
    const mac = macs[at] ?? name;
    if (macs.indexOf(mac) === macs.lastIndexOf(mac)) return mac;
    const order = macs.slice(0, at + 1).filter((other) => other === mac).length;
    return `${mac}@${places?.addressByTap.get(name) ?? order}`;
  });
}

/** A tap's name may pass to another NIC. */
function isSameNic(tap: string, before: NicPlaces | undefined, now: NicPlaces | undefined): boolean {
  return (
    before?.macByTap.get(tap) === now?.macByTap.get(tap) &&
    before?.addressByTap.get(tap) === now?.addressByTap.get(tap)
  );
}

const DISK_COUNTERS = [
  'readRequests',
  'readBytes',
  'readTimeMs',
  'writeRequests',
  'writeBytes',
  'writeTimeMs',
] as const;

const NIC_COUNTERS = [
  'rxBytes',
  'rxPackets',
  'rxErrors',
  'rxDrops',
  'txBytes',
  'txPackets',
  'txErrors',
  'txDrops',
] as const;

/** True if any counter fell: the device counts from 0 again, and the growth of its other counters means nothing. */
function hasRestarted<K extends string>(
  counters: readonly K[],
  before: Readonly<Partial<Record<K, number>>>,
  now: Readonly<Partial<Record<K, number>>>,
): boolean {
  return counters.some((counter) => {
    const [old, current] = [before[counter], now[counter]];
    return old !== undefined && current !== undefined && current < old;
  });
}
