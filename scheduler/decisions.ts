// The book of decisions in JetStream KV: the latest ones in a ring, so that it never grows; each also goes out as an event.
import type { KV, KvEntry, NatsConnection } from 'nats';
import { messageOf, EvenkeelError } from '../shared/errors.ts';
import type { Decision } from '../shared/gen/evenkeel/v1/Decision.ts';
import type { Logger } from '../shared/log.ts';
import { DECISIONS_BUCKET } from '../shared/nats.ts';
import { decisionCodec } from '../shared/proto/load.ts';
import type { Events } from './events.ts';
import { followKv } from './kv.ts';

// A thousand decisions of at most some 50 kB; a hot host writes one on each change and every few minutes.
const RING_SLOTS = 1_000;

export class DecisionBook {
  readonly #kv: KV;
  readonly #events: Events;
  readonly #bySlot = new Map<number, Decision>();

  private constructor(kv: KV, events: Events) {
    this.#kv = kv;
    this.#events = events;
  }

  /** Opens the bucket, making it when it is not there, reads what it holds, and follows what other schedulers write. */
  static async open(
    nats: NatsConnection,
    events: Events,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<DecisionBook> {
    const kv = await nats.jetstream().views.kv(DECISIONS_BUCKET, { history: 1 });
    const book = new DecisionBook(kv, events);
    const take = (entry: KvEntry): void => {
      if (entry.operation === 'PUT') book.#bySlot.set(Number(entry.key), decisionCodec.decode(entry.value));
    };
    const onEnd = (error: unknown): void => {
      logger.error({ err: error }, 'no longer follows the book of decisions');
    };
    await followKv(kv, '*', take, { signal, onEnd });
    return book;
  }

  /** Keeps the decision; throws UNAVAILABLE when it cannot: it must then not be acted upon. */
  async record(decision: Decision): Promise<void> {
    const slot = this.#nextSlot();
    try {
      await this.#kv.put(String(slot), decisionCodec.encode(decision));
    } catch (error) {
      throw new EvenkeelError('UNAVAILABLE', `record decision: ${messageOf(error)}; check NATS`, error);
    }
    this.#bySlot.set(slot, decision);
    this.#events.decision(decision);
  }

  /** Newest first. */
  list(): Decision[] {
    return [...this.#bySlot.values()].sort((a, b) => b.atMs - a.atMs);
  }

  /** After the newest one, whoever wrote it. */
  #nextSlot(): number {
    let newest: { slot: number; atMs: number } = { slot: -1, atMs: -1 };
    for (const [slot, { atMs }] of this.#bySlot) if (atMs >= newest.atMs) newest = { slot, atMs };
    return (newest.slot + 1) % RING_SLOTS;
  }
}
