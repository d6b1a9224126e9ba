// Tracks what this scheduler follows in JetStream: followers that receive no changes, and entries that could not be read.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS } from '../../shared/units.ts';

// A follower that ended is started again within seconds; one that is lost for this long needs a restart.
const LOST_MAX_MS = MINUTE_MS;
// Limits the memory of entries already logged, in case a bucket is full of foreign entries.
const NAMED_MAX = 1_000;

export class Following {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Monotonic time since which each lost follower has received no changes. */
  readonly #lostAtMs = new Map<string, number>();
  readonly #named = new Set<string>();
  #skipped = 0;
  #isConnected = true;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Notes that follower `what` skipped an entry: logged once for each key, counted each time. */
  skipped(what: string, key: string, error: unknown): void {
    this.#skipped += 1;
    const name = `${what} ${key}`;
    if (this.#named.has(name)) return;
    if (this.#named.size >= NAMED_MAX) this.#named.clear();
    this.#named.add(name);
    this.#logger.error(
      { what, key, cause: messageOf(error), skipped: this.#skipped },
      'skipped an entry that cannot be read; delete the key unless another version of evenkeel wrote it',
    );
  }

  /** Notes that changes no longer arrive; called again for each retry that fails. */
  lost(what: string, error: unknown): void {
    const isNew = !this.#lostAtMs.has(what);
    // Without NATS no follower can recover: its minute starts when the connection is back.
    if (isNew || !this.#isConnected) this.#lostAtMs.set(what, this.#clock.monotonicMs());
    if (isNew)
      this.#logger.warn(
        { what, cause: messageOf(error) },
        'changes no longer arrive from NATS; trying again',
      );
  }

  /** Notes that the connection to NATS was lost or restored. */
  noteConnection(isConnected: boolean): void {
    this.#isConnected = isConnected;
  }

  /** Notes that everything missed has been taken, and that changes arrive again. */
  found(what: string): void {
    if (this.#lostAtMs.delete(what)) this.#logger.info({ what }, 'changes arrive from NATS again');
  }

  /** Entries skipped since the start. */
  get skippedCount(): number {
    return this.#skipped;
  }

  /** False while anything may be out of date: then nothing new is decided. */
  isCurrent(): boolean {
    return this.#lostAtMs.size === 0;
  }

  /** False when a follower does not recover although NATS is connected: systemd then restarts the scheduler. */
  isHealthy(): boolean {
    if (!this.#isConnected) return true;
    const nowMs = this.#clock.monotonicMs();
    return [...this.#lostAtMs.values()].every((sinceMs) => nowMs - sinceMs < LOST_MAX_MS);
  }
}
