// Implements a clock that a test advances: sleepers wake in order, and what each sets off has run before the next wakes.
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../shared/clock.ts';

// Promises that follow one another without time passing; more in one moment would be a loop.
const TURNS = 20;

export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = { atMs: this.#nowMs + Math.max(0, ms), wake };
      const stop = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        const reason: unknown = signal?.reason;
        reject(reason instanceof Error ? reason : new Error('aborted'));
      };
      if (signal?.aborted === true) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Runs everything that does not wait for time to pass. */
  async settle(): Promise<void> {
    for (let count = 0; count < TURNS; count += 1) await turn();
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.wake();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }
}
