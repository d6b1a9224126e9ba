// Stores the statistics of one domain in its structure: one table of fields for each group of libvirt's parameters.
import { DomainState, knownValue } from './constants.ts';
import type { DomainRef } from './domain.ts';
import {
  fieldTable,
  readParamNumber,
  readParamString,
  skipParamValue,
  type NumberField,
} from './typed-params.ts';
import type { XdrReader } from './xdr.ts';

/** One domain. What the daemon did not report (no driver in the guest, a busy monitor, a group not requested) is absent, never 0. */
export interface DomainStats {
  readonly domain: DomainRef;
  readonly state?: DomainState;
  readonly reason?: number;
  /** Of all threads of the QEMU process. */
  readonly cpuTimeMs?: number;
  readonly cpuUserMs?: number;
  readonly cpuSystemMs?: number;
  readonly balloon?: BalloonStats;
  readonly vcpuCurrent?: number;
  readonly vcpuMaximum?: number;
  readonly vcpus: readonly VcpuStats[];
  readonly nics: readonly NicStats[];
  readonly disks: readonly DiskStats[];
  readonly dirtyRate?: DirtyRateStats;
}

/** Fields marked "guest" come from the guest's balloon driver: late, and not to be trusted. */
export interface BalloonStats {
  readonly currentBytes?: number;
  readonly maximumBytes?: number;
  /** Resident size of the QEMU process, from /proc. */
  readonly rssBytes?: number;
  /** guest: MemFree */
  readonly unusedBytes?: number;
  /** guest: MemTotal */
  readonly availableBytes?: number;
  /** guest: MemAvailable */
  readonly usableBytes?: number;
  /** guest */
  readonly diskCachesBytes?: number;
  /** guest */
  readonly swapInBytes?: number;
  /** guest */
  readonly swapOutBytes?: number;
  /** guest */
  readonly majorFaults?: number;
  /** guest */
  readonly minorFaults?: number;
  /** Seconds since 1970 of the guest's last report; 0 means never. */
  readonly lastUpdateS?: number;
}

export interface VcpuStats {
  readonly index: number;
  /** VcpuState */
  readonly state?: number;
  /** In steps of 10 ms. */
  readonly timeMs?: number;
  /** Ready to run and waiting for a core (schedstat's run_delay). Since libvirt 7.2. */
  readonly delayMs?: number;
  /** 0 unless the kernel's scheduler debugging is on. */
  readonly waitMs?: number;
}

