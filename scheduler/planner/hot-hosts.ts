// Hot spots: k of the last n samples over a level, with a lower level to leave it; of a host, never of an average.
import type { Levels } from './policy.ts';

/** Load of one resource at one tick, as a share of the host's capacity; CPU demand may exceed 1. */
export interface LevelPoint {
  readonly tickAtMs: number;
  readonly ratio: number;
}

/** How many samples make a level passed; both at most a few. */
export interface Window {
  readonly hotSamples: number;
  readonly windowSamples: number;
}

/**
 * Since when the resource is hot, given since when it was before the newest point; undefined when it is not.
 * It becomes hot when k of the last n points are at or over the entry level and stays so while k of them are at or
 * over the exit level. `points` are in order of time and hold the newest n or more that still mean something.
 */
export function hotSinceMs(
  before: number | undefined,
  points: readonly LevelPoint[],
  levels: Levels,
  { hotSamples, windowSamples }: Window,
): number | undefined {
  const recent = points.slice(-windowSamples);
  if (before !== undefined) {
    return recent.filter(({ ratio }) => ratio >= levels.exitRatio).length >= hotSamples ? before : undefined;
  }
  const over = recent.filter(({ ratio }) => ratio >= levels.entryRatio);
  return over.length >= hotSamples ? over[0]?.tickAtMs : undefined;
}
