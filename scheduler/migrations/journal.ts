// Keeps the journal of migrations in a Store: each step before its effect, by compare-and-set, one active migration a VM.
//
// Keys: "migration.<id>" holds the Migration, or nothing if it must never be recorded; "vm.<uuid>" the VM's claim; "term" the
// scheduler that leads; "slots" see slots.ts.
import * as v from 'valibot';
import { until, type Clock } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Migration, MigrationInput } from '../../shared/gen/telemetry.ts';
import { count, flag, read, someFields, text, type Described } from '../../shared/outside-data.ts';
import { HOUR_MS, SECOND_MS } from '../../shared/units.ts';
import { changeKey, decodeJson, encodeJson, isBeaten, type Store, type StoredEntry } from '../store/store.ts';
import { isOver } from './machine.ts';

// Ended migrations held in memory for lists, explanations and cool-downs; a page of a busy week.
const ENDED_IN_MEMORY_MAX = 1_000;
// Earlier writes arrive within milliseconds; a busy server may need longer.
const SYNC_MAX_MS = 10 * SECOND_MS;
const SYNC_PAUSE_MS = 10;
// As in the agents.
const EPOCH_AHEAD_MAX_MS = 24 * HOUR_MS;

const claim = someFields({
  /** The highest epoch ever issued for the VM. */
  epoch: count,
  /** Empty when no migration holds the VM. */
  migrationId: text,
  /** The migration has ended and both agents are being told; another may begin. */
  isEnding: v.optional(flag, false),
});

/** The migration that holds the VM, with the VM's highest epoch. */
export type Claim = Described<typeof claim>;

/** A migration as recorded. A write passes the revision that the writer knows; a stale one is refused. */
export interface Entry {
  readonly migration: Migration;
  readonly revision: number;
}

export interface JournalParts {
  readonly store: Store;
  readonly codec: {
    encode(migration: MigrationInput): Uint8Array;
    decode(bytes: Uint8Array): Migration;
  };
  readonly clock: Clock;
}

export class Journal {
  readonly #parts: JournalParts;
  readonly #known = new Map<string, Entry>();
  readonly #claims = new Map<string, Claim>();
  /** Revision of the last change received; all before it are known. */
  #followedRevision = 0;
  /** Migrations that this scheduler is about to record: their claims are not orphans. */
  readonly #beginning = new Set<string>();

  private constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  /** Reads what the store holds and follows it until the signal aborts. */
  static async open(parts: JournalParts, signal: AbortSignal): Promise<Journal> {
    const journal = new Journal(parts);
    const take = (entry: StoredEntry): void => {
      journal.#takeEntry(entry);
    };
    await parts.store.follow('>', take, signal);
    return journal;
  }

  /** All known migrations, newest first. */
  list(): Entry[] {
    return [...this.#known.values()].sort(
      ({ migration: a }, { migration: b }) =>
        b.queuedAtMs - a.queuedAtMs || (a.migrationId < b.migrationId ? -1 : 1),
    );
  }

  get(migrationId: string): Migration | undefined {
    return this.#known.get(migrationId)?.migration;
  }

  /** True while, as far as is known here, the migration holds the VM and its ending has not started. */
  isHolding(vmUuid: string, migrationId: string): boolean {
    const claim = this.#claims.get(vmUuid);
    return claim?.migrationId === migrationId && !claim.isEnding;
  }

