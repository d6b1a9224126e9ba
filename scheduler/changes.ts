// One bell for "something is new": whoever waits is woken, nothing is queued, so a slow waiter costs nothing.
import type { Clock } from '../shared/clock.ts';

export class Changes {
  readonly #clock: Clock;
  #waiting = new Set<() => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How often it was rung; pass it to `next` so that nothing is missed between two waits. */
  get count(): number {
    return this.#count;
  }

  /** Wakes all that wait now. */
  notify(): void {
    this.#count += 1;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Resolves when it has been rung after `seen`, or after `timeoutMs`; rejects when the signal aborts. */
  async next(seen: number, signal: AbortSignal, timeoutMs: number): Promise<void> {
    signal.throwIfAborted();
    if (this.#count > seen) return;
    const done = new AbortController();
    const rung = new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      done.signal.addEventListener('abort', () => {
        this.#waiting.delete(resolve);
      });
    });
    const timer = this.#clock.sleep(timeoutMs, AbortSignal.any([signal, done.signal])).catch(() => undefined);
    await Promise.race([rung, timer]);
    done.abort();
    await timer;
    signal.throwIfAborted();
  }
}
