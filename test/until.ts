// Polls for a condition in real time, in tests and benches, and fails with what it waited for.
import { systemClock } from '../shared/clock.ts';

// Only ends what hangs: more than any of it takes on a loaded machine.
const WAIT_MAX_MS = 120_000;
const LOOK_EVERY_MS = 20;

/** Resolves with what `look` finds: anything but undefined and false. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  waitMaxMs = WAIT_MAX_MS,
): Promise<T> {
  const endMs = systemClock.monotonicMs() + waitMaxMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (systemClock.monotonicMs() >= endMs) throw new Error(`waited ${waitMaxMs} ms for ${what}`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}
