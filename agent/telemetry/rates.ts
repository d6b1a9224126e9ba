// Computes a VM's sample from two readings of its counters: rates, memory in use, and whether it counts as load. Pure.
import type {
  MoveObstacle,
  VmMetadata,
  VmMigrationRole,
  VmSample,
  VmState,
  VmStateReason,
} from '../../shared/gen/telemetry.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { stateReason } from '../vm/state-reason.ts';
import {
  diskSamples,
  nicSamples,
  type DiskCounters,
  type NicCounters,
  type NicPlaces,
  type NicReading,
} from './device-rates.ts';
import { increase } from './growth.ts';

/** libvirt's counters of one VM at one moment: the part of the client's DomainStats that is used. Absent means unknown, not 0. */
export interface VmCounters {
  /** A new id is a new QEMU process, whose counters start at 0. */
  readonly domain: { readonly name: string; readonly uuid: string; readonly id: number };
  readonly state?: number;
  readonly reason?: number;
  /** Of all threads of QEMU. libvirt reads it from the VM's control group; absent where it creates no control groups. */
  readonly cpuTimeMs?: number;
  readonly balloon?: BalloonCounters;
  readonly vcpuCurrent?: number;
  readonly vcpus: readonly VcpuCounters[];
  readonly nics: readonly NicCounters[];
  readonly disks: readonly DiskCounters[];
}

interface VcpuCounters {
  readonly index: number;
  readonly timeMs?: number;
  readonly delayMs?: number;
}

interface BalloonCounters {
  readonly currentBytes?: number;
  readonly maximumBytes?: number;
  readonly rssBytes?: number;
  readonly unusedBytes?: number;
  readonly availableBytes?: number;
  readonly usableBytes?: number;
  /** Time of the guest's last report, on the host's clock; 0 means never. */
  readonly lastUpdateS?: number;
}

/** The part of a VM's definition that its statistics do not show. */
export interface VmDescription extends NicPlaces {
  readonly metadata: VmMetadata;
  /** Cores that the definition's cputune allows each vCPU, and all together; undefined without a quota. */
  readonly vcpuQuotaCores: number | undefined;
  readonly quotaCores: number | undefined;
  /** True: huge pages are missing from the resident size, which then says nothing. */
  readonly usesHugePages: boolean;
}

export interface VmReading {
  readonly counters: VmCounters;
  /** On the monotonic clock. */
  readonly atMs: number;
  /** Undefined until the definition was read. */
  readonly description: VmDescription | undefined;
}

/** What a sample needs besides the readings. */
export interface VmContext {
  /** Wall time, to compare with the time stamp of the balloon's last report. */
  readonly nowMs: number;
  readonly intervalMs: number;
  /** This host is known to be migrating the VM away. */
  readonly isMigratingOut: boolean;
  /** The VM's monitor did not answer. */
  readonly isStuck: boolean;
  /** Cores that its control groups allow; undefined without a limit. */
  readonly cpuLimitCores: number | undefined;
  /** What kept it on this host when that was asked last. */
  readonly obstacles: readonly MoveObstacle[];
}

// virDomainState of libvirt-domain.h, by number.
const STATES: readonly VmState[] = [
  'VM_STATE_UNSPECIFIED',
  'VM_STATE_RUNNING',
  'VM_STATE_BLOCKED',
  'VM_STATE_PAUSED',
  'VM_STATE_SHUTTING_DOWN',
  'VM_STATE_SHUT_OFF',
  'VM_STATE_CRASHED',
  'VM_STATE_SUSPENDED',
];
const PAUSED = 3;
// The balloon driver may miss a report or two; oVirt and OpenStack ask for one every 5 to 10 s, CloudStack for one a minute.
const BALLOON_FRESH_INTERVALS = 3;
const BALLOON_FRESH_MIN_MS = MINUTE_MS;