  /** VMs that a migration holds. Complete after `lead`. */
  claims(): { readonly vmUuid: string; readonly claim: Claim }[] {
    return [...this.#claims]
      .filter(([, { migrationId }]) => migrationId !== '')
      .map(([vmUuid, claim]) => ({ vmUuid, claim }));
  }

  /**
   * Marks in the journal who leads from now on, and waits until everything written before is known here. Throws
   * UNAVAILABLE when the store does not answer.
   */
  async lead(leader: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const revision = await changeKey(this.#parts.store, 'term', () => encodeJson({ leader }));
    const isKnown = (): boolean => this.#followedRevision >= revision;
    const wait = { everyMs: SYNC_PAUSE_MS, timeoutMs: SYNC_MAX_MS, signal };
    if (!(await until(clock, isKnown, wait)))
      throw new EvenkeelError('UNAVAILABLE', 'lead: the journal did not arrive in time; check NATS');
  }

  /**
   * Records a new migration and gives it the VM's next epoch. Throws FAILED_PRECONDITION when another one holds
   * the VM, UNAVAILABLE when the journal cannot be written: then nothing may be done.
   */
  async begin(migration: Migration): Promise<Entry> {
    const { migrationId, vmUuid, queuedAtMs } = migration;
    this.#beginning.add(migrationId);
    try {
      let epoch = 0;
      await this.#changeClaim(vmUuid, async (claim) => {
        if (await this.#isHeld(claim, migrationId)) throw heldBy(migration, claim.migrationId);
        // Epochs follow wall time, so that they still grow if the bucket is lost; agents refuse lower ones.
        // One days ahead was issued under a wrong clock: agents refuse such, and it does not bind them (agent/migration/promises).
        const isTooFarAhead = claim.epoch + 1 > queuedAtMs + EPOCH_AHEAD_MAX_MS;
        epoch = isTooFarAhead ? queuedAtMs : Math.max(claim.epoch + 1, queuedAtMs);
        return { epoch, migrationId, isEnding: false };
      });
      return await this.record({ migration: { ...migration, epoch }, revision: 0 });
    } finally {
      this.#beginning.delete(migrationId);
    }
  }

  /**
   * Records a step. Throws ABORTED when another scheduler wrote in between, UNAVAILABLE when it is unknown whether it
   * was written; it may then be recorded again. A record under one of `ownEpochs` is the caller's own: its earlier try
   * was written although its answer was lost.
   */
  async record({ migration, revision: known }: Entry, ownEpochs: readonly number[] = []): Promise<Entry> {
    const { store, codec } = this.#parts;
    const key = migrationKey(migration.migrationId);
    const bytes = codec.encode(migration);
    const remember = (revision: number): Entry => {
      const entry = { migration, revision };
      this.#take(migration.migrationId, entry);
      return entry;
    };
    try {
      return remember(await store.put(key, bytes, known));
    } catch (error) {
      if (!isBeaten(error)) throw error;
      const stored = await store.get(key);
      if (!isWritten(stored)) throw error;
      if (isSame(stored.value, bytes)) return remember(stored.revision);
      if (!ownEpochs.includes(codec.decode(stored.value).epoch)) throw error;
      return remember(await store.put(key, bytes, stored.revision));
    }
  }

  /** The record as the store holds it now. */
  async reread(migrationId: string): Promise<Entry | undefined> {
    const stored = await this.#parts.store.get(migrationKey(migrationId));
    if (!isWritten(stored)) return undefined;
    const entry = { migration: this.#parts.codec.decode(stored.value), revision: stored.revision };
    this.#take(migrationId, entry);
    return entry;
  }

  /**
   * The record of a migration that claims a VM. If there is none, makes sure that none can be written later: a write of a
   * deposed scheduler, or one of ours whose answer was lost, may still be on its way.
   */
  async findOrPreclude(migrationId: string): Promise<Entry | undefined> {
    const found = await this.reread(migrationId);
    if (found !== undefined) return found;
    try {
      await this.#parts.store.put(migrationKey(migrationId), new Uint8Array(), 0);
      return undefined;
    } catch (error) {
      if (!isBeaten(error)) throw error;
      // It was recorded after all, or precluded earlier.
      return this.reread(migrationId);
    }
  }

  /**
   * Gives the migration a higher epoch, so that agents that have seen it refuse commands under the old one.
   * Throws FAILED_PRECONDITION when another migration holds the VM.
   */
  async raise(migration: Migration): Promise<number> {
    const { migrationId, vmUuid } = migration;
    let epoch = 0;
    await this.#changeClaim(vmUuid, (claim) => {
      if (claim.migrationId !== '' && claim.migrationId !== migrationId)
        throw heldBy(migration, claim.migrationId);
      epoch = Math.max(claim.epoch, migration.epoch) + 1;
      return { epoch, migrationId, isEnding: false };
    });
    return epoch;
  }

