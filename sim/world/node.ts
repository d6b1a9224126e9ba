// Simulates one life of a process: once it is over, nothing that it awaits ever returns, as with kill -9.
import type { WaitOptions } from '../../shared/clock.ts';
import { DeadlineError } from '../../shared/errors.ts';
import { reasonOf, type ClockFault, NodeClock, type Timeline } from './timeline.ts';

/** When a planned crash strikes: at the n-th call that leaves the process, before or after it is carried out. */
export interface CrashPoint {
  readonly call: number;
  readonly isBefore: boolean;
}

export class Life {
  /** "scheduler-1", "agent-2". */
  readonly name: string;
  readonly clock: NodeClock;
  readonly #timeline: Timeline;
  readonly #onCrash: () => void;
  #isAlive = true;
  #calls = 0;
  #crashAt: CrashPoint | undefined;

  constructor(name: string, timeline: Timeline, fault: ClockFault, onCrash: () => void) {
    this.name = name;
    this.#timeline = timeline;
    this.#onCrash = onCrash;
    this.clock = new NodeClock(timeline, fault, () => this.#isAlive);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Plans a crash `point.call` calls from now. */
  planCrash(point: CrashPoint): void {
    this.#crashAt = { call: this.#calls + point.call, isBefore: point.isBefore };
  }

  spare(): void {
    this.#crashAt = undefined;
  }

  crash(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#onCrash();
  }

  /** Counts one call that leaves the process; returns false if the process died instead of making it. */
  leaves(): boolean {
    this.#calls += 1;
    if (this.#crashAt?.call === this.#calls && this.#crashAt.isBefore) this.crash();
    return this.#isAlive;
  }

  /** Returns false if the process died just after its last call was carried out. */
  returns(): boolean {
    if (this.#crashAt?.call === this.#calls && !this.#crashAt.isBefore) this.crash();
    return this.#isAlive;
  }

  /**
   * A promise for work outside the process: `begin` starts it and calls `done` or `failed`. It rejects at the deadline or
   * when the signal aborts, and never settles once this life is over.
   */
  outside<T>(
    what: string,
    { signal, timeoutMs }: WaitOptions,
    begin: (done: (value: T) => void, failed: (error: Error) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal));
        return;
      }
      if (!this.leaves()) return;
      let isOpen = true;
      const close = (): boolean => {
        if (!isOpen) return false;
        isOpen = false;
        timer.cancel();
        signal?.removeEventListener('abort', stop);
        return this.#isAlive;
      };
      const stop = (): void => {
        if (signal !== undefined && close()) reject(reasonOf(signal));
      };
      const timer = this.#timeline.after(timeoutMs, () => {
        if (close()) reject(new DeadlineError(what, timeoutMs));
      });
      signal?.addEventListener('abort', stop, { once: true });
      begin(
        (value) => {
          if (close() && this.returns()) resolve(value);
        },
        (error) => {
          if (close() && this.returns()) reject(error);
        },
      );
    });
  }
}
