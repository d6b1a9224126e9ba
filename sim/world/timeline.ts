// Keeps virtual time: a queue of events in order of time; between two events a turn of the real event loop settles promises.
import type { Clock } from '../../shared/clock.ts';

/** A scheduled event; `cancel` removes it. */
export interface Scheduled {
  cancel(): void;
}

interface Event extends Scheduled {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class Timeline {
  readonly #heap: Event[] = [];
  #order = 0;
  #nowMs = 0;
  #steps = 0;

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get steps(): number {
    return this.#steps;
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.#nowMs + Math.max(0, delayMs), run);
  }

  at(atMs: number, run: () => void): Scheduled {
    const event: Event = {
      atMs,
      order: (this.#order += 1),
      run,
      cancel: () => {
        event.run = undefined;
      },
    };
    push(this.#heap, event);
    return event;
  }

  /** Runs the next event and everything that follows from it without delay; returns false when none is left. */
  async step(): Promise<boolean> {
    for (;;) {
      const event = pop(this.#heap);
      if (event === undefined) return false;
      if (event.run === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      this.#steps += 1;
      event.run();
      await drained();
      return true;
    }
  }
}

/** Resolves when every promise that can settle has settled, which happens before the loop's next turn. */
export function drained(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[at] = parent;
    heap[up] = event;
    at = up;
  }
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || first === last) return first;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const [child, childAt] =
      right !== undefined && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1];
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
  return first;
}

/** Errors of a host's clocks; may change while the world runs. */
export interface ClockFault {
  /** Added to wall time; jumps. */
  offsetMs: number;
  /** Length of this host's second, in true seconds: 1.0001 loses 9 s a day. */
  rate: number;
}

/** When the world began, in wall time; any date will do. */
export const WORLD_BEGAN_AT_MS = Date.UTC(2026, 0, 1);

/** One process's clock. Its sleeps never end once the process has died. */
export class NodeClock implements Clock {
  readonly #timeline: Timeline;
  readonly #fault: ClockFault;
  readonly #isAlive: () => boolean;

  constructor(timeline: Timeline, fault: ClockFault, isAlive: () => boolean) {
    this.#timeline = timeline;
    this.#fault = fault;
    this.#isAlive = isAlive;
  }

  nowMs(): number {
    return Math.round(WORLD_BEGAN_AT_MS + this.#fault.offsetMs + this.#timeline.nowMs / this.#fault.rate);
  }

  monotonicMs(): number {
    return this.#timeline.nowMs / this.#fault.rate;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal));
        return;
      }
      const timer = this.#timeline.after(ms * this.#fault.rate, () => {
        signal?.removeEventListener('abort', stop);
        if (this.#isAlive()) resolve();
      });
      const stop = (): void => {
        timer.cancel();
        if (signal !== undefined && this.#isAlive()) reject(reasonOf(signal));
      };
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
