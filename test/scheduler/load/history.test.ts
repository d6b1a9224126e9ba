// Tests the usual load of VMs, which survives migrations, restarts and changes of the leader.
import { connect } from 'nats';
import pino from 'pino';
import t from 'tap';
import { History, readPage, PERIOD_MS } from '../../../scheduler/load/history.ts';
import { emptyView, foldReport } from '../../../scheduler/cluster/view.ts';
import { KEEP_HISTORY_MS, keepHistory, readHistory } from '../../../scheduler/cluster/history-keeper.ts';
import { openStore } from '../../../scheduler/store/kv.ts';
import { encodeJson } from '../../../scheduler/store/store.ts';
import { HISTORY_BUCKET } from '../../../shared/nats.ts';
import { MINUTE_MS } from '../../../shared/units.ts';
import { ManualClock } from '../../manual-clock.ts';
import { skipWithout, startNats } from '../../services.ts';
import { kvParts } from '../kv-parts.ts';
import { memoryStore } from '../memory-world.ts';
import { DETECTION, LIMITS, reportOf, T0, type ModelHost } from '../model-cluster.ts';

const skip = skipWithout('nats-server');
const START_MS = Math.floor(T0 / PERIOD_MS) * PERIOD_MS;
const STEP_MS = 30_000;

/** Feeds a sample every 30 s of a VM that wants so many cores in each period, on the host that `hostOf` names. */
function feed(
  history: History,
  coresBySlot: readonly number[],
  hostOf: (period: number) => string = () => 'h1',
): void {
  coresBySlot.forEach((cores, period) => {
    for (let atMs = STEP_MS; atMs <= PERIOD_MS; atMs += STEP_MS) {
      const host: ModelHost = { name: hostOf(period), cores: 8, vms: [{ name: 'a', cores }] };
      history.add({ ...reportOf(host, 1, START_MS + period * PERIOD_MS + atMs), intervalMs: STEP_MS });
    }
  });
}

void t.test('the usual load of a VM is known after 40 minutes, wherever it ran', (t) => {
  const history = new History();
  feed(history, [1, 3, 1, 3, 1, 3, 1, 3]);
  t.equal(
    history.usualCpu('a'),
    undefined,
    'the eighth period is complete only with the first sample after it',
  );
  const moving = new History();
  feed(moving, [1, 3, 1, 3, 1, 3, 1, 3, 0], (period) => (period < 4 ? 'h1' : 'h2'));
  t.match(moving.usualCpu('a'), { meanCores: 2, samples: 8 });
  t.ok(Math.abs((moving.usualCpu('a')?.deviationCores ?? 0) - Math.sqrt(8 / 7)) < 1e-9);
  t.end();
});

void t.test('only the last hour is kept', (t) => {
  const history = new History();
  feed(history, [...Array.from({ length: 12 }, () => 9), ...Array.from({ length: 13 }, () => 2)]);
  t.match(history.usualCpu('a'), { meanCores: 2, deviationCores: 0, samples: 12 });
  t.end();
});

void t.test('a period that is read twice counts once, and one with few samples does not count', (t) => {
  const once = new History();
  feed(once, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const again = new History();
  again.restore(once.page(['a']));
  feed(again, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.strictSame(again.usualCpu('a'), once.usualCpu('a'));
  const started = new History();
  const late = reportOf({ name: 'h1', cores: 8, vms: [{ name: 'a', cores: 99 }] }, 1, START_MS - STEP_MS);
  started.add({ ...late, intervalMs: STEP_MS });
  feed(started, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.strictSame(started.usualCpu('a'), once.usualCpu('a'));
  t.end();
});

void t.test('when two pages name a VM, the later one counts', (t) => {
  const early = new History();
  feed(early, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  const late = new History();
  feed(late, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 5]);
  for (const pages of [
    [early, late],
    [late, early],
  ]) {
    const both = new History();
    for (const each of pages) both.restore(readPage(JSON.parse(JSON.stringify(each.page(['a', 'nobody'])))));
    t.strictSame(both.usualCpu('a'), late.usualCpu('a'));
  }
  t.throws(() => readPage({ a: [{ period: 'x' }] }), {
    message: 'history.a[0].period: must be a whole number of 0 or more, is "x"',
  });
  t.throws(() => readPage(null), { message: 'history: must be an object, is null' });
  t.throws(() => readPage([]), { message: 'history: must be an object, is []' });
  t.end();
});

void t.test('a scheduler that takes over has the history of its predecessor', async (t) => {
  const store = memoryStore();
  const logger = pino({ enabled: false });
  const history = await readHistory(store);
  t.equal(history.usualCpu('a'), undefined);
  const view = emptyView();
  foldReport(
    view,
    reportOf({ name: 'h1', cores: 8, vms: [{ name: 'a', cores: 1 }] }, 1, T0),
    T0,
    DETECTION,
    LIMITS,
  );
  const clock = new ManualClock();
  const term = new AbortController();
  const keeping = keepHistory({ history, view, store, clock, logger }, term.signal);
  feed(history, [1, 3, 1, 3, 1, 3, 1, 3, 0]);
  await clock.pass(MINUTE_MS);
  term.abort();
  await keeping;
  t.match((await readHistory(store)).usualCpu('a'), { meanCores: 2, samples: 8 });
});

void t.test('the history is kept in JetStream and read from there', { skip }, async (t) => {
  const service = await startNats();
  const nats = await connect({ servers: service.url });
  t.teardown(async () => {
    await nats.close();
    await service.remove();
  });
  const history = new History();
  feed(history, [1, 3, 1, 3, 1, 3, 1, 3, 0]);
  const store = await openStore(kvParts(nats), HISTORY_BUCKET, KEEP_HISTORY_MS);
  t.equal((await readHistory(store)).usualCpu('a'), undefined, 'nothing at first');
  await store.put('h1', encodeJson(history.page(['a'])), 0);
  await store.put('h2', encodeJson({ b: 'not a history' }), 0);
  const read = await readHistory(await openStore(kvParts(nats), HISTORY_BUCKET, KEEP_HISTORY_MS));
  t.match(read.usualCpu('a'), { meanCores: 2, samples: 8 }, 'a damaged page does not hinder the others');
});
