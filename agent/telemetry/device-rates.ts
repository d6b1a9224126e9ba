// Computes the samples of a VM's disks and NICs from two readings of their counters: a series for each device. Pure.
//
// What is not known is absent or named as unknown: a counter that libvirt does not report, and every rate of a device that was
// not there before, that counts from 0 again, or that may be another one under the same name.
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
    const sample: DiskSample = {
      device: disk.name,
      readBytes: disk.readBytes ?? 0,
      writeBytes: disk.writeBytes ?? 0,
      readRequests: disk.readRequests ?? 0,
      writeRequests: disk.writeRequests ?? 0,
      capacityBytes: disk.capacityBytes ?? 0,
      allocationBytes: disk.allocationBytes ?? 0,
      unknown: unknownOf(DISK_FIELDS, disk),
    };
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
    const sample: NicSample = {
      device: names[at] ?? nic.name,
      receiveBytes: nic.rxBytes ?? 0,
      transmitBytes: nic.txBytes ?? 0,
      receivePackets: nic.rxPackets ?? 0,
      transmitPackets: nic.txPackets ?? 0,
      receiveErrors: nic.rxErrors ?? 0,
      transmitErrors: nic.txErrors ?? 0,
      receiveDrops: nic.rxDrops ?? 0,
      transmitDrops: nic.txDrops ?? 0,
      unknown: unknownOf(NIC_FIELDS, nic),
    };
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

// Their names in the contract.
const DISK_FIELDS = {
  readBytes: 'read_bytes',
  writeBytes: 'write_bytes',
  readRequests: 'read_requests',
  writeRequests: 'write_requests',
  capacityBytes: 'capacity_bytes',
  allocationBytes: 'allocation_bytes',
} as const;

const NIC_FIELDS = {
  rxBytes: 'receive_bytes',
  txBytes: 'transmit_bytes',
  rxPackets: 'receive_packets',
  txPackets: 'transmit_packets',
  rxErrors: 'receive_errors',
  txErrors: 'transmit_errors',
  rxDrops: 'receive_drops',
  txDrops: 'transmit_drops',
} as const;

function unknownOf(fields: Readonly<Record<string, string>>, device: NicCounters | DiskCounters): string[] {
  const known = new Set(Object.keys(device));
  return Object.entries(fields).flatMap(([key, name]) => (known.has(key) ? [] : [name]));
}

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
