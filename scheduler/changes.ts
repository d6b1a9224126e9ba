// One bell for "something is new": whoever waits is woken, nothing is queued, so a slow waiter costs nothing.
import { pause, type Clock } from '../shared/clock.ts';

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
    // Not AbortSignal.any: on node 20 each one stays on a signal that lives as long as the daemon.
    const finish = (): void => {
      done.abort();
    };
    signal.addEventListener('abort', finish, { once: true });
    this.#waiting.add(finish);
    try {
      await pause(this.#clock, timeoutMs, done.signal);
    } finally {
      signal.removeEventListener('abort', finish);
      this.#waiting.delete(finish);
    }
    signal.throwIfAborted();
  }
}
