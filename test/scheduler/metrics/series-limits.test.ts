// Tests what happens at the limits of InfluxDB's index, with a real influxd that takes few values: alarms, lost points, room made.
import { InfluxDB } from 'influx';
import t from 'tap';
import { createFullIndex } from '../../../scheduler/metrics/full-index.ts';
import { createGoneVms } from '../../../scheduler/metrics/gone-vms.ts';
import { createIndexWatch } from '../../../scheduler/metrics/index-watch.ts';
import { createInflux } from '../../../scheduler/metrics/influx.ts';
import { SET_ASIDE_STREAM } from '../../../scheduler/metrics/set-aside.ts';
import { influxSchema } from '../../../scheduler/metrics/settings.ts';
import { systemClock } from '../../../shared/clock.ts';
import { createLogger, type Logger } from '../../../shared/log.ts';
import { loadSettings } from '../../../shared/settings.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../shared/units.ts';
import { ManualClock } from '../../manual-clock.ts';
import { startMetricsPipeline } from '../../metrics-pipeline.ts';
import { skipWithout, startInflux } from '../../services.ts';
import { until } from '../../until.ts';
import { hostReport, publishReport, tickBefore, vmSample } from './reports.ts';

const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const WAIT = { timeoutMs: 30 * SECOND_MS };

/** A logger that keeps the lines of these levels. */
function listening(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const keep = (level: string) => (data: object, message: string) => {
    lines.push({ level, message, ...data });
  };
  return {
    logger: Object.assign(createLogger('test', 'fatal'), { warn: keep('warn'), error: keep('error') }),
    lines,
  };
}

t.test(
  'beyond six values the seventh VM has no points, those of the others are all written, and no report is set aside',
  { skip: skipWithout('nats-server', 'influxd') },
  async (t) => {
    const { nats, influxService, startWriter } = await startMetricsPipeline(t, 'max-values-per-tag = 6');
    const client = new InfluxDB(`${influxService.url}/evenkeel`);
    const count = async (where: string) =>
      (await client.query<{ n: number }>(`SELECT count("state") AS n FROM vm ${where}`))[0]?.n ?? 0;
    const writer = startWriter({ batchMs: 50 });
    const vms = (many: number) => Array.from({ length: many }, (_, index) => vmSample(0, index));
    await publishReport(nats, hostReport(0, tickBefore(NOW, 40), vms(6)));
    await until('the six', async () => (await count('')) === 6);
    for (let step = 39; step > 0; step -= 1)
      await publishReport(nats, hostReport(0, tickBefore(NOW, step), vms(7)));
    await until('all', async () => (await count('')) === 6 * 40);
    await until('the count of those lost', () => writer.counters().pointsOverLimit === 3 * 39);
    t.equal(await count(`WHERE "name" = 'vm-0-6'`), 0);
    t.match(writer.counters(), { pointsWritten: 40 * 19, pointsRefused: 3 * 39, messagesSetAside: 0 });
    await t.rejects((await nats.jetstreamManager()).streams.info(SET_ASIDE_STREAM), /not found/);
  },
);

t.test('a full index is an alarm once an hour, when its series are tried again, too', async (t) => {
  const clock = new ManualClock();
  const { logger, lines } = listening();
  const full = createFullIndex({ clock, logger });
  const line = 'vm,host=kvm\\ 1,uuid=u7 state=1i 5';
  t.ok(full.isEmpty());
  for (let minute = 0; minute < 150; minute += 1) {
    if (full.isEmpty() || !full.leavesOut(line)) full.note(line, 'max-values-per-tag limit exceeded');
    t.notOk(full.leavesOut('vm,host=kvm\\ 1,uuid=u1 state=1i 5'), 'others are sent');
    await clock.pass(MINUTE_MS);
  }
  t.equal(full.dropped(), 150);
  t.match(lines, [
    { level: 'error', pointsLost: 1, cure: /influxdb.conf/ },
    { level: 'error', pointsLost: 61 },
    { level: 'error', pointsLost: 121 },
  ]);
});

function settingsOf(url: string) {
  return { ...loadSettings({ influx: influxSchema }, undefined, {}).influx, url };
}

