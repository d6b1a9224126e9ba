// Runs the control loop while this scheduler leads: a turn at new reports and whenever an operator says something.
import { Backoff } from '../../shared/backoff.ts';
import type { Bell } from '../../shared/bell.ts';
import { isAborted, pause, type Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { RecordRing } from '../decisions/records.ts';
import type { Following } from '../store/following.ts';
import type { Turn } from './turn.ts';

export interface LoopParts {
  readonly turn: Turn;
  readonly records: Pick<RecordRing, 'resume'>;
  readonly following: Pick<Following, 'isCurrent'>;
  /** Rung by each report that was taken in, and by what people say. */
  readonly planBell: Bell;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
}

// Hosts tick at the same wall time, so their reports arrive within tens of milliseconds, and one plan sees them all.
const GATHER_MS = 50;
// Without reports, hosts become stale as time passes; this also bounds how old a sign of health is.
const IDLE_MS = 5 * SECOND_MS;
// After a failed turn; far below the minute after which the loop counts as hung.
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 10 * SECOND_MS;

export class Loop {
  readonly #parts: LoopParts;
  /** Undefined while another scheduler leads, and the loop has nothing to do. */
  #turnedAtMs: number | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Runs until the signal aborts, while this scheduler leads. Call it once the view is warm. */
  async run(signal: AbortSignal): Promise<void> {
    this.#turnedAtMs = this.#parts.clock.monotonicMs();
    try {
      await this.#parts.records.resume();
      await this.#run(signal);
    } finally {
      this.#turnedAtMs = undefined;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { turn, following, planBell, clock, random, logger } = this.#parts;
    const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
    let seen = 0;
    for (;;) {
      if (isAborted(signal)) return;
      try {
        await planBell.next(seen, signal, IDLE_MS);
        await clock.sleep(GATHER_MS, signal);
        seen = planBell.count;
        this.#turnedAtMs = clock.monotonicMs();
        // Rules, modes or migrations of others may be missing: nothing is decided on them.
        if (!following.isCurrent()) continue;
        await turn.take();
        backoff.reset();
      } catch (error) {
        if (isAborted(signal)) return;
        logger.error({ err: error }, 'a turn of the control loop failed');
        await pause(clock, backoff.nextMs(), signal);
      }
    }
  }

  /** False when the last turn began too long ago: systemd then restarts the scheduler. */
  isHealthy(): boolean {
    return this.#turnedAtMs === undefined || this.#parts.clock.monotonicMs() - this.#turnedAtMs < MINUTE_MS;
  }
}
