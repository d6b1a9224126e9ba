// Computes the figures that a plan reads from points: demand now, its recent peak, and its forecast for the end of a move.
import { SECOND_MS, MINUTE_MS } from '../../shared/units.ts';
import { predict } from './forecast.ts';
import type { Detection } from './hot-hosts.ts';
import type { Figures, LoadFigures } from '../planner/contract/snapshot.ts';
import type { HostPoint, VmPoint } from './load.ts';

type FigureRules = Pick<Detection, 'hotSamples' | 'windowSamples' | 'bandwidthBytesPerSecond'>;

// Peaks are taken over these minutes; vSphere's DPM and OpenShift look back as far before they act.
const SPREAD_MS = 5 * MINUTE_MS;
// CPU demand in one sample of twenty is a burst, which guests sit out. Memory must be available immediately.
const BURST_QUANTILE = 0.95;
// Starting QEMU on the target and handing over took 1.3 to 2.1 s whatever the memory.
const MIGRATION_FIXED_MS = 2 * SECOND_MS;

/** Duration of a migration of so much memory, precise enough for the horizon of a load forecast. */
export function copyMs(memoryBytes: number, bandwidthBytesPerSecond: number): number {
  return MIGRATION_FIXED_MS + (memoryBytes / bandwidthBytesPerSecond) * SECOND_MS;
}

/** Figures of a whole host, from the points that still describe it; undefined without points. */
export function hostFigures(points: readonly HostPoint[], rules: FigureRules): LoadFigures | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const window = windowOf(points, newest.vms.memoryBytes / Math.max(1, newest.vms.count), rules);
  return {
    cpu: figures(points, ({ cpu }) => cpu.amount, { ...window, isForecast: true, isBursty: true }),
    memory: figures(points, ({ memory }) => memory.amount, { ...window, isForecast: true }),
    network: figures(points, ({ vms }) => vms.networkBytesPerSecond, window),
    disk: figures(points, ({ vms }) => vms.diskBytesPerSecond, window),
  };
}

/** Figures of a VM, wherever it ran; undefined without points. A forecast is made only if `isForecast`: where it may have to move. */
export function vmFigures(
  points: readonly VmPoint[],
  rules: FigureRules,
  isForecast: boolean,
): LoadFigures | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const window = windowOf(points, newest.memoryBytes, rules);
  return {
    cpu: figures(points, ({ cpuDemandCores }) => cpuDemandCores, { ...window, isForecast, isBursty: true }),
    memory: figures(points, ({ memoryBytes }) => memoryBytes, { ...window, isForecast }),
    network: figures(points, ({ networkBytesPerSecond }) => networkBytesPerSecond ?? 0, window),
    disk: figures(points, ({ diskBytesPerSecond }) => diskBytesPerSecond ?? 0, window),
  };
}

interface Window {
  readonly nowSamples: number;
  readonly peakSamples: number;
  /** How far a forecast looks, in sampling intervals. */
  readonly aheadSteps: number;
}

interface FigureQuery extends Window {
  readonly isForecast?: boolean;
  /** Guests sit out a burst of it. */
  readonly isBursty?: boolean;
}

function windowOf(
  points: readonly { readonly tickAtMs: number; readonly intervalMs: number }[],
  movedBytes: number,
  rules: FigureRules,
): Window {
  const { tickAtMs = 0, intervalMs = 1 } = points.at(-1) ?? {};
  const before = points.findLastIndex((point) => point.tickAtMs <= tickAtMs - SPREAD_MS);
  return {
    nowSamples: Math.min(points.length, rules.hotSamples),
    peakSamples: Math.min(points.length, Math.max(rules.windowSamples, points.length - 1 - before)),
    aheadSteps: copyMs(movedBytes, rules.bandwidthBytesPerSecond) / intervalMs,
  };
}

function figures<T>(points: readonly T[], valueOf: (point: T) => number, query: FigureQuery): Figures {
  const { nowSamples, peakSamples, aheadSteps, isForecast = false, isBursty = false } = query;
  const now = points.slice(-nowSamples).reduce((sum, point) => sum + valueOf(point), 0) / nowSamples;
  const forecast = isForecast ? forecastOf(points.map(valueOf), aheadSteps, now) : now;
  // For bursty figures the lowest value that is not below BURST_QUANTILE of them.
  const rank = isBursty ? peakSamples - Math.ceil(BURST_QUANTILE * peakSamples) + 1 : 1;
  return { now, peak: greatestOfLast(points, valueOf, peakSamples, rank), forecast };
}

/** With its error on top: a target must bear what may come. A forecast that was never scored is not used. */
function forecastOf(values: readonly number[], steps: number, now: number): number {
  const made = predict(values, steps);
  return made === undefined || made.scored === 0 ? now : made.value + made.error;
}

/** The greatest of the last `count` values, or with `rank` 2 the second greatest, and so on; never below 0. */
function greatestOfLast<T>(
  points: readonly T[],
  valueOf: (point: T) => number,
  count: number,
  rank: number,
): number {
  // Kept in ascending order, without a sort: a cluster has some million points, and the rank is small.
  const greatest = new Float64Array(rank);
  for (let at = Math.max(0, points.length - count); at < points.length; at += 1) {
    const point = points[at];
    if (point !== undefined) insert(greatest, valueOf(point));
  }
  return greatest[0] ?? 0;
}

/** Inserts the value in order, and drops the least one. */
function insert(ascending: Float64Array, value: number): void {
  if (!(value > (ascending[0] ?? 0))) return;
  let place = 0;
  for (; place + 1 < ascending.length && value > (ascending[place + 1] ?? 0); place += 1)
    ascending[place] = ascending[place + 1] ?? 0;
  ascending[place] = value;
}
