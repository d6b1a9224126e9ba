// Keeps track of what this scheduler follows in JetStream: who has lost touch, and which entries could not be read.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS } from '../../shared/units.ts';

// A follower that ended is started again within seconds; what lasts this long needs a restart.
const LOST_MAX_MS = MINUTE_MS;
// Entries named in the log once each; a bucket full of foreign entries must not grow this without end.
const NAMED_MAX = 1_000;

export class Following {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Since when (monotonic) each of them has been without changes. */
  readonly #lostAtMs = new Map<string, number>();
  readonly #named = new Set<string>();
  #skipped = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** An entry was left out; `what` follows the others. Named once in the log, counted each time. */
  skipped(what: string, key: string, error: unknown): void {
    this.#skipped += 1;
    const name = `${what} ${key}`;
    if (this.#named.has(name)) return;
    if (this.#named.size >= NAMED_MAX) this.#named.clear();
    this.#named.add(name);
    this.#logger.error(
      { what, key, cause: messageOf(error), skipped: this.#skipped },
      'entry cannot be read and is left out; delete the key if no evenkeel of another version wrote it',
    );
  }

  /** Changes no longer arrive. */
  lost(what: string, error: unknown): void {
    if (this.#lostAtMs.has(what)) return;
    this.#lostAtMs.set(what, this.#clock.monotonicMs());
    this.#logger.warn({ what, cause: messageOf(error) }, 'changes no longer arrive from NATS; trying again');
  }

  /** Everything that was missed has been taken, and changes arrive again. */
  found(what: string): void {
    if (this.#lostAtMs.delete(what)) this.#logger.info({ what }, 'changes arrive from NATS again');
  }

  /** How many entries were left out since the start. */
  get skippedCount(): number {
    return this.#skipped;
  }

  /** False while anything may be out of date: nothing new is decided then. */
  isCurrent(): boolean {
    return this.#lostAtMs.size === 0;
  }

  /** False when a follower does not recover: systemd then restarts the scheduler. */
  isHealthy(): boolean {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#lostAtMs.values()].every((sinceMs) => nowMs - sinceMs < LOST_MAX_MS);
  }
}