/** One VM's sample. Without a previous reading of the same QEMU process it has no rates. */
export function vmSample(previous: VmReading | undefined, current: VmReading, context: VmContext): VmSample {
  const { counters, description } = current;
  const before = previous !== undefined && isSameLifetime(previous, current) ? previous : undefined;
  const reason = stateReason(counters.state ?? 0, counters.reason ?? 0);
  const sample: VmSample = {
    uuid: counters.domain.uuid,
    name: counters.domain.name,
    libvirtId: counters.domain.id,
    state: STATES[counters.state ?? 0] ?? 'VM_STATE_UNSPECIFIED',
    stateReason: reason,
    migrationRole: migrationRole(counters, reason, context.isMigratingOut),
    counted: !context.isStuck && isGuestHere(counters, reason),
    stuck: context.isStuck,
    vcpus: counters.vcpuCurrent ?? 0,
    cpuTimeMs: Math.round(counters.cpuTimeMs ?? vcpuTimeMs(counters)),
    ...memory(current, context),
    ...devices(before, current),
    metadata: description?.metadata ?? null,
    obstacles: [...context.obstacles],
  };
  const limitCores = cpuLimit(sample.vcpus, description, context);
  if (limitCores !== undefined) sample.cpuLimitCores = limitCores;
  if (before !== undefined) addCpuRates(sample, before, current);
  return sample;
}

/** The strictest of its quotas, of those that are below what its vCPUs can use. */
function cpuLimit(
  vcpus: number,
  description: VmDescription | undefined,
  { cpuLimitCores }: VmContext,
): number | undefined {
  const { vcpuQuotaCores = 1, quotaCores = Infinity } = description ?? {};
  const limitCores = Math.min(vcpus * vcpuQuotaCores, quotaCores, cpuLimitCores ?? Infinity);
  return limitCores < vcpus ? limitCores : undefined;
}

function devices(before: VmReading | undefined, current: VmReading): Pick<VmSample, 'disks' | 'nics'> {
  const nicsOf = ({ counters: { nics }, description: places }: VmReading): NicReading => ({ nics, places });
  const elapsedMs = before === undefined ? 0 : current.atMs - before.atMs;
  return {
    disks: diskSamples(before?.counters.disks, current.counters.disks, elapsedMs),
    nics: nicSamples(before && nicsOf(before), nicsOf(current), elapsedMs),
  };
}

/** Cores that the VM would have used in addition, had they been free. */
export function delayCores(vm: VmSample): number {
  return (vm.cpuDemandCores ?? 0) - (vm.cpuCores ?? 0);
}

/** True if both readings are of the same QEMU process, so that their counters can be compared. */
function isSameLifetime(previous: VmReading, current: VmReading): boolean {
  const before = previous.counters.domain;
  const now = current.counters.domain;
  return before.uuid === now.uuid && before.id === now.id && current.atMs > previous.atMs;
}

/**
 * True if the guest's CPU and memory are this host's load. While a VM migrates, two hosts list it; it is paused for
 * migration on the one where it does not run (before the switch the target, in post-copy the source).
 */
function isGuestHere({ state }: VmCounters, reason: VmStateReason): boolean {
  return state !== PAUSED || !PAUSED_ELSEWHERE.includes(reason);
}

const PAUSED_ELSEWHERE: readonly VmStateReason[] = [
  'VM_STATE_REASON_MIGRATION',
  'VM_STATE_REASON_POST_COPY',
  'VM_STATE_REASON_POST_COPY_FAILED',
];

function migrationRole(
  counters: VmCounters,
  reason: VmStateReason,
  isMigratingOut: boolean,
): VmMigrationRole {
  if (isMigratingOut) return 'VM_MIGRATION_ROLE_OUTGOING';
  if (isGuestHere(counters, reason)) return 'VM_MIGRATION_ROLE_UNSPECIFIED';
  return reason === 'VM_STATE_REASON_MIGRATION' ? 'VM_MIGRATION_ROLE_INCOMING' : 'VM_MIGRATION_ROLE_OUTGOING';
}

function addCpuRates(sample: VmSample, before: VmReading, current: VmReading): void {
  const elapsedMs = current.atMs - before.atMs;
  const cpuMs = cpuIncrease(before.counters, current.counters);
  const delayMs = vcpuIncrease('delayMs', before.counters.vcpus, current.counters.vcpus);
  // The kernel counts time in which a quota keeps a vCPU from running as a wait for a CPU. Nothing is gained by more CPUs.
  const roomMs = Math.max(0, (sample.cpuLimitCores ?? Infinity) * elapsedMs - (cpuMs ?? 0));
  const waitedMs = delayMs === undefined ? undefined : Math.min(delayMs, roomMs);
  if (waitedMs !== undefined && sample.vcpus > 0) {
    // The kernel counts a wait when it ends, so one that began in the previous interval can exceed this one.
    sample.stealRatio = Math.min(1, waitedMs / (elapsedMs * sample.vcpus));
  }
  if (cpuMs === undefined) return;
  sample.cpuCores = cpuMs / elapsedMs;
  sample.cpuDemandCores = (cpuMs + (waitedMs ?? 0)) / elapsedMs;
}

