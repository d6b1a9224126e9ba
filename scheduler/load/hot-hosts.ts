// Detects hot spots: one resource of one host, never an average; over its level for long enough, or critical.
import type { Prediction } from './forecast.ts';
import type { Levels } from '../planner/contract/policy.ts';

/** Load of one resource at one tick, as a share of the host's capacity; CPU demand may exceed 1. */
export interface LevelPoint {
  readonly tickAtMs: number;
  readonly ratio: number;
  /** Guests already suffer, so there is no time to wait. */
  readonly isCritical: boolean;
}

/** When a host is hot; any sampling interval will do. */
export interface Detection {
  /** A level counts as passed when this many … */
  readonly hotSamples: number;
  /** … of this many latest samples are at or over it. */
  readonly windowSamples: number;
  /** How long that must last before a host is hot, unless it is critical or about to be. */
  readonly sustainedMs: number;
  readonly cpu: Levels;
  readonly memory: Levels;
  /** How fast memory is copied, since a forecast looks one migration ahead. */
  readonly bandwidthBytesPerSecond: number;
}

/** A resource that is over its entry level; hot only once `state` says so. */
export interface Heat {
  /** First sample of the run over the level. */
  readonly sinceMs: number;
  readonly state: 'over' | 'hot' | 'critical';
  /** The forecast that shortened the wait, if one did. */
  readonly hastenedBy?: Prediction;
}

// At 95 % of a host's CPU its guests wait for each other, and the kernel itself needs 5 % of memory.
export const CRITICAL_RATIO = 0.95;

/**
 * The heat after the newest of `points`, given the heat before. k of the last n samples over the entry level begin a run;
 * the run is hot once it has lasted `sustainedMs`, immediately when k of n are critical, and as soon as a forecast exceeds
 * the critical level by more than its error. It stays hot until fewer than k of n are at or over the exit level.
 * `points` are in order of time and hold the newest n or more that are still valid. `forecast` is called only for a run that
 * is not yet hot: it may hasten relief that is already justified, but starts nothing.
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
  // The run may be ending: wait.
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
