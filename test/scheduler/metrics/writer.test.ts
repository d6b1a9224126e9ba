// Tests the metrics writer between a real nats-server and a real influxd: nothing lost, nothing doubled, bad points set aside.
import { InfluxDB } from 'influx';
import t, { type Test } from 'tap';
import { CONSUMER } from '../../../scheduler/metrics/intake.ts';
import { SET_ASIDE_STREAM } from '../../../scheduler/metrics/set-aside.ts';
import { EVENTS_STREAM, SAMPLES_STREAM, samplesSubject } from '../../../shared/nats.ts';
import { hostReportCodec } from '../../../shared/proto/load.ts';
import { HOUR_MS } from '../../../shared/units.ts';
import { startMetricsPipeline, type MetricsPipeline } from '../../metrics-pipeline.ts';
import { until } from '../../until.ts';
import { skipWithout, untilRefused } from '../../services.ts';
import {
  hostReport,
  migrationEvents,
  publishEvent,
  publishReport,
  tickBefore,
  uuidOf,
  vmSample,
} from './reports.ts';

const skip = skipWithout('nats-server', 'influxd');
const NOW = Date.now();

interface Lab extends MetricsPipeline {
  readonly influx: InfluxDB;
  /** Runs a query with one number as its result, such as SELECT count(…); 0 without rows. */
  readonly count: (query: string) => Promise<number>;
  /** Waits until both streams are acknowledged to the end. */
  readonly settled: () => Promise<void>;
  /** Messages of the samples stream that a writer holds. */
  readonly held: () => Promise<number>;
}

async function lab(t: Test): Promise<Lab> {
  const pipeline = await startMetricsPipeline(t);
  const { port } = pipeline.influxService;
  const influx = new InfluxDB({ host: '127.0.0.1', port, database: 'evenkeel' });
  const manager = await pipeline.nats.jetstreamManager();
  const unsettled = async (stream: string): Promise<number> => {
    const info = await manager.consumers.info(stream, CONSUMER).catch(() => undefined);
    return info === undefined ? -1 : info.num_pending + info.num_ack_pending;
  };
  return {
    ...pipeline,
    influx,
    startWriter: (over, clock) => pipeline.startWriter({ batchMs: 100, ...over }, clock),
    count: async (query) => {
      const [row] = await influx.query<{ n?: number }>(query);
      return row?.n ?? 0;
    },
    held: async () => (await manager.consumers.info(SAMPLES_STREAM, CONSUMER)).num_ack_pending,
    settled: async () => {
      await until(`${SAMPLES_STREAM} is settled`, async () => (await unsettled(SAMPLES_STREAM)) === 0);
      await until(`${EVENTS_STREAM} is settled`, async () => (await unsettled(EVENTS_STREAM)) === 0);
    },
  };
}

const COUNT_VM = 'SELECT count("state") AS n FROM vm';
const COUNT_HOST = 'SELECT count("interval_ms") AS n FROM host';

t.test(
  'creates database, retention policies and continuous queries once InfluxDB is there',
  { skip },
  async (t) => {
    const { influxService, influx, startWriter, settled } = await lab(t);
    await influxService.stop();
    const first = startWriter();
    await untilRefused({ host: '127.0.0.1', port: influxService.port }, 2);
    t.ok(first.isHealthy(), 'healthy without InfluxDB');
    await influxService.start();
    await settled();
    await until('database', async () => (await influx.getDatabaseNames()).includes('evenkeel'));
    const policies = async () =>
      Object.fromEntries(
        (await influx.showRetentionPolicies('evenkeel')).map((policy) => [
          policy.name,
          [policy.duration, policy.default],
        ]),
      );
    await until('policies', async () => 'events' in (await policies()));
    t.match(await policies(), {
      raw: ['168h0m0s', true],
      minute: ['2160h0m0s', false],
      quarter_hour: ['17520h0m0s', false],
      events: ['17520h0m0s', false],
    });
    const queries = async () =>
      (await influx.showContinousQueries('evenkeel')).map(({ name }) => name).sort();
    await until('queries', async () => (await queries()).length === 10);
    const made = await queries();
    await first.stop();
    await influx.createContinuousQuery(
      'evenkeel_vm_minute_0ld',
      'SELECT mean(a) INTO x FROM y GROUP BY time(1m)',
    );
    await influx.createContinuousQuery('other', 'SELECT mean(a) INTO x FROM y GROUP BY time(1m)');
    startWriter({ rawDays: 3 });
    await until('a changed setting', async () => (await policies())['raw']?.[0] === '72h0m0s');
    await until('the outdated query', async () => !(await queries()).includes('evenkeel_vm_minute_0ld'));
    t.same(await queries(), [...made, 'other'].sort(), 'the same queries again, others left alone');
  },
);