/** CPU time used, of all threads or, failing that, of the vCPUs alone; the two are never compared with each other. */
function cpuIncrease(before: VmCounters, now: VmCounters): number | undefined {
  if (before.cpuTimeMs === undefined && now.cpuTimeMs === undefined)
    return vcpuIncrease('timeMs', before.vcpus, now.vcpus);
  return increase(before.cpuTimeMs, now.cpuTimeMs);
}

function vcpuTimeMs({ vcpus }: VmCounters): number {
  return vcpus.reduce((sum, { timeMs }) => sum + (timeMs ?? 0), 0);
}

/**
 * Growth of a counter over all vCPUs. A vCPU that was plugged in since the last reading counts from the next one on.
 * Undefined when libvirt does not report the counter (delay: before 7.2).
 */
function vcpuIncrease(
  counter: 'timeMs' | 'delayMs',
  before: readonly VcpuCounters[],
  now: readonly VcpuCounters[],
): number | undefined {
  let sumMs: number | undefined;
  for (let at = 0; at < now.length; at += 1) {
    const vcpu = now[at];
    // Indices keep their order except after a hotplug, so the search is rarely needed.
    const old = before[at]?.index === vcpu?.index ? before[at] : before.find((v) => v.index === vcpu?.index);
    const increaseMs = increase(old?.[counter], vcpu?.[counter]);
    if (increaseMs !== undefined) sumMs = (sumMs ?? 0) + increaseMs;
  }
  return sumMs;
}

type Memory = Pick<
  VmSample,
  'memoryAssignedBytes' | 'memoryMaxBytes' | 'memoryUsedBytes' | 'memoryUsedSource' | 'rssBytes'
>;

function memory({ counters, description }: VmReading, context: VmContext): Memory {
  const balloon = counters.balloon ?? {};
  const { rssBytes } = balloon;
  return {
    memoryAssignedBytes: balloon.currentBytes ?? 0,
    memoryMaxBytes: balloon.maximumBytes ?? 0,
    ...(rssBytes === undefined ? {} : { rssBytes }),
    ...memoryUsed(balloon, description, context),
  };
}

function memoryUsed(
  balloon: BalloonCounters,
  description: VmDescription | undefined,
  context: VmContext,
): Pick<Memory, 'memoryUsedBytes' | 'memoryUsedSource'> {
  if (isFresh(balloon.lastUpdateS, context)) {
    const withoutCache = increase(balloon.usableBytes, balloon.availableBytes);
    if (withoutCache !== undefined)
      return { memoryUsedSource: 'MEMORY_USED_SOURCE_BALLOON_USABLE', memoryUsedBytes: withoutCache };
    const withCache = increase(balloon.unusedBytes, balloon.availableBytes);
    if (withCache !== undefined)
      return { memoryUsedSource: 'MEMORY_USED_SOURCE_BALLOON_UNUSED', memoryUsedBytes: withCache };
  }
  return balloon.rssBytes === undefined || description?.usesHugePages === true
    ? { memoryUsedSource: 'MEMORY_USED_SOURCE_UNSPECIFIED' }
    : { memoryUsedSource: 'MEMORY_USED_SOURCE_RSS', memoryUsedBytes: balloon.rssBytes };
}

function isFresh(lastUpdateS: number | undefined, { nowMs, intervalMs }: VmContext): boolean {
  if (lastUpdateS === undefined || lastUpdateS === 0) return false;
  const freshMs = Math.max(BALLOON_FRESH_INTERVALS * intervalMs, BALLOON_FRESH_MIN_MS);
  // A report from the future means that the clock was set back: its age is unknown.
  return Math.abs(nowMs - lastUpdateS * SECOND_MS) <= freshMs;
}
