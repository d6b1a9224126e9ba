// Elects the leader by a lease: one key, written by compare-and-set, valid by its holder's own monotonic clock.
// The holder stops before its lease ends; another scheduler takes the lease only after seeing it unrenewed for longer.
import * as v from 'valibot';
import { Backoff } from '../../shared/backoff.ts';
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { someFields, text, type Described } from '../../shared/outside-data.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { decodeJson, encodeJson, isBeaten, type Store, type StoredEntry } from '../store/store.ts';

/** The leader, as shown to clients of the other schedulers. */
export interface Leader {
  readonly name: string;
  /** "address:port" of its API. */
  readonly address: string;
}

export interface LeaseParts {
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly self: Leader;
  /** Unique to this process: after a restart a scheduler is a new holder. */
  readonly holderId: string;
}

const KEY = 'leader';
/** Timeout of a store operation: a renewal that hangs must leave time for another try. */
export const LEASE_TIMEOUT_MS = 2 * SECOND_MS;
// Even if one renewal gets no answer, the next still comes in time.
const RENEW_MS = 3 * SECOND_MS;
const RETRY_FIRST_MS = SECOND_MS / 4;
const RETRY_MAX_MS = SECOND_MS;
const VALID_MS = 9 * SECOND_MS;
// The holder stops this long before its lease ends, so that its own work has ended by then.
const STOP_EARLY_MS = SECOND_MS;
// Longer than VALID_MS by more than two monotonic clocks can drift apart, which is far less than a tenth.
const TAKE_AFTER_MS = 10 * SECOND_MS;
// 10 s of waiting and two such pauses replace a dead leader within 12 s; 15 s is what we promise.
const LOOK_MS = SECOND_MS;

const held = someFields({ holderId: text, leader: someFields({ name: text, address: text }) });

type Held = Described<typeof held>;

export class Lease {
  readonly #parts: LeaseParts;
  #seen: { readonly revision: number; readonly sinceMs: number; readonly held: Held | undefined } | undefined;
  #isHolder = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** The leader, as far as this scheduler knows; undefined when there is none. */
  get leader(): Leader | undefined {
    return this.#isHolder ? this.#parts.self : this.#seen?.held?.leader;
  }

  /** True when the holder has this scheduler's address: it was this scheduler before its restart. */
  get isOwnPast(): boolean {
    return !this.#isHolder && this.#seen?.held?.leader.address === this.#parts.self.address;
  }

  get isHolder(): boolean {
    return this.#isHolder;
  }

  /**
   * Tries to get the lease and keeps it until the signal aborts, then releases it. `lead` runs while the lease is held:
   * its signal aborts when the lease is about to end, and the lease is released when `lead` throws.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    const backoff = this.#backoff();
    while (!signal.aborted) {
      let waitMs = LOOK_MS;
      try {
        const validUntilMs = await this.#take();
        backoff.reset();
        if (validUntilMs !== undefined) await this.#hold(lead, validUntilMs, signal);
      } catch (error) {
        logger.warn({ cause: messageOf(error) }, 'cannot read or write the lease; trying again');
        waitMs = backoff.nextMs();
      }
      await pause(clock, waitMs, signal);
    }
  }

  #backoff(): Backoff {
    return new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random: this.#parts.random });
  }

  /** Takes the lease if it is free. Returns when it ends; undefined while another scheduler holds it. */
  async #take(): Promise<number | undefined> {
    const { store, clock, logger, holderId } = this.#parts;
    const entry = await store.get(KEY);
    const nowMs = clock.monotonicMs();
    const held = readHeld(entry);
    const revision = entry?.revision ?? 0;
    if (this.#seen?.revision !== revision) this.#seen = { revision, sinceMs: nowMs, held };
    // The lease may already be ours: an earlier write succeeded, but its answer was lost.
    const isOthers = held !== undefined && held.holderId !== holderId;
    if (isOthers && nowMs - this.#seen.sinceMs < TAKE_AFTER_MS) return undefined;
    const validUntilMs = await this.#write(revision);
    if (isOthers) logger.warn({ formerLeader: held.leader.name }, 'the leader is gone; took over its lease');
    return validUntilMs;
  }

  /** Writes the lease. It counts from before the request, since the answer may take long. */
  async #write(revision: number): Promise<number> {
    const { store, clock, self: leader, holderId } = this.#parts;
    const askedMs = clock.monotonicMs();
    const held = { holderId, leader };
    const next = await store.put(KEY, encodeJson(held), revision);
    this.#seen = { revision: next, sinceMs: askedMs, held };
    return askedMs + VALID_MS;
  }