t.test('every sample is one point, every event too, and all is acknowledged', { skip }, async (t) => {
  const { nats, startWriter, count, settled, influx } = await lab(t);
  // Published before the writer runs: its first start writes what is waiting.
  for (let step = 0; step < 3; step += 1)
    for (let host = 0; host < 4; host += 1)
      await publishReport(
        nats,
        hostReport(host, tickBefore(NOW, step), [vmSample(host, 0), vmSample(host, 1)]),
      );
  const writer = startWriter();
  for (const event of migrationEvents(NOW)) await publishEvent(nats, uuidOf(0, 1), event);
  await settled();
  t.equal(await count(COUNT_HOST), 12);
  t.equal(await count(COUNT_VM), 24);
  t.equal(await count('SELECT count(capacity_bytes) AS n FROM vm_disk'), 24);
  t.equal(await count('SELECT count(receive_bytes) AS n FROM vm_net'), 24);
  t.equal(await count('SELECT count(title) AS n FROM events.migration'), 2);
  t.equal(await count('SELECT count(decision_id) AS n FROM events.decision'), 2);
  const [row] = await influx.query<{ cpu_cores: number; name: string; host: string }>(
    `SELECT cpu_cores, "name", "host" FROM vm WHERE "uuid" = '${uuidOf(2, 2)}' LIMIT 1`,
  );
  t.match(row, { cpu_cores: vmSample(1, 1).cpuCores, name: 'vm-1-1', host: 'kvm2' });
  t.match(writer.counters(), {
    pointsWritten: 12 + 3 * 24 + 4,
    pointsRefused: 0,
    messagesSetAside: 0,
    lagMs: 0,
  });
});

t.test('influxd stopped and started again: nothing lost, nothing doubled', { skip }, async (t) => {
  const { nats, influxService, startWriter, count, settled } = await lab(t);
  const writer = startWriter();
  const publish = (step: number) =>
    publishReport(nats, hostReport(0, tickBefore(NOW, step), [vmSample(0, 0)]));
  for (let step = 0; step < 20; step += 1) await publish(step);
  await settled();
  await influxService.kill();
  for (let step = 20; step < 60; step += 1) await publish(step);
  await until('a lag to be seen', () => writer.counters().lagMs > 300);
  t.ok(writer.isHealthy());
  await influxService.start();
  await settled();
  t.equal(await count(COUNT_VM), 60);
  t.equal(await count(COUNT_HOST), 60);
  t.equal(writer.counters().lagMs, 0);
});

t.test('messages that one writer could not finish are written by the next', { skip }, async (t) => {
  const { nats, influxService, startWriter, count, settled, held } = await lab(t);
  await influxService.stop();
  const first = startWriter();
  for (let step = 0; step < 30; step += 1)
    await publishReport(nats, hostReport(0, tickBefore(NOW, step), [vmSample(0, 0)]));
  await until('messages to be held', async () => (await held().catch(() => 0)) === 30);
  const stoppedAtMs = performance.now();
  await first.stop();
  t.ok(performance.now() - stoppedAtMs < 1_000, 'stops at once');
  await influxService.start();
  startWriter();
  await settled();
  t.ok(performance.now() - stoppedAtMs < 15_000, 'without waiting for the acknowledgement deadline');
  t.equal(await count(COUNT_VM), 30);
});

