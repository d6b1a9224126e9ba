// Starts what metrics pass through, a real nats-server and a real influxd, and metrics writers between the two.
import type { NatsConnection } from 'nats';
import type { Test } from 'tap';
import { createInflux } from '../scheduler/metrics/influx.ts';
import { influxSchema, type InfluxSettings } from '../scheduler/metrics/settings.ts';
import { startMetricsWriter, type MetricsWriter } from '../scheduler/metrics/writer.ts';
import { systemClock, type Clock } from '../shared/clock.ts';
import { createLogger } from '../shared/log.ts';
import { loadSettings } from '../shared/settings.ts';
import { connectWithStreams } from './scheduler/metrics/reports.ts';
import { startInflux, startNats, type Service } from './services.ts';

export interface MetricsPipeline {
  readonly natsService: Service;
  readonly influxService: Service;
  /** The writers' connection; the streams exist. */
  readonly nats: NatsConnection;
  /** The defaults, with the address of this influxd. */
  readonly settings: InfluxSettings;
  /** Starts a writer whose settings differ in this from the defaults. */
  readonly startWriter: (over?: Partial<InfluxSettings>, clock?: Clock) => MetricsWriter;
}

/** Starts both servers; they and the writers end with the test. `data` is added to influxd's [data] section. */
export async function startMetricsPipeline(t: Test, data = ''): Promise<MetricsPipeline> {
  const [natsService, influxService] = await Promise.all([startNats(), startInflux({ data })]);
  const nats = await connectWithStreams(natsService.url);
  const writers: MetricsWriter[] = [];
  t.teardown(async () => {
    await Promise.all(writers.map((writer) => writer.stop()));
    await nats.close();
    await Promise.all([natsService.remove(), influxService.remove()]);
  });
  const settings = {
    ...loadSettings({ influx: influxSchema }, undefined, {}).influx,
    url: influxService.url,
  };
  return {
    natsService,
    influxService,
    nats,
    settings,
    startWriter: (over = {}, clock = systemClock) => {
      const own = { ...settings, ...over };
      const writer = startMetricsWriter({
        nats,
        influx: createInflux(own, clock),
        settings: own,
        clock,
        random: Math.random,
        logger: createLogger('test', 'fatal'),
        signal: new AbortController().signal,
      });
      writers.push(writer);
      return writer;
    },
  };
}