/** Counters from the guest's point of view: rx is what it received. */
export interface NicStats {
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

export interface DiskStats {
  /** The target: vda. */
  readonly name: string;
  readonly path?: string;
  readonly readRequests?: number;
  readonly readBytes?: number;
  readonly readTimeMs?: number;
  readonly writeRequests?: number;
  readonly writeBytes?: number;
  readonly writeTimeMs?: number;
  readonly flushRequests?: number;
  readonly flushTimeMs?: number;
  /** Highest offset written. */
  readonly allocationBytes?: number;
  readonly capacityBytes?: number;
  readonly physicalBytes?: number;
}

export interface DirtyRateStats {
  /** DirtyRateStatus */
  readonly status?: number;
  /** Start of the measurement, seconds on the host's monotonic clock. */
  readonly startS?: number;
  readonly periodS?: number;
  /** Present once measured. */
  readonly bytesPerSecond?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Numbers<K extends string> = { [P in K]?: number };

/** A domain whose parameters are still being read. */
export interface Draft {
  readonly stats: Mutable<Omit<DomainStats, 'balloon' | 'vcpus' | 'nics' | 'disks' | 'dirtyRate'>>;
  readonly balloon: Mutable<BalloonStats>;
  readonly vcpus: Map<number, Mutable<VcpuStats>>;
  readonly nics: Map<number, Partial<Mutable<NicStats>>>;
  readonly disks: Map<number, Partial<Mutable<DiskStats>>>;
  readonly dirtyRate: Mutable<DirtyRateStats>;
}

export function newDraft(domain: DomainRef): Draft {
  return {
    stats: { domain },
    balloon: {},
    vcpus: new Map(),
    nics: new Map(),
    disks: new Map(),
    dirtyRate: {},
  };
}

export function finishDraft(draft: Draft): DomainStats {
  return {
    ...draft.stats,
    ...(isEmpty(draft.balloon) ? {} : { balloon: draft.balloon }),
    ...(isEmpty(draft.dirtyRate) ? {} : { dirtyRate: draft.dirtyRate }),
    vcpus: [...draft.vcpus.values()],
    nics: [...draft.nics.values()].filter(isNamed),
    disks: [...draft.disks.values()].filter(isNamed),
  };
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

/** Drops devices without a name: indices shift on hotplug, so they cannot be followed from one sample to the next. */
function isNamed<T extends { name?: string }>(device: T): device is T & { name: string } {
  return device.name !== undefined;
}

/** A group of keys: `cpu.time`, or with an index `vcpu.3.delay`. */
export interface Group {
  readonly prefix: string;
  /** Longer fields are ignored. */
  readonly fieldLengthMax: number;
  readonly read: (reader: XdrReader, draft: Draft, index: number | undefined, field: string) => void;
}

const cpuFields = fieldTable({
  time: ['cpuTimeMs', 'ns'],
  user: ['cpuUserMs', 'ns'],
  system: ['cpuSystemMs', 'ns'],
});

const balloonFields = fieldTable({
  current: ['currentBytes', 'kib'],
  maximum: ['maximumBytes', 'kib'],
  rss: ['rssBytes', 'kib'],
  unused: ['unusedBytes', 'kib'],
  available: ['availableBytes', 'kib'],
  usable: ['usableBytes', 'kib'],
  disk_caches: ['diskCachesBytes', 'kib'],
  swap_in: ['swapInBytes', 'kib'],
  swap_out: ['swapOutBytes', 'kib'],
  major_fault: ['majorFaults', 'count'],
  minor_fault: ['minorFaults', 'count'],
  'last-update': ['lastUpdateS', 'count'],
});

const vcpuCountFields = fieldTable({
  current: ['vcpuCurrent', 'count'],
  maximum: ['vcpuMaximum', 'count'],
});

const vcpuFields = fieldTable({
  state: ['state', 'count'],
  time: ['timeMs', 'ns'],
  delay: ['delayMs', 'ns'],
  wait: ['waitMs', 'ns'],
});

const nicFields = fieldTable({
  'rx.bytes': ['rxBytes', 'count'],
  'rx.pkts': ['rxPackets', 'count'],
  'rx.errs': ['rxErrors', 'count'],
  'rx.drop': ['rxDrops', 'count'],
  'tx.bytes': ['txBytes', 'count'],
  'tx.pkts': ['txPackets', 'count'],
  'tx.errs': ['txErrors', 'count'],
  'tx.drop': ['txDrops', 'count'],
});

const diskFields = fieldTable({
  'rd.reqs': ['readRequests', 'count'],
  'rd.bytes': ['readBytes', 'count'],
  'rd.times': ['readTimeMs', 'ns'],
  'wr.reqs': ['writeRequests', 'count'],
  'wr.bytes': ['writeBytes', 'count'],
  'wr.times': ['writeTimeMs', 'ns'],
  'fl.reqs': ['flushRequests', 'count'],
  'fl.times': ['flushTimeMs', 'ns'],
  allocation: ['allocationBytes', 'count'],
  capacity: ['capacityBytes', 'count'],
  physical: ['physicalBytes', 'count'],
});

const dirtyRateFields = fieldTable({
  calc_status: ['status', 'count'],
  calc_start_time: ['startS', 'count'],
  calc_period: ['periodS', 'count'],
  megabytes_per_second: ['bytesPerSecond', 'mib'],
});

export const groups: readonly Group[] = [
  {
    prefix: 'vcpu.',
    fieldLengthMax: 'maximum'.length,
    read: (reader, draft, index, field) => {
      if (index === undefined) {
        readField(reader, draft.stats, vcpuCountFields.get(field));
      } else {
        readField(
          reader,
          at<Mutable<VcpuStats>>(draft.vcpus, index, () => ({ index })),
          vcpuFields.get(field),
        );
      }
    },
  },
  {
    prefix: 'block.',
    fieldLengthMax: 'allocation'.length,
    read: (reader, draft, index, field) => {
      readDevice(reader, draft.disks, index, field, diskFields);
    },
  },
  {
    prefix: 'net.',
    fieldLengthMax: 'rx.bytes'.length,
    read: (reader, draft, index, field) => {
      readDevice(reader, draft.nics, index, field, nicFields);
    },
  },
  {
    prefix: 'balloon.',
    fieldLengthMax: 'last-update'.length,
    read: (reader, draft, _, field) => {
      readField(reader, draft.balloon, balloonFields.get(field));
    },
  },
  {
    prefix: 'cpu.',
    fieldLengthMax: 'system'.length,
    read: (reader, draft, _, field) => {
      readField(reader, draft.stats, cpuFields.get(field));
    },
  },
  { prefix: 'state.', fieldLengthMax: 'reason'.length, read: readStateField },
  {
    prefix: 'dirtyrate.',
    fieldLengthMax: 'megabytes_per_second'.length,
    read: (reader, draft, _, field) => {
      readField(reader, draft.dirtyRate, dirtyRateFields.get(field));
    },
  },
];

function readField<K extends string>(
  reader: XdrReader,
  target: Numbers<K>,
  field: NumberField<K> | undefined,
): void {
  if (field === undefined) {
    skipParamValue(reader);
    return;
  }
  const value = readParamNumber(reader, field.unit);
  if (value !== undefined) {
    target[field.key] = value;
  }
}

function readStateField(reader: XdrReader, draft: Draft, _: number | undefined, field: string): void {
  const value = readParamNumber(reader, 'count');
  if (value === undefined) {
    return;
  }
  if (field === 'state') {
    draft.stats.state = knownValue(DomainState, value) ?? DomainState.noState;
  } else if (field === 'reason') {
    draft.stats.reason = value;
  }
}

type Device<K extends string> = Numbers<K> & { name?: string; path?: string };

function readDevice<K extends string>(
  reader: XdrReader,
  devices: Map<number, Device<K>>,
  index: number | undefined,
  field: string,
  fields: ReadonlyMap<string, NumberField<K>>,
): void {
  if (index === undefined) {
    skipParamValue(reader);
    return;
  }
  const device = at<Device<K>>(devices, index, () => ({}));
  if (field === 'name' || field === 'path') {
    const text = readParamString(reader);
    if (text !== undefined) {
      device[field] = text;
    }
  } else {
    readField(reader, device, fields.get(field));
  }
}

function at<T>(entries: Map<number, T>, index: number, make: () => T): T {
  let entry = entries.get(index);
  if (entry === undefined) {
    entry = make();
    entries.set(index, entry);
  }
  return entry;
}