function lineOf(uuid: string, atMs: number): string {
  return `vm,host=h,uuid=${uuid},name=n-${uuid} vcpus=2i ${Math.floor(atMs)}`;
}

t.test(
  'the index is watched: an alarm from 70 % on, with what is used, limit and cure',
  { skip: skipWithout('influxd') },
  async (t) => {
    const service = await startInflux({ data: 'max-values-per-tag = 20\nmax-series-per-database = 1000' });
    t.teardown(() => service.remove());
    const influx = createInflux(settingsOf(service.url), systemClock);
    await influx.ensureSchema(WAIT);
    const clock = new ManualClock();
    const stop = new AbortController();
    const { logger, lines } = listening();
    const watch = createIndexWatch({ influx, clock, random: () => 0.5, logger, signal: stop.signal });
    const running = watch.run();
    const write = async (from: number, to: number) => {
      const text = Array.from({ length: to - from }, (_, index) => lineOf(`u${from + index}`, NOW));
      await influx.write({ text: text.join('\n'), count: text.length }, 'raw', WAIT);
    };
    await write(0, 13);
    await clock.pass(60_000);
    await until('the first check', () => watch.usedRatio() === 0);
    t.same(lines, [], '65 % are no alarm');
    await write(13, 14);
    await clock.pass(HOUR_MS);
    await until('the second check', () => watch.usedRatio() === 0.7);
    t.match(lines, [
      { level: 'warn', what: /^vm\.(uuid|name)$/, atLeast: 14, limit: 20, cure: /restart influxd/ },
    ]);
    await write(14, 20);
    await clock.pass(HOUR_MS);
    await until('the third check', () => watch.usedRatio() === 0.9);
    t.equal(lines.length, 2);
    stop.abort(new Error('done'));
    await running;
    influx.close();
  },
);

t.test(
  'VMs whose data is past retention make room in the index; those that report or have data stay',
  { skip: skipWithout('influxd') },
  async (t) => {
    const service = await startInflux({ data: 'max-values-per-tag = 6' });
    t.teardown(() => service.remove());
    const settings = { ...settingsOf(service.url), quarterHourDays: 100, minuteDays: 90 };
    const influx = createInflux(settings, systemClock);
    await influx.ensureSchema(WAIT);
    // Made longer, so that the data is there whatever shards the calendar makes of it.
    await influx.execute('ALTER RETENTION POLICY "quarter_hour" ON "evenkeel" DURATION 400d', WAIT);
    const put = async (policy: 'raw' | 'minute' | 'quarter_hour', uuid: string, daysAgo: number) => {
      const result = await influx.write(
        { text: lineOf(uuid, NOW - daysAgo * DAY_MS), count: 1 },
        policy,
        WAIT,
      );
      return result.kind === 'refused' && result.isFull ? 'full' : result.kind;
    };
    for (const uuid of ['gone1', "go'ne2", 'reports', 'minutes', 'kept', 'young'])
      if (uuid !== 'young') t.equal(await put('quarter_hour', uuid, 105), 'written');
    t.equal(await put('raw', 'reports', 0), 'written');
    t.equal(await put('minute', 'minutes', 50), 'written');
    t.equal(await put('quarter_hour', 'kept', 97), 'written');
    t.equal(await put('quarter_hour', 'young', 3), 'written');
    t.equal(await put('raw', 'new1', 0), 'full');
    const { signal } = new AbortController();
    const gone = createGoneVms({
      influx,
      settings,
      clock: systemClock,
      random: Math.random,
      logger: createLogger('test', 'fatal'),
      signal,
    });
    t.equal(await gone.sweep(), 2);
    t.equal(await gone.sweep(), 0, 'nothing twice');
    const left = await influx.select('SHOW TAG VALUES FROM "vm" WITH KEY = "uuid"', WAIT);
    t.same(left[0]?.rows.map(({ value }) => value).sort(), ['kept', 'minutes', 'reports', 'young']);
    t.equal(await put('raw', 'new1', 0), 'written');
    t.equal(await put('raw', 'new2', 0), 'written');
    t.equal(await put('raw', 'new3', 0), 'full', 'the limit still holds');
    influx.close();
  },
);
