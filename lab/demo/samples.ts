// Counts the samples that the agents published and those in InfluxDB, over the same span of ticks.
import { InfluxDB } from 'influx';
import type { NatsConnection, Subscription } from 'nats';
import { systemClock } from '../../shared/clock.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { connectNats, samplesSubject } from '../../shared/nats.ts';
import { hostReportCodec } from '../../shared/proto/load.ts';
import { hosts, influxUrl, natsUrl } from '../topology.ts';

/** From `fromMs` on and before `toMs`; `published` is the agent's own count. */
export interface Span {
  readonly hostId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly published: number;
}

/**
 * The span between the first and the last report of one agent by which everything before had been acknowledged: there
 * its counter is exact between two ticks. Undefined if there are no two such reports.
 */
export function spanOf(reports: readonly HostReport[]): Span | undefined {
  const settled = reports.filter(isSettled);
  const [first, last] = [settled[0], settled.at(-1)];
  if (!first?.agent || !last?.agent || first === last) return undefined;
  if (first.bootId !== last.bootId) {
    throw new Error(`agent of ${first.hostName}: restarted during the demo; see its journal`);
  }
  return {
    hostId: first.hostId,
    fromMs: first.tickAtMs,
    toMs: last.tickAtMs,
    published: last.agent.samplesPublished - first.agent.samplesPublished,
  };
}

function isSettled({ agent, sequence }: HostReport): boolean {
  return agent !== null && agent.reportsPublished === sequence - 1 && agent.reportsDropped === 0;
}

/** More than an hour of the demo's ticks from three hosts: a demo that hangs must not fill the memory. */
const reportsMax = 20_000;
const connectTimeoutMs = 10_000;

/** Collects the agents' reports from `listen` to `close`. */
export class SampleWatch {
  readonly #nats: NatsConnection;
  readonly #reports: HostReport[] = [];

  static async listen(): Promise<SampleWatch> {
    const settings = {
      servers: [natsUrl],
      user: '',
      passwordFile: '',
      tokenFile: '',
      credentialsFile: '',
      caFile: '',
    };
    return new SampleWatch(await connectNats(settings, 'evenkeel-demo', connectTimeoutMs));
  }

  private constructor(nats: NatsConnection) {
    this.#nats = nats;
    void this.#take(nats.subscribe(samplesSubject('*')));
  }

  spans(): Span[] {
    return hosts.map(({ name, uuid }) => {
      const span = spanOf(this.#reports.filter(({ hostId }) => hostId === uuid));
      if (span === undefined)
        throw new Error(`agent of ${name}: no two reports during the demo; see its journal`);
      return span;
    });
  }

  async close(): Promise<void> {
    await this.#nats.close();
  }

  async #take(subscription: Subscription): Promise<void> {
    for await (const message of subscription) {
      if (this.#reports.length < reportsMax) this.#reports.push(hostReportCodec.decode(message.data));
    }
  }
}

/** The writer waits up to a second for a batch to fill; a busy machine takes longer for the write. */
const arrivalTimeoutMs = 30_000;

/** Samples in InfluxDB over the spans; waits a while for the last ones. */
export async function countInInflux(spans: readonly Span[]): Promise<number> {
  const { hostname, port } = new URL(influxUrl);
  const influx = new InfluxDB({ host: hostname, port: Number(port), database: 'evenkeel' });
  const published = spans.reduce((sum, span) => sum + span.published, 0);
  const deadlineMs = systemClock.monotonicMs() + arrivalTimeoutMs;
  for (;;) {
    const counts = await Promise.all(spans.map((span) => countSpan(influx, span)));
    const found = counts.reduce((sum, count) => sum + count, 0);
    if (found >= published || systemClock.monotonicMs() > deadlineMs) return found;
    await systemClock.sleep(500);
  }
}

async function countSpan(influx: InfluxDB, { hostId, fromMs, toMs }: Span): Promise<number> {
  const where = `WHERE host_id = '${hostId}' AND time >= ${fromMs}ms AND time < ${toMs}ms`;
  // Fields that every point has: interval_ms in host, state in vm (scheduler/metrics/schema.ts).
  const queries = [
    `SELECT count(interval_ms) AS n FROM host ${where}`,
    `SELECT count(state) AS n FROM vm ${where}`,
  ];
  const answers = await Promise.all(queries.map((query) => influx.query<{ n: number }>(query)));
  return answers.reduce((sum, rows) => sum + (rows[0]?.n ?? 0), 0);
}