  /**
   * Starts the ending: both agents are to be told, under the epoch returned; undefined when it no longer holds the VM.
   * Repeating it raises the epoch again, which does no harm.
   */
  async startEnding({ migrationId, vmUuid }: Migration): Promise<number | undefined> {
    let epoch: number | undefined;
    await this.#changeClaim(vmUuid, (claim) => {
      epoch = claim.migrationId === migrationId ? claim.epoch + 1 : undefined;
      return epoch === undefined ? undefined : { epoch, migrationId, isEnding: true };
    });
    return epoch;
  }

  /** Releases the VM; does nothing when another migration holds it. */
  async release(vmUuid: string, migrationId: string): Promise<void> {
    await this.#changeClaim(vmUuid, (claim) =>
      claim.migrationId === migrationId
        ? { epoch: claim.epoch, migrationId: '', isEnding: false }
        : undefined,
    );
  }

  /** The migration that holds the VM, read from the store; empty when none does. */
  async holder(vmUuid: string): Promise<string> {
    const key = claimKey(vmUuid);
    return readClaim(key, (await this.#parts.store.get(key))?.value).migrationId;
  }

  async #isHeld({ migrationId, isEnding }: Claim, byMe: string): Promise<boolean> {
    if (migrationId === '' || migrationId === byMe || isEnding) return false;
    if (this.#known.has(migrationId) || this.#beginning.has(migrationId)) return true;
    // A scheduler that died between claim and record leaves the claim of a migration that was never recorded.
    return (await this.findOrPreclude(migrationId)) !== undefined;
  }

  async #changeClaim(
    vmUuid: string,
    decide: (claim: Claim) => Claim | undefined | Promise<Claim | undefined>,
  ): Promise<void> {
    const key = claimKey(vmUuid);
    await changeKey(this.#parts.store, key, async (bytes) => {
      const next = await decide(readClaim(key, bytes));
      if (next !== undefined) this.#claims.set(vmUuid, next);
      return next === undefined ? undefined : encodeJson(next);
    });
  }

  #takeEntry(entry: StoredEntry): void {
    this.#followedRevision = Math.max(this.#followedRevision, entry.revision);
    const [kind, id] = splitKey(entry.key);
    if (kind === 'vm') {
      if (entry.value === undefined) this.#claims.delete(id);
      else this.#claims.set(id, readClaim(entry.key, entry.value));
    }
    if (kind !== 'migration') return;
    if (!isWritten(entry)) this.#known.delete(id);
    else if (entry.revision > (this.#known.get(id)?.revision ?? 0))
      this.#take(id, { migration: this.#parts.codec.decode(entry.value), revision: entry.revision });
  }

  #take(migrationId: string, known: Entry): void {
    // Newest last, so that the oldest ended ones are dropped first.
    this.#known.delete(migrationId);
    this.#known.set(migrationId, known);
    if (this.#known.size <= ENDED_IN_MEMORY_MAX) return;
    for (const [id, { migration }] of this.#known)
      if (isOver(migration.state)) {
        this.#known.delete(id);
        return;
      }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** True if there is a record, not only an empty one that precludes it. */
export function isWritten(
  entry: StoredEntry | undefined,
): entry is StoredEntry & { readonly value: Uint8Array } {
  return entry?.value !== undefined && entry.value.length > 0;
}

function heldBy(migration: Migration, migrationId: string): EvenkeelError {
  return new EvenkeelError(
    'FAILED_PRECONDITION',
    `migrate ${migration.vmName}: migration ${migrationId} holds it; wait for it to end, or see "evenkeel migrations"`,
  );
}

function migrationKey(migrationId: string): string {
  return `migration.${migrationId}`;
}

function claimKey(vmUuid: string): string {
  return `vm.${vmUuid}`;
}

function splitKey(key: string): [kind: string, id: string] {
  const dot = key.indexOf('.');
  return dot < 0 ? [key, ''] : [key.slice(0, dot), key.slice(dot + 1)];
}

export function readClaim(key: string, bytes: Uint8Array | undefined): Claim {
  if (bytes === undefined) return { epoch: 0, migrationId: '', isEnding: false };
  try {
    return read(claim, decodeJson(bytes), 'claim');
  } catch (error) {
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `read ${key}: ${messageOf(error)}; if no migration of that VM is under way, delete the key`,
      error,
    );
  }
}
