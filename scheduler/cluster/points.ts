// Which of the points that are kept still describe a host or a VM as it is now.

interface Timed {
  readonly tickAtMs: number;
  readonly intervalMs: number;
}

// Three missed reports are no hiccup; with very short intervals a pause of the network is not yet an outage.
const STALE_INTERVALS = 3;
const STALE_MIN_MS = 15_000;

/** Age from which a report says nothing about now. */
export function staleAfterMs(intervalMs: number): number {
  return Math.max(STALE_INTERVALS * intervalMs, STALE_MIN_MS);
}

/** Points of whole intervals after `settledAtMs`, and no relics from before a gap: the latest ones, evenly spaced. */
export function settledPoints<T extends Timed>(points: readonly T[], settledAtMs: number): readonly T[] {
  const start = points.findLastIndex((point, at) => {
    const before = points[at - 1];
    return (
      before === undefined ||
      before.tickAtMs - before.intervalMs < settledAtMs ||
      point.tickAtMs - before.tickAtMs > staleAfterMs(point.intervalMs)
    );
  });
  const run = start <= 0 ? points : points.slice(start);
  const [first] = run;
  if (first === undefined || first.tickAtMs - first.intervalMs >= settledAtMs) return run;
  return run.filter(({ tickAtMs, intervalMs }) => tickAtMs - intervalMs >= settledAtMs);
}
