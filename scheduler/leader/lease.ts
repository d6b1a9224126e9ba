// The lease that makes one scheduler lead: one key, written by compare-and-set, valid by its holder's own monotonic clock.
// A holder stops before its lease ends; another one takes it only after having seen it unrenewed for longer than that.
import * as v from 'valibot';
import { Backoff } from '../../shared/backoff.ts';
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { someFields, text, type Described } from '../../shared/outside-data.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { decodeJson, encodeJson, isBeaten, type Store, type StoredEntry } from '../store/store.ts';

/** Who leads, as told to those who ask another scheduler. */
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
  /** Of this process alone: a restarted scheduler is another holder. */
  readonly holderId: string;
}

const KEY = 'leader';
/** The store has to answer within this time: one that keeps a renewal waiting must leave time for another. */
export const LEASE_TIMEOUT_MS = 2 * SECOND_MS;
// One renewal may stay without an answer, and the next still comes in time.
const RENEW_MS = 3 * SECOND_MS;
const RETRY_FIRST_MS = SECOND_MS / 4;
const RETRY_MAX_MS = SECOND_MS;
const VALID_MS = 9 * SECOND_MS;
// The holder stops this long before its lease ends: what it had ordered from itself has then ended.
const STOP_EARLY_MS = SECOND_MS;
// Another one waits longer than the holder counts: two monotonic clocks differ by far less than a tenth.
const TAKE_AFTER_MS = 10 * SECOND_MS;
// With 10 s of waiting and two such pauses a dead leader is followed within 12 s; 15 s is the promise.
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

  /** The scheduler that leads, as far as is known here; undefined when none does. */
  get leader(): Leader | undefined {
    return this.#isHolder ? this.#parts.self : this.#seen?.held?.leader;
  }

  /** True when the holder has this scheduler's own address: it was this one before its restart. */
  get isOwnPast(): boolean {
    return !this.#isHolder && this.#seen?.held?.leader.address === this.#parts.self.address;
  }

  get isHolder(): boolean {
    return this.#isHolder;
  }

  /**
   * Tries to get the lease and keeps it, until the signal aborts; then gives it back. `lead` runs while it is held: its
   * signal aborts when the lease is about to end, and the lease is given back when it throws.
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
        logger.warn(
          { cause: messageOf(error) },
          'cannot see or hold the lease of the leading scheduler; trying again',
        );
        waitMs = backoff.nextMs();
      }
      await pause(clock, waitMs, signal);
    }
  }

  #backoff(): Backoff {
    return new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random: this.#parts.random });
  }

  /** Until when the lease is ours; undefined while another one holds it. */
  async #take(): Promise<number | undefined> {
    const { store, clock, logger, holderId } = this.#parts;
    const entry = await store.get(KEY);
    const nowMs = clock.monotonicMs();
    const held = readHeld(entry);
    const revision = entry?.revision ?? 0;
    if (this.#seen?.revision !== revision) this.#seen = { revision, sinceMs: nowMs, held };
    // Ours without our knowing: the answer to an earlier try was lost.
    const isOthers = held !== undefined && held.holderId !== holderId;
    if (isOthers && nowMs - this.#seen.sinceMs < TAKE_AFTER_MS) return undefined;
    const validUntilMs = await this.#write(revision);
    if (isOthers)
      logger.warn({ formerLeader: held.leader.name }, 'the leading scheduler is gone; leading now');
    return validUntilMs;
  }

  /** Valid from when it was asked for: the answer may have taken long. */
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
      term.abort(new Error('this scheduler does not lead any more'));
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const until = { ms: validUntilMs };
    this.#isHolder = true;
    logger.info({ leader: self.name }, 'leads');
    const watching = this.#watch(until, term);
    const renewing = this.#renew(until, term);
    try {
      await lead(term.signal);
    } catch (error) {
      if (!term.signal.aborted) logger.error({ err: error }, 'cannot lead; another scheduler may');
    } finally {
      end();
      signal.removeEventListener('abort', end);
      await Promise.all([watching, renewing]);
      this.#isHolder = false;
      logger.info({ leader: self.name }, 'leads no more');
      await this.#giveBack();
    }
  }

  /** By our own clock alone: a store that hangs must not make a leader of the past. */
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

  /** A renewal is refused because another one leads, or because an earlier one was written and its answer lost. */
  async #isStillOurs(): Promise<boolean> {
    const { store, clock, holderId } = this.#parts;
    try {
      const entry = await store.get(KEY);
      const held = readHeld(entry);
      // Its validity does not grow by this: only a write tells when it was.
      this.#seen = { revision: entry?.revision ?? 0, sinceMs: clock.monotonicMs(), held };
      return held?.holderId === holderId;
    } catch {
      return true;
    }
  }

  /** So that another one need not wait for its end. */
  async #giveBack(): Promise<void> {
    const { store, logger, holderId } = this.#parts;
    try {
      const entry = await store.get(KEY);
      if (entry !== undefined && readHeld(entry)?.holderId === holderId)
        await store.remove(KEY, entry.revision);
    } catch (error) {
      logger.info({ cause: messageOf(error) }, 'the lease was not given back; it ends by itself');
    }
  }
}

function readHeld(entry: StoredEntry | undefined): Held | undefined {
  if (entry?.value === undefined) return undefined;
  const value = decodeJson(entry.value);
  return v.is(held, value) ? value : undefined;
}
