// Computes what counters grew by between two readings. Pure.

/** Growth from `before` to `now`; undefined when one is missing or the counter was reset. */
export function increase(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined || now < before ? undefined : now - before;
}

/** Sets `target[key]` to the quotient, or leaves it absent when the dividend is unknown. */
export function assign<K extends string>(
  target: Partial<Record<K, number>>,
  key: K,
  dividend: number | undefined,
  divisor: number,
): void {
  if (dividend !== undefined) target[key] = dividend / divisor;
}