t.test('a report delivered twice overwrites itself', { skip }, async (t) => {
  const { nats, startWriter, count, settled } = await lab(t);
  startWriter();
  const report = hostReport(0, tickBefore(NOW, 0), [vmSample(0, 0), vmSample(0, 1)]);
  const subject = samplesSubject(report.hostId ?? '');
  for (let delivery = 0; delivery < 3; delivery += 1) {
    await nats.jetstream().publish(subject, hostReportCodec.encode(report));
    await settled();
  }
  t.equal(await count(COUNT_VM), 2);
  t.equal(await count(COUNT_HOST), 1);
});

t.test('nats-server killed and started again: the writer continues', { skip }, async (t) => {
  const { nats, natsService, startWriter, count, settled } = await lab(t);
  startWriter();
  await publishReport(nats, hostReport(0, tickBefore(NOW, 1), [vmSample(0, 0)]));
  await settled();
  await natsService.kill();
  await natsService.start();
  await until('reconnection', () =>
    nats.flush().then(
      () => true,
      () => false,
    ),
  );
  await publishReport(nats, hostReport(0, tickBefore(NOW, 0), [vmSample(0, 0)]));
  await until('the second sample', async () => (await count(COUNT_VM)) === 2);
});

t.test(
  'bad points and bad messages are set aside and counted, the good ones written',
  { skip },
  async (t) => {
    const { nats, startWriter, count, settled } = await lab(t);
    const hostId = uuidOf(0, 1);
    // InfluxDB refuses keys over 65,535 bytes; libvirt would take such a name.
    const endless = vmSample(0, 9, { name: 'x'.repeat(70_000) });
    for (let step = 0; step < 50; step += 1) {
      const vms = [vmSample(0, 0), ...(step === 17 ? [endless] : []), vmSample(0, 1)];
      await publishReport(nats, hostReport(0, tickBefore(NOW, step), vms));
    }
    const js = nats.jetstream();
    await js.publish(samplesSubject(hostId), Buffer.from([0xff, 0xff, 0xff]));
    await publishReport(nats, hostReport(0, 0, [], { sequence: 1 }));
    // Percent instead of a ratio, and a clock that is years ahead: refused as they are for the cluster view.
    const inPercent = { ...hostReport(0, 0, []).host, cpuPressureRatio: 42 };
    await publishReport(nats, hostReport(0, tickBefore(NOW, 61), [], { host: inPercent }));
    await publishReport(nats, hostReport(0, NOW + 400 * 24 * HOUR_MS, [vmSample(0, 0)]));
    // A host that speaks for another one.
    await js.publish(
      samplesSubject(uuidOf(0, 2)),
      hostReportCodec.encode(hostReport(0, tickBefore(NOW, 60), [])),
    );
    // A clock that is years late: beyond the retention policy.
    await publishReport(nats, hostReport(0, 1_000_000_000_000, [vmSample(0, 0)]));
    const writer = startWriter();
    await settled();
    t.equal(await count(COUNT_VM), 100);
    t.equal(await count(COUNT_HOST), 50);
    // vm, vm_disk and vm_net of the endless name; host, vm, vm_disk and vm_net of the late clock.
    t.match(writer.counters(), { pointsRefused: 7, messagesSetAside: 7 });
    const manager = await nats.jetstreamManager();
    t.equal((await manager.streams.info(SET_ASIDE_STREAM)).state.messages, 7);
    const kept = [];
    for (let seq = 1; seq <= 7; seq += 1) {
      const { header } = await manager.streams.getMessage(SET_ASIDE_STREAM, { seq });
      kept.push([header.get('Evenkeel-Kind'), header.get('Evenkeel-Reason')].join(': '));
    }
    t.match(kept.sort(), [
      /^invalid: cpu_pressure_ratio 42 .*not in shares of 1/,
      /^invalid: host_id ".*" is not the subject's/,
      /^invalid: tick_at_ms is (?:399|400) days ahead/,
      /^invalid: tick_at_ms is not a time/,
      /^refused: .*beyond retention policy/,
      /^refused: .*max key length exceeded/,
      /^undecodable: /,
    ]);
  },
);
