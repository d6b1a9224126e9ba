// Compares reports through JetStream and the metrics writer into InfluxDB with the same points written straight into it.
import http from 'node:http';
import { Worker } from 'node:worker_threads';
import type { NatsConnection } from 'nats';
import { createInflux } from '../scheduler/metrics/influx.ts';
import { encodeLines, type Lines } from '../scheduler/metrics/line-protocol.ts';
import { pointsOfReport } from '../scheduler/metrics/points.ts';
import { influxSchema, type InfluxSettings } from '../scheduler/metrics/settings.ts';
import { startMetricsWriter } from '../scheduler/metrics/writer.ts';
import { systemClock } from '../shared/clock.ts';
import { createLogger } from '../shared/log.ts';
import { reportMessageId, SAMPLES_STREAM, samplesSubject } from '../shared/nats.ts';
import { hostReportCodec } from '../shared/proto/load.ts';
import { loadSettings } from '../shared/settings.ts';
import { connectWithStreams, hostReport, tickBefore, vmSample } from '../test/scheduler/metrics/reports.ts';
import { startInflux, startNats } from '../test/services.ts';
import type { PreparedReport } from './agents.ts';
import { atLeast, median, result, rounded, type BenchResult } from './result.ts';

// 40 hosts of 50 VMs, each with a disk and a NIC, for 10 ticks: 60,400 points a round.
const HOSTS = 40;
const VMS_PER_HOST = 50;
const TICKS = 10;
// Pairs of runs, so that a disturbance of the machine affects few of them; the median counts.
const ROUNDS = 11;
const GOAL_RATIO = 0.9;
const TIMEOUT_MS = 120_000;

interface Work {
  readonly reports: readonly PreparedReport[];
  readonly batches: readonly Buffer[];
  readonly counts: Readonly<Record<string, number>>;
  readonly points: number;
}

export async function benchPipeline(): Promise<BenchResult> {
  const [natsService, influxService] = await Promise.all([startNats(), startInflux()]);
  const nats = await connectWithStreams(natsService.url);
  const agents = await startAgents(natsService.url);
  const base = { ...loadSettings({ influx: influxSchema }, undefined, {}).influx, url: influxService.url };
  const pipelineRates: number[] = [];
  const straightRates: number[] = [];
  let points = 0;
  const databases = {
    pipeline: { ...base, database: 'pipeline' },
    straight: { ...base, database: 'straight' },
  };
  const nowMs = Date.now();
  try {
    for (const settings of Object.values(databases)) await makeDatabase(settings);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const work = prepare(nowMs, round, base.batchPoints);
      points = work.points;
      const runs = {
        pipeline: () => pipelineRun(nats, agents, databases.pipeline, work),
        straight: () => straightRun(databases.straight, work),
      };
      // The order alternates, so that neither always meets the busier InfluxDB.
      const order =
        round % 2 === 0 ? (['pipeline', 'straight'] as const) : (['straight', 'pipeline'] as const);
      const rates = { pipeline: 0, straight: 0 };
      for (const kind of order) {
        rates[kind] = (points / (await runs[kind]())) * 1_000;
        await verify(databases[kind], work, round + 1);
      }
      console.error(
        `${round === 0 ? 'warm-up' : `round ${round}`}: pipeline ${rounded(rates.pipeline)} points/s, straight ${rounded(rates.straight)} points/s`,
      );
      // The first round creates the series.
      if (round === 0) continue;
      pipelineRates.push(rates.pipeline);
      straightRates.push(rates.straight);
    }
  } finally {
    await agents.terminate();
    await nats.close();
    await Promise.all([natsService.remove(), influxService.remove()]);
  }
  const ratios = pipelineRates.map((rate, index) => rate / (straightRates[index] ?? NaN));
  return result(
    'pipeline',
    [atLeast('pipeline against straight writes', median(ratios), 'ratio', GOAL_RATIO)],
    {
      pointsPerRound: points,
      hosts: HOSTS,
      vmsPerHost: VMS_PER_HOST,
      ticks: TICKS,
      pipelinePointsPerSecond: pipelineRates,
      straightPointsPerSecond: straightRates,
      ratios,
    },
  );
}

