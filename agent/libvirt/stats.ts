// Reads the statistics of all domains in one call and decodes them straight into structures: the sampler's hot path.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { DomainState, knownValue } from './constants.ts';
import { readDomain, writeDomain, type DomainRef } from './domain.ts';
import {
  fieldTable,
  readParamNumber,
  readParamString,
  skipParamValue,
  type NumberField,
} from './typed-params.ts';
import type { Span, XdrReader } from './xdr.ts';

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

export interface StatsRequest {
  /** Only these; all when absent. */
  readonly domains?: readonly DomainRef[];
  /** StatsGroup bits; 0 asks for every group of the hypervisor. */
  readonly groups: number;
  /**
   * StatsFlag bits. Always include `active`: shut-off domains show the daemon's own CPU time. Filters are allowed only when
   * `domains` is absent.
   */
  readonly flags: number;
}

/** REMOTE_DOMAIN_LIST_MAX */
const RECORDS_MAX = 16_384;
/** REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX: values of one domain. */
const PARAMS_MAX = 262_144;
/** Most digits accepted in the index of a device or vCPU: 5 are far more than QEMU needs. */
const INDEX_DIGITS_MAX = 5;
/** VIR_TYPED_PARAM_FIELD_LENGTH: longer names are not cached, so that memory stays bounded whatever a daemon sends. */
const NAME_LENGTH_MAX = 80;

/** Reads the statistics of many domains. This call may hang for as long as one guest is stuck: see getControlInfo. */
export function getAllDomainStats(
  connection: Connection,
  request: StatsRequest,
  wait: WaitOptions,
): Promise<DomainStats[]> {
  return connection.call(
    'connectGetAllDomainStats',
    (writer) =>
      writer
        .array(request.domains ?? [], writeDomain)
        .uint(request.groups)
        .uint(request.flags),
    readDomainStats,
    wait,
  );
}

/** The reply's records. */
export function readDomainStats(reader: XdrReader): DomainStats[] {
  return reader.array(RECORDS_MAX, readRecord);
}

function readRecord(reader: XdrReader): DomainStats {
  const draft: Draft = {
    stats: { domain: readDomain(reader) },
    balloon: {},
    vcpus: new Map(),
    nics: new Map(),
    disks: new Map(),
    dirtyRate: {},
  };
  // A parameter is at least an empty name, a type and a value.
  const count = reader.count(PARAMS_MAX, 12);
  for (let index = 0; index < count; index += 1) {
    readParam(reader, draft);
  }
  return finish(draft);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Numbers<K extends string> = { [P in K]?: number };

interface Draft {
  readonly stats: Mutable<Omit<DomainStats, 'balloon' | 'vcpus' | 'nics' | 'disks' | 'dirtyRate'>>;
  readonly balloon: Mutable<BalloonStats>;
  readonly vcpus: Map<number, Mutable<VcpuStats>>;
  readonly nics: Map<number, Partial<Mutable<NicStats>>>;
  readonly disks: Map<number, Partial<Mutable<DiskStats>>>;
  readonly dirtyRate: Mutable<DirtyRateStats>;
}

function finish(draft: Draft): DomainStats {
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
interface Group {
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

const groups: readonly Group[] = [
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

/** Finds where a parameter's value goes, by its name. Undefined: the value is ignored. */
interface ParamKey {
  readonly group: Group;
  readonly index: number | undefined;
  readonly field: string;
}

/**
 * Names already parsed, by a hash of their bytes. The same few dozen come for every domain in every sample, and parsing them
 * each time was most of the cost of decoding.
 */
const knownNames = new Map<number, { readonly name: string; readonly key: ParamKey | undefined }>();
/** A host full of KVM guests with 100 vCPUs has about 8,000 names. */
const KNOWN_NAMES_MAX = 16_384;

function readParam(reader: XdrReader, draft: Draft): void {
  const key = keyOf(reader, reader.stringSpan());
  if (key === undefined) {
    skipParamValue(reader);
  } else {
    key.group.read(reader, draft, key.index, key.field);
  }
}

function keyOf(reader: XdrReader, name: Span): ParamKey | undefined {
  const hash = reader.spanHash(name);
  const known = knownNames.get(hash);
  if (known !== undefined && reader.spanEquals(name, known.name)) {
    return known.key;
  }
  const key = parseKey(reader, name);
  if (known === undefined && knownNames.size < KNOWN_NAMES_MAX && name.end - name.start <= NAME_LENGTH_MAX) {
    knownNames.set(hash, { name: reader.asciiSlice(name), key });
  }
  return key;
}

function parseKey(reader: XdrReader, name: Span): ParamKey | undefined {
  const group = groups.find(({ prefix }) => reader.spanStartsWith(name, prefix));
  if (group === undefined) {
    return undefined;
  }
  const afterPrefix = { start: name.start + group.prefix.length, end: name.end };
  const digits = countDigits(reader, afterPrefix);
  const start = digits === 0 ? afterPrefix.start : afterPrefix.start + digits + 1;
  if (digits > INDEX_DIGITS_MAX || name.end - start > group.fieldLengthMax) {
    return undefined;
  }
  const index =
    digits === 0
      ? undefined
      : Number(reader.asciiSlice({ start: afterPrefix.start, end: afterPrefix.start + digits }));
  return { group, index, field: reader.asciiSlice({ start, end: name.end }) };
}

function countDigits(reader: XdrReader, span: Span): number {
  let digits = 0;
  while (span.start + digits < span.end && isDigit(reader.byteAt(span.start + digits))) {
    digits += 1;
  }
  return digits;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

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
