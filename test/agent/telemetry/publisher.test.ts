// Tests the publisher against a real nats-server: every report once and in order, whatever happens to NATS, and losses are counted.
import { connect } from 'nats';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { startPublisher, type Publisher } from '../../../agent/telemetry/publisher.ts';
import { systemClock, type Clock } from '../../../shared/clock.ts';
import { ensureStreams, SAMPLES_STREAM, samplesSubject } from '../../../shared/nats.ts';
import { MIB } from '../../../shared/units.ts';
import { skipWithout, startNats, type Service } from '../../services.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';

const HOST_ID = '5ba5a4d2-0f5c-4b8e-9d4e-2f6d1c9e7a01';
const LIMITS = { samplesMaxBytes: 100 * MIB, eventsMaxBytes: 10 * MIB };

interface Setup {
  readonly nats: Service;
  readonly publisher: Publisher;
  readonly offer: (sequence: number, bytes?: number) => void;
  /** Lines of the publisher's log. */
  readonly logged: readonly string[];
}

async function setUp(
  t: Test,
  options: { reportsMax?: number; isNatsUp?: boolean; clock?: Clock } = {},
): Promise<Setup> {
  const nats = await startNats();
  const admin = await connect({ servers: nats.url });
  await ensureStreams(await admin.jetstreamManager(), LIMITS);
  await admin.close();
  if (options.isNatsUp === false) await nats.kill();
  const logged: string[] = [];
  const publisher = startPublisher({
    connect: () =>
      connect({ servers: nats.url, timeout: 500, reconnectTimeWait: 50, maxReconnectAttempts: -1 }),
    reportsMax: options.reportsMax ?? 360,
    clock: options.clock ?? systemClock,
    random: Math.random,
    logger: pino({}, { write: (line: string) => logged.push(line) }),
  });
  t.teardown(async () => {
    await publisher.stop(0);
    await nats.remove();
  });
  return {
    nats,
    publisher,
    logged,
    offer: (sequence, bytes = 8) => {
      const text = String(sequence).padEnd(bytes, ' ');
      publisher.offer({
        subject: samplesSubject(HOST_ID),
        messageId: `${HOST_ID}:boot:${sequence}`,
        bytes: new TextEncoder().encode(text),
        samples: 3,
      });
    },
  };
}

/** Sequences in the order in which the stream holds them. */
async function stored(nats: Service): Promise<number[]> {
  const connection = await connect({ servers: nats.url });
  try {
    const manager = await connection.jetstreamManager();
    const { state } = await manager.streams.info(SAMPLES_STREAM);
    const sequences: number[] = [];
    for (let at = state.first_seq; at <= state.last_seq; at += 1) {
      const message = await manager.streams.getMessage(SAMPLES_STREAM, { seq: at });
      sequences.push(Number(new TextDecoder().decode(message.data)));
    }
    return sequences;
  } finally {
    await connection.close();
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

const skip = skipWithout('nats-server');

void t.test('publishes in order and counts what JetStream acknowledged', { skip }, async (t) => {
  const { nats, publisher, offer } = await setUp(t);
  range(1, 40).forEach((sequence) => {
    offer(sequence);
  });
  await until('reports to be published', () => publisher.status().reportsPublished === 40);
  t.same(publisher.status(), {
    reportsPublished: 40,
    samplesPublished: 120,
    reportsDropped: 0,
    reportsBuffered: 0,
  });
  t.same(await stored(nats), range(1, 40));
});

void t.test(
  'a server killed within a backlog loses nothing and stores nothing twice',
  { skip },
  async (t) => {
    const { nats, publisher, offer } = await setUp(t);
    range(1, 60).forEach((sequence) => {
      offer(sequence);
    });
    await until('reports to be published', () => publisher.status().reportsPublished >= 20);
    await nats.kill();
    range(61, 80).forEach((sequence) => {
      offer(sequence);
    });
    await nats.start();
    await until('the buffer to be empty', () => publisher.status().reportsBuffered === 0);
    t.same(await stored(nats), range(1, 80));
    t.equal(publisher.status().reportsPublished, 80);
  },
);

void t.test('starts and buffers while NATS is away', { skip }, async (t) => {
  const { nats, publisher, offer } = await setUp(t, { isNatsUp: false });
  range(1, 5).forEach((sequence) => {
    offer(sequence);
  });
  t.equal(publisher.status().reportsBuffered, 5);
  await nats.start();
  await until('reports to be published', () => publisher.status().reportsPublished === 5);
  t.same(await stored(nats), range(1, 5));
});

void t.test('a full buffer drops the oldest and counts them', { skip }, async (t) => {
  const { nats, publisher, offer } = await setUp(t, { reportsMax: 20 });
  await nats.stop();
  range(1, 50).forEach((sequence) => {
    offer(sequence);
  });
  t.match(publisher.status(), { reportsDropped: 30, reportsBuffered: 20 });
  await nats.start();
  await until('the buffer to be empty', () => publisher.status().reportsBuffered === 0);
  t.same(await stored(nats), range(31, 50));
  t.match(publisher.status(), { reportsPublished: 20, reportsDropped: 30 });
});

void t.test('a report larger than NATS takes does not block those behind it', { skip }, async (t) => {
  const { nats, publisher, offer } = await setUp(t);
  offer(1);
  offer(2, 2 * MIB);
  offer(3);
  await until('the buffer to be empty', () => publisher.status().reportsBuffered === 0);
  t.same(await stored(nats), [1, 3]);
  t.match(publisher.status(), { reportsPublished: 2, reportsDropped: 1 });
});

void t.test('waits for the scheduler to make the stream', { skip }, async (t) => {
  const { nats, publisher, offer, logged } = await setUp(t);
  const admin = await connect({ servers: nats.url });
  const manager = await admin.jetstreamManager();
  await manager.streams.delete(SAMPLES_STREAM);
  offer(1);
  await until('the report to be refused', () => logged.some((line) => line.includes('cannot publish')));
  t.equal(publisher.status().reportsBuffered, 1);
  await ensureStreams(manager, LIMITS);
  await until('reports to be published', () => publisher.status().reportsPublished === 1);
  await admin.close();
  t.same(await stored(nats), [1]);
});

void t.test('stop publishes what is buffered', { skip }, async (t) => {
  const { nats, publisher, offer } = await setUp(t);
  range(1, 10).forEach((sequence) => {
    offer(sequence);
  });
  await publisher.stop(5000);
  t.equal(publisher.status().reportsBuffered, 0);
  t.same(await stored(nats), range(1, 10));
});

void t.test('stop ends within its deadline while NATS is away', { skip }, async (t) => {
  const clock = new ManualClock();
  const { nats, publisher, offer } = await setUp(t, { clock });
  await nats.kill();
  offer(1);
  const stopping = publisher.stop(300);
  await clock.pass(300);
  await stopping;
  t.equal(publisher.status().reportsBuffered, 1);
});
