// Selects the points that still describe a host or a VM.

interface Timed {
  readonly tickAtMs: number;
  readonly intervalMs: number;
}

// Three missed reports are more than a hiccup; with very short intervals a pause of the network is not yet an outage.
const STALE_INTERVALS = 3;
const STALE_MIN_MS = 15_000;

/** Age beyond which a report says nothing about the present. */
export function staleAfterMs(intervalMs: number): number {
  return Math.max(STALE_INTERVALS * intervalMs, STALE_MIN_MS);
}

/** The latest evenly spaced points: of whole intervals after `settledAtMs`, and none from before a gap. */
export function settledPoints<T extends Timed>(points: readonly T[], settledAtMs: number): readonly T[] {
  const start = startOfRun(points, settledAtMs);
  return start === 0 ? points : points.slice(start);
}

function startOfRun(points: readonly Timed[], settledAtMs: number): number {
  let later: Timed | undefined;
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const point = points[at];
    if (point === undefined || point.tickAtMs - point.intervalMs < settledAtMs || isGap(point, later))
      return at + 1;
    later = point;
  }
  return 0;
}

function isGap(earlier: Timed, later: Timed | undefined): boolean {
  return later !== undefined && later.tickAtMs - earlier.tickAtMs > staleAfterMs(later.intervalMs);
}

/** The points with the next one appended: the latest `pointsMax`, or after a gap the next one alone. */
export function evenPoints<T extends Timed>(points: readonly T[], next: T, pointsMax: number): readonly T[] {
  const newest = points.at(-1);
  if (newest !== undefined && isGap(newest, next)) return [next];
  return [...points.slice(1 - pointsMax), next];
}
