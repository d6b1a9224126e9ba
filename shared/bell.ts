// Wakes waiters when something is new. Nothing is queued: a slow waiter costs nothing and, by the count, misses nothing.
import { aborted, pause, relayAbort, type Clock } from './clock.ts';

// Made once: an abort without a reason would make an exception with a stack each time.
const RUNG = new Error('rung');

export class Bell {
  readonly #clock: Clock;
  readonly #waiting = new Set<AbortController>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of rings so far; pass it to `next`, so that no ring between two waits is missed. */
  get count(): number {
    return this.#count;
  }

  /** Wakes all current waiters. */
  ring(): void {
    this.#count += 1;
    for (const wait of this.#waiting) wait.abort(RUNG);
  }

  /**
   * Resolves when the bell has been rung since its count was `seen`, or after `timeoutMs` if given; rejects when the
   * signal aborts.
   */
  async next(seen: number, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    signal.throwIfAborted();
    if (this.#count > seen) return;
    const wait = new AbortController();
    const endRelay = relayAbort(signal, wait);
    this.#waiting.add(wait);
    try {
      if (timeoutMs === undefined) await aborted(wait.signal);
      else await pause(this.#clock, timeoutMs, wait.signal);
    } finally {
      endRelay();
      this.#waiting.delete(wait);
    }
    signal.throwIfAborted();
  }
}
