// Finds the moments at which two copies of a VM must both have run, from samples of their processor time.

/** Processor time that the vCPUs of one copy (one QEMU process) took between two looks. */
export interface RunSample {
  readonly copy: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ranMs: number;
}

export interface Overlap {
  readonly copies: readonly [string, string];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Measured on the lab: in 100 ms, an emulated guest that only ticks takes 5 ms and more, a paused one nothing. */
const ranMinMs = 2;
/** A copy that waits to be filled takes some time once, to set up its vCPUs; no memory can have come by then. */
const setUpWithinMs = 1_000;
/** Looks are 100 ms apart: what was not seen for three of them has ended. */
const endedAfterMs = 300;

/**
 * A copy runs in one stretch of time: it never runs again after another has taken over. So two copies have both run when
 * the first still runs after the second has begun. The second has begun by the end of its first sample, and the first
 * still runs at the start of its last: an ordinary hand-over, even one that lies across two samples, is not an overlap.
 */
export function overlaps(samples: readonly RunSample[]): Overlap[] {
  const stretches = new Map<string, { firstByMs: number; lastFromMs: number; lastToMs: number }>();
  const seenToMs = new Map<string, number>();
  // Of those that came while others were watched already.
  const cameAtMs = new Map<string, number>();
  const originMs = samples[0]?.fromMs ?? 0;
  for (const { copy, fromMs, toMs, ranMs } of samples) {
    if (fromMs - originMs > endedAfterMs && !seenToMs.has(copy)) cameAtMs.set(copy, fromMs);
    seenToMs.set(copy, toMs);
    if (ranMs < ranMinMs) continue;
    const last = stretches.get(copy);
    const known = last !== undefined && isOwnStart(last, cameAtMs.get(copy), fromMs) ? undefined : last;
    stretches.set(copy, { firstByMs: known?.firstByMs ?? toMs, lastFromMs: fromMs, lastToMs: toMs });
  }
  const endMs = Math.max(0, ...seenToMs.values());
  const ran = [...stretches].filter(([copy, stretch]) => {
    const goneAtMs = seenToMs.get(copy) ?? endMs;
    return !isOwnStart(stretch, cameAtMs.get(copy), goneAtMs) && !isOwnEnd(stretch, goneAtMs, endMs);
  });
  const inOrder = ran.sort(([, one], [, other]) => one.firstByMs - other.firstByMs);
  return inOrder.flatMap(([one, first], index) =>
    inOrder
      .slice(index + 1)
      .filter(([, second]) => first.lastFromMs > second.firstByMs)
      .map(([other, second]) => ({
        copies: [one, other] as const,
        fromMs: second.firstByMs,
        toMs: first.lastFromMs,
      })),
  );
}

/** A process that has just come sets up its vCPUs, and then waits: until `againFromMs`. */
function isOwnStart(
  { lastToMs }: { readonly lastToMs: number },
  cameAtMs: number | undefined,
  againFromMs: number,
): boolean {
  const isEarly = cameAtMs !== undefined && lastToMs - cameAtMs <= setUpWithinMs;
  return isEarly && againFromMs - lastToMs > endedAfterMs;
}

/** A process that ends takes down its memory in whichever thread is last: time of a vCPU in which no guest ran. */
function isOwnEnd(
  { firstByMs, lastToMs }: { readonly firstByMs: number; readonly lastToMs: number },
  goneAtMs: number,
  endMs: number,
): boolean {
  const isOneSample = firstByMs === lastToMs;
  return isOneSample && goneAtMs === lastToMs && endMs - lastToMs > endedAfterMs;
}
