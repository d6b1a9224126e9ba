// Hot spots: of one resource of one host, never of an average. Over a level for long enough, or at once when critical.
import type { Prediction } from './forecast.ts';
import type { Levels } from '../planner/contract/policy.ts';

/** Load of one resource at one tick, as a share of the host's capacity; CPU demand may exceed 1. */
export interface LevelPoint {
  readonly tickAtMs: number;
  readonly ratio: number;
  /** Guests suffer already: there is no time to wait and see. */
  readonly isCritical: boolean;
}

/** What makes a host hot; samples may be any time apart. */
export interface Detection {
  /** A level counts as passed when this many … */
  readonly hotSamples: number;
  /** … of this many latest samples are at or over it. */
  readonly windowSamples: number;
  /** How long that must last before a host is hot, unless it is critical or about to be. */
  readonly sustainedMs: number;
  readonly cpu: Levels;
  readonly memory: Levels;
  /** How fast memory is copied: a forecast looks as far as a migration takes. */
  readonly bandwidthBytesPerSecond: number;
}

/** A resource that is over its entry level; hot only once `state` says so. */
export interface Heat {
  /** First sample of the run over the level. */
  readonly sinceMs: number;
  readonly state: 'over' | 'hot' | 'critical';
  /** The forecast that cut the waiting short, when one did. */
  readonly hastenedBy?: Prediction;
}

// At 95 % of its CPU a host's guests wait for each other, and 5 % of memory is what a kernel needs for itself.
export const CRITICAL_RATIO = 0.95;

/**
 * The state after the newest of `points`, given the one before it. k of the last n samples over the entry level begin
 * a run; it is hot once the run has lasted `sustainedMs`, at once when k of n are critical, and as soon as a forecast
 * says by more than its error that it will be. Hot it stays until fewer than k of n are at or over the exit level.
 * `points` are in order of time and hold the newest n or more that still mean something. `forecast` is asked only of a
 * run that is not yet hot: it may hasten what is justified already, and can start nothing.
 */
export function heatAfter(
  before: Heat | undefined,
  points: readonly LevelPoint[],
  levels: Levels,
  detection: Pick<Detection, 'hotSamples' | 'windowSamples' | 'sustainedMs'>,
  forecast: () => Prediction | undefined,
): Heat | undefined {
  const recent = points.slice(-detection.windowSamples);
  const isCritical = recent.filter((point) => point.isCritical).length >= detection.hotSamples;
  if (before !== undefined && isHot(before)) {
    const staying = recent.filter(({ ratio }) => ratio >= levels.exitRatio);
    if (staying.length < detection.hotSamples) return undefined;
    return { ...before, state: isCritical ? 'critical' : 'hot' };
  }
  const run = recent.filter((point) => (isCritical ? point.isCritical : point.ratio >= levels.entryRatio));
  if (run.length < detection.hotSamples) return undefined;
  const sinceMs = before?.sinceMs ?? run[0]?.tickAtMs ?? 0;
  if (isCritical) return { sinceMs, state: 'critical' };
  const newest = recent.at(-1);
  // A run that is just ending is left to end.
  if (newest === undefined || newest.ratio < levels.entryRatio) return { sinceMs, state: 'over' };
  if (newest.tickAtMs - sinceMs >= detection.sustainedMs) return { sinceMs, state: 'hot' };
  return hastened(sinceMs, forecast());
}

function hastened(sinceMs: number, soon: Prediction | undefined): Heat {
  return soon !== undefined && soon.value - soon.error >= CRITICAL_RATIO
    ? { sinceMs, state: 'hot', hastenedBy: soon }
    : { sinceMs, state: 'over' };
}

/** Over its level for long enough to act on it. */
export function isHot(heat: Heat | undefined): boolean {
  return heat !== undefined && heat.state !== 'over';
}
