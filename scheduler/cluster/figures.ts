// From points to the figures a plan reads: what is wanted now, at its peak of late, and when a move would have ended.
import { SECOND_MS, MINUTE_MS } from '../../shared/units.ts';
import { predict } from '../planner/forecast.ts';
import type { Detection } from '../planner/hot-hosts.ts';
import type { Figures, LoadFigures } from '../planner/snapshot.ts';
import type { HostPoint, VmPoint } from './load.ts';

/** How figures are made. */
export interface FigureRules extends Pick<
  Detection,
  'hotSamples' | 'windowSamples' | 'bandwidthBytesPerSecond'
> {
  /** False leaves the forecast at what is wanted now: it is not asked for of a VM that has no reason to move. */
  readonly isForecast: boolean;
}

// Load is spread by what was wanted in these minutes; vSphere's DPM and OpenShift look as far back before they act.
const SPREAD_MS = 5 * MINUTE_MS;
// CPU that was wanted in one sample of twenty is a burst, which guests sit out. Memory has to be there at once.
const CPU_PEAK_QUANTILE = 0.95;
const MEMORY_PEAK_QUANTILE = 1;
// Starting QEMU on the target and handing over took 1.3 to 2.1 s whatever the memory.
const MIGRATION_FIXED_MS = 2 * SECOND_MS;

/** How long a migration of so much memory takes, as far as a forecast of load needs it. */
export function copyMs(memoryBytes: number, bandwidthBytesPerSecond: number): number {
  return MIGRATION_FIXED_MS + (memoryBytes / bandwidthBytesPerSecond) * SECOND_MS;
}

/** Of a whole host, from points that describe it as it is now; undefined without any. */
export function hostFigures(points: readonly HostPoint[], rules: FigureRules): LoadFigures | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const vmBytes = newest.vms.memoryBytes / Math.max(1, newest.vms.count);
  const load = {
    cpu: points.map(({ cpu }) => cpu.amount),
    memory: points.map(({ memory }) => memory.amount),
    network: points.map(({ vms }) => vms.networkBytesPerSecond),
    disk: points.map(({ vms }) => vms.diskBytesPerSecond),
  };
  return loadFigures(load, points, vmBytes, rules);
}

/** Of a VM, wherever it ran; undefined without points. */
export function vmFigures(points: readonly VmPoint[], rules: FigureRules): LoadFigures | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const load = {
    cpu: points.map(({ cpuDemandCores }) => cpuDemandCores),
    memory: points.map(({ memoryBytes }) => memoryBytes),
    network: points.map(({ networkBytesPerSecond }) => networkBytesPerSecond ?? 0),
    disk: points.map(({ diskBytesPerSecond }) => diskBytesPerSecond ?? 0),
  };
  return loadFigures(load, points, newest.memoryBytes, rules);
}

type Series = Readonly<Record<keyof LoadFigures, readonly number[]>>;

function loadFigures(
  { cpu, memory, network, disk }: Series,
  points: readonly { readonly tickAtMs: number; readonly intervalMs: number }[],
  movedBytes: number,
  rules: FigureRules,
): LoadFigures {
  const { tickAtMs = 0, intervalMs = 1 } = points.at(-1) ?? {};
  const within = points.filter((point) => point.tickAtMs > tickAtMs - SPREAD_MS).length;
  const spread = Math.max(within, rules.windowSamples);
  const steps = copyMs(movedBytes, rules.bandwidthBytesPerSecond) / intervalMs;
  const figures = (values: readonly number[], quantile: number, isForecast: boolean): Figures => {
    const now = meanOf(values.slice(-rules.hotSamples));
    const peak = quantileOf(values.slice(-spread), quantile);
    return { now, peak, forecast: isForecast ? forecastOf(values, steps, now) : now };
  };
  return {
    cpu: figures(cpu, CPU_PEAK_QUANTILE, rules.isForecast),
    memory: figures(memory, MEMORY_PEAK_QUANTILE, rules.isForecast),
    network: figures(network, CPU_PEAK_QUANTILE, false),
    disk: figures(disk, CPU_PEAK_QUANTILE, false),
  };
}

/** With its error on top: a target must bear what may come. What was never scored is not trusted with anything. */
function forecastOf(values: readonly number[], steps: number, now: number): number {
  const made = predict(values, steps);
  return made === undefined || made.scored === 0 ? now : made.value + made.error;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The least value that is not below that share of them. */
function quantileOf(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
