// Buckets on a real nats-server, followed past entries that cannot be read and past the end of a watch.
import { connect, type NatsConnection } from 'nats';
import pino from 'pino';
import t, { type Test } from 'tap';
import * as v from 'valibot';
import { systemClock } from '../../../shared/clock.ts';
import { MINUTE_MS } from '../../../shared/units.ts';
import { Following } from '../../../scheduler/store/following.ts';
import { openStore } from '../../../scheduler/store/kv.ts';
import { Shelf } from '../../../scheduler/store/shelf.ts';
import type { Store, StoredEntry } from '../../../scheduler/store/store.ts';
import { ManualClock } from '../../manual-clock.ts';
import { skipWithout, startNats } from '../../services.ts';
import { until } from '../../until.ts';
import { memoryStore } from '../memory-world.ts';

const skip = skipWithout('nats-server');
const BUCKET = 'FOLLOWED';

const readLine = (line: unknown) =>
  v.parse(
    v.looseObject({ msg: v.string(), key: v.optional(v.string()), cause: v.optional(v.string()) }),
    line,
  );

interface Lines {
  readonly logger: pino.Logger;
  readonly lines: ReturnType<typeof readLine>[];
}

function collectingLogger(): Lines {
  const lines: Lines['lines'] = [];
  const logger = pino(
    {},
    {
      write: (line: string) => {
        lines.push(readLine(JSON.parse(line)));
      },
    },
  );
  return { logger, lines };
}

async function served(t: Test): Promise<NatsConnection> {
  const service = await startNats();
  const nats = await connect({ servers: service.url });
  t.teardown(async () => {
    await nats.close();
    await service.remove();
  });
  return nats;
}

interface Followed {
  readonly store: Store;
  readonly following: Following;
  readonly taken: string[];
  readonly lines: Lines['lines'];
  readonly stop: AbortController;
}

