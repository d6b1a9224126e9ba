// Who ran when: from samples of processor time of each copy of a VM, the moments at which two copies must both have run.

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

/**
 * Measured on the lab: in 100 ms, an emulated guest that only ticks takes 5 ms and more, a copy that is being filled 0.7 ms
 * once, for its own beginning, and a paused one nothing.
 */
const ranMinMs = 2;

/**
 * A copy runs in one stretch of time: it never runs again after another has taken over. So two copies have both run when
 * the first still runs after the second has begun. The second has begun by the end of its first sample, and the first
 * still runs at the start of its last: an ordinary hand-over, even one that lies across two samples, is no overlap.
 */
export function overlaps(samples: readonly RunSample[]): Overlap[] {
  const stretches = new Map<string, { firstByMs: number; lastFromMs: number }>();
  for (const { copy, fromMs, toMs, ranMs } of samples) {
    if (ranMs < ranMinMs) continue;
    const known = stretches.get(copy);
    stretches.set(copy, { firstByMs: known?.firstByMs ?? toMs, lastFromMs: fromMs });
  }
  const inOrder = [...stretches].sort(([, one], [, other]) => one.firstByMs - other.firstByMs);
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
