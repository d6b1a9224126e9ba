// Provides the clock, the only source of real time: everything that waits or stamps takes a Clock.
import { clearTimeout, setTimeout } from 'node:timers';
import { DeadlineError } from './errors.ts';

/** Simulated time implements the same three members. */
export interface Clock {
  /** Wall time in milliseconds since 1970, for stamps that leave the process (`…AtMs`). May jump. */
  nowMs(): number;
  /** Milliseconds on a clock that never jumps, for elapsed time and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // Not Node's timer promise, which makes an error with a stack for every aborted sleep, and nearly all are aborted:
  // each call that waits has a deadline, and hardly any deadline passes.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal));
        return;
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      const stop = (): void => {
        clearTimeout(timer);
        reject(reasonOf(signal));
      };
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

/** Sleeps for a loop: true after `ms`, false as soon as the signal aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  await clock.sleep(ms, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return !signal.aborted;
}

/**
 * Checks every `everyMs` until the condition holds or the time is up; resolves with whether it holds. Rejects on abort.
 */
export async function until(
  clock: Clock,
  isSo: () => boolean | Promise<boolean>,
  { everyMs, timeoutMs, signal }: WaitOptions & { readonly everyMs: number },
): Promise<boolean> {
  const endMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    if (await isSo()) return true;
    if (clock.monotonicMs() >= endMs) return false;
    await clock.sleep(everyMs, signal);
  }
}

/** Options of every call that waits: it ends when the signal aborts or the time is up, whichever comes first. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

// Made once: an abort without a reason would make a DOMException with a stack for every call that ends in time.
const DONE = new Error('done in time');

/**
 * Runs `work` under one signal that aborts with the caller's signal or after `timeoutMs` (then with a DeadlineError).
 * Always clears the timer. `work` must honour the signal: it is awaited to its end.
 */
export async function withDeadline<T>(
  clock: Clock,
  what: string,
  { signal, timeoutMs }: WaitOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(timeoutMs, done.signal).then(
    () => {
      deadline.abort(new DeadlineError(what, timeoutMs));
    },
    () => undefined,
  );
  const endRelay = relayAbort(signal, deadline);
  try {
    return await work(deadline.signal);
  } finally {
    endRelay();
    done.abort(DONE);
    await timer;
  }
}

/**
 * Aborts `to` with the reason of `from` when `from` aborts, or at once if it has. Call the result to end the relay.
 * Not AbortSignal.any, which leaks on `from` with every call (Node 20: about 60 bytes, 1.3 kB if a listener stays), and
 * that signal may live as long as the process.
 */
export function relayAbort(from: AbortSignal | undefined, to: AbortController): () => void {
  const relay = (): void => {
    to.abort(from?.reason);
  };
  if (from?.aborted === true) relay();
  from?.addEventListener('abort', relay, { once: true });
  return () => {
    from?.removeEventListener('abort', relay);
  };
}

/** Resolves once the signal has aborted. Leaves a listener on the signal until then. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

/** As a call, since the compiler would assume that a property checked before a wait still has its value after it. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
