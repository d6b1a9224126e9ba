// From points to the figures a plan reads: what is wanted now, at its peak of late, and when a move would have ended.
import { SECOND_MS, MINUTE_MS } from '../../shared/units.ts';
import { predict } from './forecast.ts';
import type { Detection } from './hot-hosts.ts';
import type { Figures, LoadFigures } from '../planner/contract/snapshot.ts';
import type { HostPoint, VmPoint } from './load.ts';

type FigureRules = Pick<Detection, 'hotSamples' | 'windowSamples' | 'bandwidthBytesPerSecond'>;

// Load is spread by what was wanted in these minutes; vSphere's DPM and OpenShift look as far back before they act.
const SPREAD_MS = 5 * MINUTE_MS;
// CPU that was wanted in one sample of twenty is a burst, which guests sit out. Memory has to be there at once.
const BURST_QUANTILE = 0.95;
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
  const window = windowOf(points, newest.vms.memoryBytes / Math.max(1, newest.vms.count), rules);
  return {
    cpu: figures(points, ({ cpu }) => cpu.amount, { ...window, isForecast: true, isBursty: true }),
    memory: figures(points, ({ memory }) => memory.amount, { ...window, isForecast: true }),
    network: figures(points, ({ vms }) => vms.networkBytesPerSecond, window),
    disk: figures(points, ({ vms }) => vms.diskBytesPerSecond, window),
  };
}

/** Of a VM, wherever it ran; undefined without points. Its forecast is only made where it may have to move. */
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

interface Asked extends Window {
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

function figures<T>(points: readonly T[], valueOf: (point: T) => number, asked: Asked): Figures {
  const { nowSamples, peakSamples, aheadSteps, isForecast = false, isBursty = false } = asked;
  const now = points.slice(-nowSamples).reduce((sum, point) => sum + valueOf(point), 0) / nowSamples;
  const forecast = isForecast ? forecastOf(points.map(valueOf), aheadSteps, now) : now;
  // Of what comes in bursts the least value that is not below BURST_QUANTILE of them.
  const rank = isBursty ? peakSamples - Math.ceil(BURST_QUANTILE * peakSamples) + 1 : 1;
  return { now, peak: greatestOfLast(points, valueOf, peakSamples, rank), forecast };
}

/** With its error on top: a target must bear what may come. What was never scored is not trusted with anything. */
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
  // Ascending: no sorting, since a cluster has some million points and the rank is small.
  const greatest = new Float64Array(rank);
  for (let at = Math.max(0, points.length - count); at < points.length; at += 1) {
    const point = points[at];
    if (point !== undefined) insert(greatest, valueOf(point));
  }
  return greatest[0] ?? 0;
}

/** In place of the least, which it then drops. */
function insert(ascending: Float64Array, value: number): void {
  if (!(value > (ascending[0] ?? 0))) return;
  let place = 0;
  for (; place + 1 < ascending.length && value > (ascending[place + 1] ?? 0); place += 1)
    ascending[place] = ascending[place + 1] ?? 0;
  ascending[place] = value;
}
