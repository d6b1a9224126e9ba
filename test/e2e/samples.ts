// Compares the reports in JetStream with the points in InfluxDB, and names what is missing.
import { InfluxDB } from 'influx';
import { connect, type JetStreamClient } from 'nats';
import type { Test } from 'tap';
import { hosts, influxUrl, natsUrl } from '../../lab/topology.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { SAMPLES_STREAM } from '../../shared/nats.ts';
import { hostReportCodec } from '../../shared/proto/load.ts';
import { seconds, until } from './cluster.ts';

/** The writer waits for at most a second before it writes; a busy machine and an outage's backlog take longer. */
const settleTimeoutMs = 60_000;
const database = 'evenkeel';

/** From `fromMs` on, before `toMs`, by the ticks' own time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The reports of all hosts whose ticks are in the span, as JetStream stored them. */
async function reportsIn(span: Span): Promise<HostReport[]> {
  const connection = await connect({ servers: natsUrl });
  try {
    // An outage makes reports late, never early.
    return (await readFrom(connection.jetstream(), span.fromMs)).filter(
      ({ tickAtMs }) => tickAtMs >= span.fromMs && tickAtMs < span.toMs,
    );
  } finally {
    await connection.close();
  }
}

async function readFrom(jetstream: JetStreamClient, fromMs: number): Promise<HostReport[]> {
  const start = { opt_start_time: new Date(fromMs).toISOString() };
  const consumer = await jetstream.consumers.get(SAMPLES_STREAM, start);
  const reports: HostReport[] = [];
  for (let pending = (await consumer.info()).num_pending; pending > 0;) {
    const message = await consumer.next({ expires: 5_000 });
    if (message === null) break;
    reports.push(hostReportCodec.decode(message.data));
    pending = message.info.pending;
  }
  return reports;
}

/**
 * Checks that in the span each host reported each of its ticks once, that InfluxDB has a point for each sample of
 * these reports, and that it has no other. Returns the reports.
 */
export async function nothingIsLost(t: Test, span: Span): Promise<HostReport[]> {
  const expected = (reports: readonly HostReport[]): Counts => ({
    host: reports.length,
    vm: reports.reduce((sum, { vms }) => sum + vms.filter(({ counted }) => counted).length, 0),
  });
  const startedMs = performance.now();
  const { reports, points } = await until(
    `every sample from ${new Date(span.fromMs).toISOString()} on is in InfluxDB`,
    settleTimeoutMs,
    async () => ({ reports: await reportsIn(span), points: await pointsIn(span) }),
    (seen) =>
      hosts.every(({ uuid }) => missingTicks(seen.reports, uuid, span).length === 0) &&
      JSON.stringify(seen.points) === JSON.stringify(expected(seen.reports)),
  ).catch(async (error: unknown) => {
    // The checks below then report what is wrong, one line each.
    t.comment(error instanceof Error ? error.message.slice(0, 500) : String(error));
    return { reports: await reportsIn(span), points: await pointsIn(span) };
  });
  for (const { name, uuid } of hosts) {
    const ticks = reports.filter(({ hostId }) => hostId === uuid).map(({ tickAtMs }) => tickAtMs);
    t.strictSame(missingTicks(reports, uuid, span), [], `${name} reported every tick`);
    t.equal(new Set(ticks).size, ticks.length, `${name} reported no tick twice`);
  }
  t.strictSame(points, expected(reports), 'InfluxDB has a point for each sample, and no other');
  t.comment(
    `${reports.length} reports, ${points.host + points.vm} samples in InfluxDB, ${seconds(performance.now() - startedMs)} to settle`,
  );
  return reports;
}

/** Ticks of the host without a report, as ISO times. */
function missingTicks(reports: readonly HostReport[], hostId: string, { fromMs, toMs }: Span): string[] {
  const own = reports.filter((report) => report.hostId === hostId);
  const intervalMs = own[0]?.intervalMs;
  if (intervalMs === undefined) return ['all of them'];
  const seen = new Set(own.map(({ tickAtMs }) => tickAtMs));
  const missing: string[] = [];
  for (let at = Math.ceil(fromMs / intervalMs) * intervalMs; at < toMs; at += intervalMs)
    if (!seen.has(at)) missing.push(new Date(at).toISOString());
  return missing;
}

interface Counts {
  readonly host: number;
  readonly vm: number;
}

/** How many samples of hosts and of VMs InfluxDB holds in the span. */
async function pointsIn({ fromMs, toMs }: Span): Promise<Counts> {
  const { hostname, port } = new URL(influxUrl);
  const influx = new InfluxDB({ host: hostname, port: Number(port), database });
  const count = async (measurement: string, field: string): Promise<number> => {
    const rows = await influx.query<{ points: number }>(
      `SELECT count("${field}") AS points FROM "${measurement}" WHERE time >= ${fromMs}ms AND time < ${toMs}ms`,
    );
    return rows[0]?.points ?? 0;
  };
  return { host: await count('host', 'interval_ms'), vm: await count('vm', 'state') };
}
