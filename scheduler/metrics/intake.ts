// Pulls the messages of one stream by a durable consumer and holds them until they are acknowledged.
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

/** The name of the writer's durable consumer on each stream. */
export const CONSUMER = 'evenkeel-metrics';

// When a writer dies, its successor gets its messages after this time. Held messages are renewed at a third of it.
const ACK_WAIT_MS = 30 * SECOND_MS;
// Most messages held at once. A report of 50 VMs has about 20 kB and 150 points, so this is 20 MB and 30 batches.
const HELD_MAX = 1_000;
// Requested from the server at a time; the client requests more when three quarters have come.
const PULL_MESSAGES = 500;
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 10 * SECOND_MS;

export interface Intake {
  /** The oldest message not yet taken. */
  take(): JsMsg | undefined;
  /** Waits for a message, at most `timeoutMs`; true when there is one to take. Ends with the intake. */
  arrival(timeoutMs: number): Promise<boolean>;
  /** Forgets a taken message that was acknowledged or terminated. */
  release(message: JsMsg): void;
  /** When the oldest held message was published; undefined when none is held. */
  oldestAtMs(): number | undefined;
  /** Messages held here or still in the stream. */
  countWaiting(): Promise<number>;
  /** Returns held messages to the server, so that the next writer gets them at once. */
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

/** `run` pulls messages until the signal aborts; stream and server need not be up yet. */
export function createIntake(parts: IntakeParts): Intake & { run(): Promise<void> } {
  const { nats, stream, clock, signal } = parts;
  const queue: JsMsg[] = [];
  // By stream sequence, in the order of arrival.
  const held = new Map<number, JsMsg>();
  const arrived = new Bell(clock);

  const receive = (message: JsMsg): void => {
    // Delivered again because a renewal got lost: the first copy is still being written.
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
      // Our pull has ended, but nats-server 2.9 still delivers the first returned message to it, and then waits ACK_WAIT_MS
      // for its acknowledgement. A request for the consumer's info makes the server notice dead pulls.
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
        logger.warn(
          { stream, cause: messageOf(error) },
          'cannot read messages from NATS for InfluxDB; trying again',
        );
      isFailing = true;
    }
  } while (await pause(clock, backoff.nextMs(), signal));
}

/** Ends on our signal; throws when stream or consumer are gone, so that they are created again. */
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
    // InfluxDB may be down for hours; a bad message is terminated, so nothing is redelivered for ever.
    max_deliver: -1,
  });
  const consumer = await nats.jetstream().consumers.get(stream, CONSUMER);
  return consumer.consume({
    max_messages: PULL_MESSAGES,
    callback: receive,
    abort_on_missing_resource: true,
  });
}

/** Tells the server that we still work on the held messages, so that it does not redeliver them. */
async function renew(held: ReadonlyMap<number, JsMsg>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (await pause(clock, ACK_WAIT_MS / 3, signal)) for (const message of held.values()) message.working();
}