/** Takes "key=value" of each entry, and cannot read those whose value is "bad". */
async function followed(t: Test, nats: NatsConnection): Promise<Followed> {
  const { logger, lines } = collectingLogger();
  const following = new Following(systemClock, logger);
  const store = await openStore(
    { nats, following, clock: systemClock, random: () => 0.1 },
    BUCKET,
    undefined,
  );
  const stop = new AbortController();
  t.teardown(() => {
    stop.abort();
  });
  const taken: string[] = [];
  await store.follow(
    '>',
    ({ key, value }: StoredEntry) => {
      const text = Buffer.from(value ?? []).toString();
      if (text === 'bad') throw new Error('not a rule');
      taken.push(`${key}=${text}`);
    },
    stop.signal,
  );
  return { store, following, taken, lines, stop };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

void t.test('an entry that cannot be read is skipped, named once and counted', { skip }, async (t) => {
  const nats = await served(t);
  const kv = await nats.jetstream().views.kv(BUCKET, { history: 1 });
  await kv.put('a', bytes('1'));
  await kv.put('b', bytes('bad'));
  await kv.put('c', bytes('3'));
  const { following, taken, lines } = await followed(t, nats);
  t.strictSame(taken, ['a=1', 'c=3'], 'the start does not hang, and the others are there');
  await kv.put('b', bytes('bad'));
  await kv.put('d', bytes('4'));
  await until('the change after the bad one', () => taken.includes('d=4'));
  t.equal(following.skippedCount, 2);
  t.match(
    lines.filter(({ msg }) => msg.includes('cannot be read')),
    [{ what: `${BUCKET} >`, key: 'b', cause: 'not a rule' }],
  );
  t.equal(lines.length, 1);
  t.ok(following.isCurrent() && following.isHealthy(), 'one bad entry does not stop the rest');
});

void t.test(
  'a watch that ends is started again, and meanwhile nothing counts as current',
  { skip },
  async (t) => {
    const nats = await served(t);
    const { store, following, taken, lines } = await followed(t, nats);
    await store.put('a', bytes('1'), 0);
    await until('the first entry', () => taken.includes('a=1'));
    const manager = await nats.jetstreamManager();
    await manager.streams.delete(`KV_${BUCKET}`);
    await until('the loss', () => !following.isCurrent());
    const kv = await nats.jetstream().views.kv(BUCKET, { history: 1 });
    await kv.put('b', bytes('2'));
    await until('the new bucket', () => taken.includes('b=2') && following.isCurrent());
    t.match(
      lines.map(({ msg }) => msg),
      [/no longer arrive/, /arrive from NATS again/],
    );
  },
);

void t.test('following ends with its signal', { skip }, async (t) => {
  const nats = await served(t);
  const { store, following, taken, stop } = await followed(t, nats);
  stop.abort();
  await store.put('a', bytes('1'), 0);
  const second = await followed(t, nats);
  await until('another follower', () => second.taken.includes('a=1'));
  t.strictSame(taken, []);
  t.ok(following.isCurrent(), 'who does not follow misses nothing');
});

void t.test('a follower that does not recover within a minute makes the scheduler unhealthy', async (t) => {
  const clock = new ManualClock();
  const following = new Following(clock, collectingLogger().logger);
  following.lost('CONTROL rule.>', new Error('no responders'));
  await clock.pass(MINUTE_MS - 1);
  t.ok(following.isHealthy());
  await clock.pass(1);
  t.notOk(following.isHealthy());
  following.found('CONTROL rule.>');
  t.ok(following.isHealthy() && following.isCurrent());
});

void t.test('while NATS is away a lost follower is no reason to restart the scheduler', async (t) => {
  const clock = new ManualClock();
  const following = new Following(clock, collectingLogger().logger);
  following.noteConnection(false);
  for (let retry = 0; retry < 60; retry += 1) {
    following.lost('CONTROL rule.>', new Error('timeout'));
    await clock.pass(MINUTE_MS);
    t.ok(following.isHealthy());
  }
  following.lost('CONTROL rule.>', new Error('timeout'));
  following.noteConnection(true);
  t.notOk(following.isCurrent());
  await clock.pass(MINUTE_MS - 1);
  t.ok(following.isHealthy(), 'it has a minute from the return of NATS');
  await clock.pass(1);
  t.notOk(following.isHealthy());
});

const textCodec = {
  encode: (text: string) => Buffer.from(text),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

const never = new AbortController().signal;

void t.test('a shelf shows its own write at once, and nothing older that arrives later', async (t) => {
  const store = memoryStore();
  const held: (() => void)[] = [];
  const late: Store = {
    ...store,
    follow: (pattern, take, signal) =>
      store.follow(
        pattern,
        (entry) => {
          held.push(() => {
            take(entry);
          });
        },
        signal,
      ),
  };
  const open = (at: Store): Promise<Shelf<string>> =>
    Shelf.open({ store: at, prefix: 'rule', codec: textCodec, entriesMax: 9, what: 'rule' }, never);
  const [mine, other] = [await open(late), await open(store)];
  await other.put('a', 'older');
  await mine.put('a', 'mine');
  t.equal(mine.get('a'), 'mine');
  held.shift()?.();
  t.equal(mine.get('a'), 'mine', 'the older one comes late');
  await other.put('a', 'newer');
  for (const take of held.splice(0)) take();
  t.equal(mine.get('a'), 'newer');
  await mine.remove('a');
  t.equal(mine.get('a'), undefined);
});

void t.test('a shelf does not take for removed what another scheduler put there meanwhile', async (t) => {
  const store = memoryStore();
  let meanwhile: () => Promise<unknown> = () => Promise.resolve();
  const slow: Store = {
    ...store,
    remove: async (key, revision) => {
      await store.remove(key, revision);
      await meanwhile();
    },
  };
  const open = (at: Store): Promise<Shelf<string>> =>
    Shelf.open({ store: at, prefix: 'rule', codec: textCodec, entriesMax: 9, what: 'rule' }, never);
  const [mine, other] = [await open(slow), await open(store)];
  await mine.put('a', 'mine');
  meanwhile = () => other.put('a', 'theirs');
  await mine.remove('a');
  t.equal(mine.get('a'), 'theirs');
});
