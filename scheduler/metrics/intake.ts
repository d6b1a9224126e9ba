// Messages of one stream, pulled by a durable consumer and held until they are acknowledged.
import {
  AckPolicy,
  DeliverPolicy,
  nanos,
  type ConsumerMessages,
  type JsMsg,
  type NatsConnection,
} from 'nats';
import { Backoff } from '../../shared/backoff.ts';
import { Bell } from '../../shared/bell.ts';
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';

/** The durable consumer of each stream that this writer reads. */
export const CONSUMER = 'evenkeel-metrics';

// A writer that died leaves its messages to its successor after this time. Held ones are renewed at a third of it.
const ACK_WAIT_MS = 30 * SECOND_MS;
// Most messages held at once. A report of 50 VMs has about 20 kB and 150 points, so this is 20 MB and 30 batches.
const HELD_MAX = 1_000;
// Asked of the server at a time; the client asks again when three quarters have come.
const PULL_MESSAGES = 500;
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 10 * SECOND_MS;

export interface Intake {
  /** The oldest message nobody has taken yet. */
  take(): JsMsg | undefined;
  /** Waits for a message, at most `timeoutMs`, and says whether one is there to take; ends with the intake. */
  arrival(timeoutMs: number): Promise<boolean>;
  /** Says that a taken message is settled: acknowledged, or terminated. */
  release(message: JsMsg): void;
  /** When the oldest held message was published; undefined when none is held. */
  oldestAtMs(): number | undefined;
  /** Messages held here or still to come. */
  countWaiting(): Promise<number>;
  /** Gives held messages back, so that the next writer has them at once. */
  handBack(): Promise<void>;
}

export interface IntakeParts {
  readonly nats: NatsConnection;
  readonly stream: string;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** `run` keeps messages coming until the signal aborts; it needs neither stream nor server to be there yet. */
export function createIntake(parts: IntakeParts): Intake & { run(): Promise<void> } {
  const { nats, stream, clock, signal } = parts;
  const queue: JsMsg[] = [];
  // By stream sequence, in the order of arrival.
  const held = new Map<number, JsMsg>();
  const arrived = new Bell(clock);

  const receive = (message: JsMsg): void => {
    // Delivered again because a renewal got lost: the first copy is still on its way.
    if (held.has(message.seq)) return;
    held.set(message.seq, message);
    queue.push(message);
    arrived.ring();
  };

  const countWaiting = async (): Promise<number> => {
    const manager = await nats.jetstreamManager();
    const { num_pending: toCome, num_ack_pending: delivered } = await manager.consumers.info(
      stream,
      CONSUMER,
    );
    return toCome + delivered;
  };

  return {
    run: () => Promise.all([pull(parts, receive), renew(held, clock, signal)]).then(() => undefined),
    take: () => queue.shift(),
    arrival: async (timeoutMs) => {
      if (queue.length === 0) await arrived.next(arrived.count, signal, timeoutMs).catch(() => undefined);
      return queue.length > 0;
    },
    release: (message) => {
      held.delete(message.seq);
    },
    oldestAtMs: () => {
      const [oldest] = held.values();
      return oldest === undefined ? undefined : oldest.info.timestampNanos / 1e6;
    },
    countWaiting,
    handBack: async () => {
      if (held.size === 0) return;
      // Our pull has ended, but nats-server 2.9 still gives the first returned message to it, and then waits ACK_WAIT_MS
      // for its acknowledgement. Asked about the consumer, the server notices which pulls are dead.
      await countWaiting().catch(() => undefined);
      for (const message of held.values()) message.nak();
      held.clear();
      queue.length = 0;
    },
  };
}

async function pull(parts: IntakeParts, receive: (message: JsMsg) => void): Promise<void> {
  const { stream, clock, random, logger, signal } = parts;
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  let isFailing = false;
  do {
    try {
      const messages = await startConsumer(parts, (message) => {
        backoff.reset();
        receive(message);
      });
      isFailing = false;
      await untilClosed(messages, signal);
    } catch (error) {
      if (!isFailing && !signal.aborted)
        logger.warn({ stream, cause: messageOf(error) }, 'no messages from NATS for InfluxDB; trying again');
      isFailing = true;
    }
  } while (await pause(clock, backoff.nextMs(), signal));
}

/** Ends on our signal; throws when stream or consumer are gone, which are then made again. */
async function untilClosed(messages: ConsumerMessages, signal: AbortSignal): Promise<void> {
  const stop = (): void => {
    messages.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const end = await messages.closed();
  signal.removeEventListener('abort', stop);
  if (end instanceof Error) throw end;
}

async function startConsumer(
  { nats, stream }: IntakeParts,
  receive: (message: JsMsg) => void,
): Promise<ConsumerMessages> {
  const manager = await nats.jetstreamManager();
  await manager.consumers.add(stream, {
    durable_name: CONSUMER,
    description: 'writes to InfluxDB',
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: HELD_MAX,
    // InfluxDB may be away for hours; a bad message is terminated, so nothing is delivered for ever.
    max_deliver: -1,
  });
  const consumer = await nats.jetstream().consumers.get(stream, CONSUMER);
  return consumer.consume({
    max_messages: PULL_MESSAGES,
    callback: receive,
    abort_on_missing_resource: true,
  });
}

/** Tells the server that we still work on what we hold, so that it is not delivered again. */
async function renew(held: ReadonlyMap<number, JsMsg>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (await pause(clock, ACK_WAIT_MS / 3, signal)) for (const message of held.values()) message.working();
}
