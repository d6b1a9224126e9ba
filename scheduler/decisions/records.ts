// Keeps the latest records (snapshot, policy, limits, plan), from which decisions can be replayed, in a ring in JetStream.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { NatsConnection, ObjectStore } from 'nats';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { RECORDS_STORE } from '../../shared/nats.ts';

// A record of 100 hosts and 2,000 VMs is some 100 kB compressed; hot hosts cause one at each change.
const RING_SLOTS = 300;

const compress = promisify(gzip);
const expand = promisify(gunzip);

export class RecordRing {
  readonly #objects: ObjectStore;
  readonly #logger: Logger;
  #newest = -1;

  private constructor(objects: ObjectStore, logger: Logger) {
    this.#objects = objects;
    this.#logger = logger;
  }

  static async open(nats: NatsConnection, logger: Logger): Promise<RecordRing> {
    return new RecordRing(await nats.jetstream().views.os(RECORDS_STORE), logger);
  }

  /** Continues after the newest record, whichever scheduler wrote it. Call it on becoming leader. */
  async resume(): Promise<void> {
    for (const { description } of await this.#objects.list())
      this.#newest = Math.max(this.#newest, Number(description));
  }

  /** Stores the record in place of the oldest. Returns its id; empty when it could not be stored, which prevents no decision. */
  async keep(json: string): Promise<string> {
    const number = this.#newest + 1;
    const recordId = String(number);
    try {
      await this.#objects.putBlob({ name: slotOf(number), description: recordId }, await compress(json));
      this.#newest = number;
      return recordId;
    } catch (error) {
      this.#logger.warn(
        { cause: messageOf(error) },
        'cannot store the record of a decision; the decision cannot be replayed',
      );
      return '';
    }
  }

  /** The record's JSON; undefined when it is no longer kept. */
  async get(recordId: string): Promise<Buffer | undefined> {
    const name = slotOf(Number(recordId));
    const info = await this.#objects.info(name);
    if (info?.description !== recordId) return undefined;
    const bytes = await this.#objects.getBlob(name);
    return bytes === null ? undefined : expand(bytes);
  }
}

/** A record replaces the one RING_SLOTS before it. */
function slotOf(number: number): string {
  return `slot-${number % RING_SLOTS}`;
}
