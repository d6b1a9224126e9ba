// The book of decisions in JetStream KV: the latest ones in a ring, so that it never grows; each also goes out as an event.
import type { KV, KvEntry, NatsConnection } from 'nats';
import { messageOf, EvenkeelError } from '../shared/errors.ts';
import type { Decision } from '../shared/gen/evenkeel/v1/Decision.ts';
import { DECISIONS_BUCKET } from '../shared/nats.ts';
import { decisionCodec } from '../shared/proto/load.ts';
import type { Events } from './events.ts';
import { followKv } from './kv.ts';

// A thousand decisions of at most some 50 kB; a hot host writes one on each change and every few minutes.
const RING_SLOTS = 1_000;

export class DecisionBook {
  readonly #kv: KV;
  readonly #events: Events;
  /** Oldest first. */
  readonly #latest: Decision[];
  #nextSlot: number;

  private constructor(kv: KV, events: Events, stored: readonly { slot: number; decision: Decision }[]) {
    const ordered = [...stored].sort((a, b) => a.decision.atMs - b.decision.atMs);
    this.#kv = kv;
    this.#events = events;
    this.#latest = ordered.map(({ decision }) => decision);
    this.#nextSlot = ((ordered.at(-1)?.slot ?? -1) + 1) % RING_SLOTS;
  }

  /** Opens the bucket, making it when it is not there, and reads what it holds. */
  static async open(nats: NatsConnection, events: Events): Promise<DecisionBook> {
    const kv = await nats.jetstream().views.kv(DECISIONS_BUCKET, { history: 1 });
    const stored: { slot: number; decision: Decision }[] = [];
    const done = new AbortController();
    const take = (entry: KvEntry): void => {
      if (entry.operation === 'PUT')
        stored.push({ slot: Number(entry.key), decision: decisionCodec.decode(entry.value) });
    };
    await followKv(kv, '*', take, { signal: done.signal, onEnd: () => undefined });
    done.abort();
    return new DecisionBook(kv, events, stored);
  }

  /** Keeps the decision; throws UNAVAILABLE when it cannot: it must then not be acted upon. */
  async record(decision: Decision): Promise<void> {
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % RING_SLOTS;
    try {
      await this.#kv.put(String(slot), decisionCodec.encode(decision));
    } catch (error) {
      throw new EvenkeelError('UNAVAILABLE', `record decision: ${messageOf(error)}; check NATS`, error);
    }
    this.#latest.push(decision);
    if (this.#latest.length > RING_SLOTS) this.#latest.shift();
    this.#events.decision(decision);
  }

  /** Newest first. */
  list(): Decision[] {
    return this.#latest.toReversed();
  }
}
