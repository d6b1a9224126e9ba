// The journal of migrations in JetStream KV: recorded before each effect, by compare-and-set, one active migration a VM.
//
// Keys: "migration.<id>" holds the Migration; "vm.<uuid>" holds the VM's claim {epoch, migrationId}.
import type { KV, KvEntry, NatsConnection } from 'nats';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import type { Logger } from '../../shared/log.ts';
import { MIGRATIONS_BUCKET } from '../../shared/nats.ts';
import { migrationCodec } from '../../shared/proto/load.ts';
import { HOUR_MS } from '../../shared/units.ts';
import { followKv } from '../kv.ts';
import { isOver } from '../planner/ledger.ts';

// Long enough to answer "when did this VM move last month", short enough that the bucket stays small.
const KEEP_MS = 30 * 24 * HOUR_MS;
// Ended migrations held in memory for lists, explanations and cool-downs; a page of a busy week.
const ENDED_IN_MEMORY_MAX = 1_000;

interface Claim {
  readonly epoch: number;
  /** Empty when no migration holds the VM. */
  readonly migrationId: string;
}

/** A migration as it was recorded. Writing needs the revision that the writer itself knows: a stale one is refused. */
export interface Entry {
  readonly migration: Migration;
  readonly revision: number;
}

export class Journal {
  readonly #kv: KV;
  readonly #logger: Logger;
  readonly #known = new Map<string, Entry>();

  private constructor(kv: KV, logger: Logger) {
    this.#kv = kv;
    this.#logger = logger;
  }

  /** Opens the bucket, making it when it is not there, and reads what it holds. */
  static async open(nats: NatsConnection, logger: Logger, signal: AbortSignal): Promise<Journal> {
    const kv = await nats.jetstream().views.kv(MIGRATIONS_BUCKET, { history: 1, ttl: KEEP_MS });
    const journal = new Journal(kv, logger);
    const take = (entry: KvEntry): void => {
      journal.#takeEntry(entry);
    };
    const onEnd = (error: unknown): void => {
      logger.error({ err: error }, 'no longer follows the journal of migrations');
    };
    await followKv(kv, 'migration.>', take, { signal, onEnd });
    await journal.#releaseOrphans();
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

  /**
   * Records a new migration and gives it the VM's next epoch. Throws FAILED_PRECONDITION when another one holds
   * the VM, UNAVAILABLE when the journal cannot be written: nothing may then be done.
   */
  async begin(migration: Migration): Promise<Entry> {
    const key = claimKey(migration.vmUuid);
    const held = await this.#do('read claim', () => this.#kv.get(key));
    const claim = readClaim(held);
    if (claim.migrationId !== '') throw heldBy(migration, claim.migrationId);
    // Epochs are near wall time, so they still grow should the bucket be lost; agents refuse lower ones.
    const epoch = Math.max(claim.epoch + 1, migration.queuedAtMs);
    const next = writeClaim({ epoch, migrationId: migration.migrationId });
    await this.#do('claim VM', () => this.#kv.put(key, next, { previousSeq: held?.revision ?? 0 }));
    return this.record({ migration: { ...migration, epoch }, revision: 0 });
  }

  /** Records a step; releases the VM when it was the last. Throws ABORTED when somebody else wrote in between. */
  async record({ migration, revision: previousSeq }: Entry): Promise<Entry> {
    const { migrationId } = migration;
    const bytes = migrationCodec.encode(migration);
    const revision = await this.#do('record migration', () =>
      this.#kv.put(migrationKey(migrationId), bytes, { previousSeq }),
    );
    const entry = { migration, revision };
    this.#take(migrationId, entry);
    if (isOver(migration.state)) await this.#release(migration.vmUuid, migrationId);
    return entry;
  }

  async #release(vmUuid: string, migrationId: string): Promise<void> {
    const key = claimKey(vmUuid);
    const held = await this.#do('read claim', () => this.#kv.get(key));
    const claim = readClaim(held);
    if (held === null || claim.migrationId !== migrationId) return;
    const free = writeClaim({ epoch: claim.epoch, migrationId: '' });
    await this.#do('release VM', () => this.#kv.put(key, free, { previousSeq: held.revision }));
  }

  /** A scheduler that died between two writes leaves a claim whose migration was never recorded or has ended. */
  async #releaseOrphans(): Promise<void> {
    const keys = await this.#kv.keys('vm.*');
    for await (const key of keys) {
      const { migrationId } = readClaim(await this.#kv.get(key));
      if (migrationId === '') continue;
      const known = this.#known.get(migrationId);
      if (known !== undefined && !isOver(known.migration.state)) continue;
      this.#logger.warn({ key, migrationId }, 'released a VM whose migration has ended or never began');
      await this.#release(key.slice('vm.'.length), migrationId);
    }
  }

  #takeEntry(entry: KvEntry): void {
    const migrationId = entry.key.slice('migration.'.length);
    if (entry.operation !== 'PUT') this.#known.delete(migrationId);
    else if (entry.revision > (this.#known.get(migrationId)?.revision ?? 0))
      this.#take(migrationId, { migration: migrationCodec.decode(entry.value), revision: entry.revision });
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

  async #do<T>(verb: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isWrongRevision(error))
        throw new EvenkeelError(
          'ABORTED',
          `${verb}: another writer was first; see "evenkeel migrations"`,
          error,
        );
      throw new EvenkeelError(
        'UNAVAILABLE',
        `${verb}: ${messageOf(error)}; nothing is moved without its record, check NATS`,
        error,
      );
    }
  }
}

// JetStream's error for an update whose expected last sequence is not the last (nats-server errors.json).
const WRONG_LAST_SEQUENCE = 10071;

function isWrongRevision(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'api_error' in error &&
    typeof error.api_error === 'object' &&
    error.api_error !== null &&
    'err_code' in error.api_error &&
    error.api_error.err_code === WRONG_LAST_SEQUENCE
  );
}

function heldBy(migration: Migration, migrationId: string): EvenkeelError {
  return new EvenkeelError(
    'FAILED_PRECONDITION',
    `migrate ${migration.vmName}: migration ${migrationId} holds it; wait for its end, or look at it with "evenkeel migrations"`,
  );
}

function migrationKey(migrationId: string): string {
  return `migration.${migrationId}`;
}

function claimKey(vmUuid: string): string {
  return `vm.${vmUuid}`;
}

function writeClaim(claim: Claim): string {
  return JSON.stringify(claim);
}

function readClaim(entry: KvEntry | null): Claim {
  if (entry?.operation !== 'PUT') return { epoch: 0, migrationId: '' };
  const value: unknown = JSON.parse(entry.string());
  if (typeof value === 'object' && value !== null && 'epoch' in value && 'migrationId' in value) {
    const { epoch, migrationId } = value;
    if (typeof epoch === 'number' && typeof migrationId === 'string') return { epoch, migrationId };
  }
  throw new Error(`claim ${entry.key} is damaged: ${entry.string()}`);
}