/** The reports of all hosts, tick by tick, and the same as prepared bodies of line protocol. Each round has other ticks. */
function prepare(nowMs: number, round: number, batchPoints: number): Work {
  const reports: PreparedReport[] = [];
  const batches: Buffer[] = [];
  const counts: Record<string, number> = {};
  let parts: Lines[] = [];
  const closeBatch = (): void => {
    batches.push(Buffer.from(parts.map(({ text }) => text).join('\n')));
    parts = [];
  };
  for (let tick = TICKS - 1; tick >= 0; tick -= 1) {
    for (let host = 0; host < HOSTS; host += 1) {
      const vms = Array.from({ length: VMS_PER_HOST }, (_none, index) => vmSample(host, index));
      const over = { bootId: `round-${round}` };
      const report = hostReport(host, tickBefore(nowMs, round * TICKS + tick), vms, over);
      const data = hostReportCodec.encode(report);
      const hostId = report.hostId ?? '';
      const messageId = reportMessageId(hostId, over.bootId, Number(report.sequence));
      reports.push({ subject: samplesSubject(hostId), messageId, data });
      const points = pointsOfReport(hostReportCodec.decode(data));
      for (const { measurement } of points) counts[measurement] = (counts[measurement] ?? 0) + 1;
      parts.push(encodeLines(points));
      if (pointsOf(parts) >= batchPoints) closeBatch();
    }
  }
  if (parts.length > 0) closeBatch();
  return { reports, batches, counts, points: Object.values(counts).reduce((sum, count) => sum + count, 0) };
}

function pointsOf(parts: readonly Lines[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

async function makeDatabase(settings: InfluxSettings): Promise<void> {
  const influx = createInflux(settings, systemClock);
  await influx.ensureSchema({ timeoutMs: TIMEOUT_MS });
  influx.close();
}

/** From the first report published to the last point in InfluxDB. */
async function pipelineRun(
  nats: NatsConnection,
  agents: Worker,
  settings: InfluxSettings,
  work: Work,
): Promise<number> {
  const manager = await nats.jetstreamManager();
  await manager.streams.purge(SAMPLES_STREAM);
  const influx = createInflux(settings, systemClock);
  const logger = createLogger('bench', 'fatal');
  const { signal } = new AbortController();
  const writer = startMetricsWriter({
    ...{ nats, influx, settings, clock: systemClock, random: Math.random, logger, signal },
  });
  await systemClock.sleep(500);
  const startMs = performance.now();
  agents.postMessage(work.reports);
  await said(agents, 'done');
  while (writer.counters().pointsWritten < work.points) {
    if (performance.now() - startMs > TIMEOUT_MS) throw new Error('the pipeline did not finish in time');
    await systemClock.sleep(10);
  }
  const ms = performance.now() - startMs;
  await writer.stop();
  return ms;
}

/** One connection, one prepared batch after the other. */
async function straightRun(settings: InfluxSettings, work: Work): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const url = `${settings.url}/write?db=${settings.database}&rp=raw&precision=ms`;
  const startMs = performance.now();
  for (const batch of work.batches) await post(url, agent, batch);
  const ms = performance.now() - startMs;
  agent.destroy();
  return ms;
}

function post(url: string, agent: http.Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'POST', agent, headers: { 'content-length': body.length } },
      (response) => {
        response.resume().once('end', () => {
          if (response.statusCode === 204) resolve();
          else reject(new Error(`write: HTTP ${response.statusCode ?? 0}`));
        });
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

// For each measurement a field that every point has.
const COUNTED: Readonly<Record<string, string>> = {
  host: 'interval_ms',
  vm: 'state',
  vm_disk: 'capacity_bytes',
  vm_net: 'receive_bytes',
};

/** Checks that all points of all rounds so far are there, each once. */
async function verify({ url, database }: InfluxSettings, work: Work, rounds: number): Promise<void> {
  for (const [measurement, expected] of Object.entries(work.counts)) {
    const query = `SELECT count("${COUNTED[measurement] ?? ''}") FROM "raw"."${measurement}"`;
    const answer = await fetch(`${url}/query?db=${database}&q=${encodeURIComponent(query)}`);
    const found = /"values":\[\["[^"]*",(\d+)\]\]/.exec(await answer.text())?.[1];
    if (Number(found) !== expected * rounds)
      throw new Error(
        `${database}: ${found ?? 'no'} points of ${measurement} in InfluxDB, ${expected * rounds} were sent`,
      );
  }
}

async function startAgents(natsUrl: string): Promise<Worker> {
  const file = import.meta.url.endsWith('.ts') ? './agents.ts' : './agents.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: natsUrl });
  await said(worker, 'ready');
  return worker;
}

function said(worker: Worker, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message) => {
      worker.removeListener('error', reject);
      if (message === expected) resolve();
      else reject(new Error(`the agents said ${String(message)}`));
    });
  });
}