  async #hold(
    lead: (signal: AbortSignal) => Promise<void>,
    validUntilMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { logger, self } = this.#parts;
    const term = new AbortController();
    const end = (): void => {
      term.abort(new Error('this scheduler is no longer the leader'));
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const until = { ms: validUntilMs };
    this.#isHolder = true;
    logger.info({ leader: self.name }, 'became leader');
    const watching = this.#watch(until, term);
    const renewing = this.#renew(until, term);
    try {
      await lead(term.signal);
    } catch (error) {
      if (!term.signal.aborted)
        logger.error({ err: error }, 'leading failed; another scheduler may take over');
    } finally {
      end();
      signal.removeEventListener('abort', end);
      await Promise.all([watching, renewing]);
      this.#isHolder = false;
      logger.info({ leader: self.name }, 'stepped down');
      await this.#release();
    }
  }

  /** Ends the term by our own clock alone: a store that hangs must not let a leader outlive its lease. */
  async #watch(until: { readonly ms: number }, term: AbortController): Promise<void> {
    const { clock } = this.#parts;
    for (;;) {
      const leftMs = until.ms - STOP_EARLY_MS - clock.monotonicMs();
      if (leftMs <= 0) {
        term.abort(new Error('the lease could not be renewed in time'));
        return;
      }
      if (!(await pause(clock, leftMs, term.signal))) return;
    }
  }

  async #renew(until: { ms: number }, term: AbortController): Promise<void> {
    const { clock, logger } = this.#parts;
    const backoff = this.#backoff();
    let waitMs = RENEW_MS;
    while (await pause(clock, waitMs, term.signal)) {
      try {
        until.ms = await this.#write(this.#seen?.revision ?? 0);
        backoff.reset();
        waitMs = RENEW_MS;
      } catch (error) {
        logger.warn({ cause: messageOf(error) }, 'the lease was not renewed; trying again');
        if (isBeaten(error) && !(await this.#isStillOurs()))
          term.abort(new Error('another scheduler has taken the lease'));
        waitMs = backoff.nextMs();
      }
    }
  }

  /** A renewal fails because another scheduler leads, or because an earlier one was written and its answer lost. */
  async #isStillOurs(): Promise<boolean> {
    const { store, clock, holderId } = this.#parts;
    try {
      const entry = await store.get(KEY);
      const held = readHeld(entry);
      // Reading does not extend the lease: it does not show when the lease was written.
      this.#seen = { revision: entry?.revision ?? 0, sinceMs: clock.monotonicMs(), held };
      return held?.holderId === holderId;
    } catch {
      return true;
    }
  }

  /** Releases the lease, so that another scheduler need not wait for its end. */
  async #release(): Promise<void> {
    const { store, logger, holderId } = this.#parts;
    try {
      const entry = await store.get(KEY);
      if (entry !== undefined && readHeld(entry)?.holderId === holderId)
        await store.remove(KEY, entry.revision);
    } catch (error) {
      logger.info({ cause: messageOf(error) }, 'the lease was not released; it will expire');
    }
  }
}

function readHeld(entry: StoredEntry | undefined): Held | undefined {
  if (entry?.value === undefined) return undefined;
  const value = decodeJson(entry.value);
  return v.is(held, value) ? value : undefined;
}
