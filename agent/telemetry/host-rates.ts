// Computes the host's sample from two readings of /proc and the samples of its VMs. Pure.
import type { HostSample, VmSample } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { assign, increase } from './growth.ts';
import { delayCores } from './rates.ts';

/** The host's counters in /proc at one moment. */
export interface HostCounters {
  readonly cpuCores: number;
  /** Sums over all cores, in ticks of any length: only their proportions are used. Guest time is part of user and nice. */
  readonly cpuTicks: CpuTicks;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly swapInBytes?: number;
  /** Time in which some or all tasks stalled. Absent where the kernel has no PSI. */
  readonly cpuSomeStallMs?: number;
  readonly memorySomeStallMs?: number;
  readonly memoryFullStallMs?: number;
  readonly ioSomeStallMs?: number;
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
}

export interface CpuTicks {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
}

export interface HostReading {
  readonly counters: HostCounters;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** The host's sample; `vms` are the samples of its VMs of the same tick. Without a previous reading it has no rates. */
export function hostSample(
  previous: HostReading | undefined,
  current: HostReading,
  vms: readonly VmSample[],
): HostSample {
  const now = current.counters;
  const sample: HostSample = {
    cpuCores: now.cpuCores,
    memoryBytes: now.memoryBytes,
    memoryAvailableBytes: now.memoryAvailableBytes,
    load1: now.load1,
    load5: now.load5,
    load15: now.load15,
  };
  if (previous === undefined || current.atMs <= previous.atMs) return sample;
  const before = previous.counters;
  const elapsedMs = current.atMs - previous.atMs;
  addHostCpuRates(sample, before.cpuTicks, now.cpuTicks, vms);
  assign(
    sample,
    'swapInBytesPerSecond',
    increase(before.swapInBytes, now.swapInBytes),
    elapsedMs / SECOND_MS,
  );
  assign(sample, 'cpuPressureRatio', stall(before.cpuSomeStallMs, now.cpuSomeStallMs, elapsedMs), 1);
  assign(sample, 'memoryPressureRatio', stall(before.memorySomeStallMs, now.memorySomeStallMs, elapsedMs), 1);
  assign(
    sample,
    'memoryFullPressureRatio',
    stall(before.memoryFullStallMs, now.memoryFullStallMs, elapsedMs),
    1,
  );
  assign(sample, 'ioPressureRatio', stall(before.ioSomeStallMs, now.ioSomeStallMs, elapsedMs), 1);
  return sample;
}

/** Share of the time. Capped at 1, since the kernel's totals lag by up to 2 s and catch up at once. */
function stall(before: number | undefined, now: number | undefined, elapsedMs: number): number | undefined {
  const stallMs = increase(before, now);
  return stallMs === undefined ? undefined : Math.min(1, stallMs / elapsedMs);
}

function addHostCpuRates(
  sample: HostSample,
  before: CpuTicks,
  now: CpuTicks,
  vms: readonly VmSample[],
): void {
  const used = increase(busyTicks(before), busyTicks(now));
  const idle = increase(before.idle, now.idle);
  const iowait = increase(before.iowait, now.iowait);
  const steal = increase(before.steal, now.steal);
  // Idle and iowait may step back a little (proc_stat(5)); they then count as 0, which changes the total by next to nothing.
  const total = (used ?? 0) + (idle ?? 0) + (iowait ?? 0) + (steal ?? 0);
  if (used === undefined || total <= 0) return;
  const cores = (part: number): number => (sample.cpuCores * part) / total;
  sample.cpuUsedCores = cores(used);
  sample.cpuDemandCores = sample.cpuUsedCores + vms.reduce((sum, vm) => sum + delayCores(vm), 0);
  if (steal !== undefined) sample.cpuStealCores = cores(steal);
  if (iowait !== undefined) sample.cpuIowaitCores = cores(iowait);
}

function busyTicks(ticks: CpuTicks): number {
  return ticks.user + ticks.nice + ticks.system + ticks.irq + ticks.softirq;
}
