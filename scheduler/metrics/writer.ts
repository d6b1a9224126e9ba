// Runs the metrics writer: reports and events from JetStream into InfluxDB, acknowledged once InfluxDB has stored them.
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { NatsConnection } from 'nats';
import { pause, type Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { EVENTS_STREAM, SAMPLES_STREAM } from '../../shared/nats.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { decodeEvent, decodeReport } from './decode.ts';
import { createFullIndex } from './full-index.ts';
import { createGoneVms } from './gone-vms.ts';
import { createIndexWatch } from './index-watch.ts';
import type { Influx } from './influx.ts';
import { createIntake, type Intake } from './intake.ts';
import { runLane, type WrittenBatch } from './lane.ts';
import { createLateSamples } from './late.ts';
import { encodeLines } from './line-protocol.ts';
import type { Point } from './schema.ts';
import { createSetAside } from './set-aside.ts';
import type { InfluxSettings } from './settings.ts';
import { createPointSink } from './point-sink.ts';

/** State of the writer; counters count from its start. */
export interface WriterCounters {
  readonly pointsWritten: number;
  /** Points that InfluxDB will never accept, those over its limits included. */
  readonly pointsRefused: number;
  /** Points lost because InfluxDB's index takes no new series. */
  readonly pointsOverLimit: number;
  /** At least this share of a limit of InfluxDB's index is used; undefined until it was asked. */
  readonly indexUsedRatio: number | undefined;
  /** Messages with such points, or that could not be decoded; kept in the stream EVENKEEL_SET_ASIDE. */
  readonly messagesSetAside: number;
  /** Age of the oldest message that is held and not yet written; 0 when all are. */
  readonly lagMs: number;
  /** Duration of the latest write; undefined before the first. */
  readonly writeMs: number | undefined;
}

export interface MetricsWriter {
  /** False when the writer itself has failed. An outage of InfluxDB or NATS does not make it unhealthy. */
  isHealthy(): boolean;
  /** Stops at once: messages that InfluxDB has not confirmed are returned to NATS, and the next writer writes them. */
  stop(): Promise<void>;
  counters(): WriterCounters;
}

export interface MetricsWriterParts {
  readonly nats: NatsConnection;
  /** Closed by `stop`. */
  readonly influx: Influx;
  readonly settings: InfluxSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
}

// Once in one or two sampling intervals is enough for a graph of the writer itself.
const REPORT_INTERVAL_MS = 10 * SECOND_MS;
const REPORT_TIMEOUT_MS = 5 * SECOND_MS;
// Twice what was seen while InfluxDB was down: more would be a leak.
const LISTENERS_MAX = 32;

/** Returns at once and works in the background; InfluxDB and the streams need not be up yet. */
export function startMetricsWriter(parts: MetricsWriterParts): MetricsWriter {
  const { nats, influx, settings, clock, random, logger } = parts;
  const stopping = new AbortController();
  const signal = AbortSignal.any([parts.signal, stopping.signal]);
  // Two intakes, their lanes and writes all listen on it; node warns of a leak from 11 on.
  setMaxListeners(LISTENERS_MAX, signal);
  const sink = createPointSink({ influx, clock, logger, signal, random });
  const setAside = createSetAside(nats, logger);
  const late = createLateSamples({ influx, database: settings.database, clock, logger, signal });
  const samples = createIntake({ nats, stream: SAMPLES_STREAM, clock, random, logger, signal });
  const events = createIntake({ nats, stream: EVENTS_STREAM, clock, random, logger, signal });
  const intakes = [samples, events];
  const index = createIndexWatch({ influx, clock, random, logger, signal });
  const gone = createGoneVms({ influx, settings, clock, random, logger, signal });
  const full = createFullIndex({ clock, logger });
  let pointsWritten = 0;
  let pointsRefused = 0;
  const count = ({ written, refused }: WrittenBatch): void => {
    pointsWritten += written;
    pointsRefused += refused;
  };
  const counters = (): WriterCounters => ({
    pointsWritten,
    pointsRefused,
    pointsOverLimit: full.dropped(),
    indexUsedRatio: index.usedRatio(),
    messagesSetAside: setAside.count(),
    lagMs: lagMs(intakes, clock),
    writeMs: sink.writeMs(),
  });
  const { batchPoints, batchMs } = settings;
  const common = { sink, setAside, batchPoints, batchMs, clock, signal, full };
  let isEnded = false;
  const work = Promise.all([
    sink.ready(),
    samples.run(),
    events.run(),
    late.run(),
    index.run(),
    gone.run(),
    reportSelf({ influx, intakes, counters, clock, signal }),
    runLane({
      ...common,
      intake: samples,
      policy: 'raw',
      decode: decodeReport,
      onWritten: (batch) => {
        count(batch);
        late.note(batch.oldestAtMs, batch.newestAtMs);
      },
    }),
    runLane({ ...common, intake: events, policy: 'events', decode: decodeEvent, onWritten: count }),
  ]).catch((error: unknown) => {
    if (signal.aborted) return;
    isEnded = true;
    logger.error({ err: error }, 'the metrics writer failed; samples wait in NATS until a restart');
  });
  return {
    isHealthy: () => !isEnded,
    stop: async () => {
      stopping.abort(new Error('the metrics writer is stopping'));
      await work;
      await Promise.all(intakes.map((intake) => intake.handBack()));
      influx.close();
    },
    counters,
  };
}

function lagMs(intakes: readonly Intake[], clock: Clock): number {
  const oldestAtMs = Math.min(...intakes.map((intake) => intake.oldestAtMs() ?? Infinity));
  return oldestAtMs === Infinity ? 0 : Math.max(0, clock.nowMs() - oldestAtMs);
}

/** Writes the writer's own counters. A lost point does not matter: the next has the totals. */
async function reportSelf(parts: {
  readonly influx: Influx;
  readonly intakes: readonly Intake[];
  readonly counters: () => WriterCounters;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { influx, intakes, counters, clock, signal } = parts;
  while (await pause(clock, REPORT_INTERVAL_MS, signal)) {
    const waiting = await Promise.all(intakes.map((intake) => intake.countWaiting())).catch(() => undefined);
    const own = counters();
    const point: Point = {
      measurement: 'metrics_writer',
      tags: { host: hostname() },
      fields: {
        points_written: own.pointsWritten,
        points_refused: own.pointsRefused,
        points_over_limit: own.pointsOverLimit,
        index_used_ratio: own.indexUsedRatio,
        messages_set_aside: own.messagesSetAside,
        messages_waiting: waiting?.reduce((total, each) => total + each, 0),
        lag_ms: own.lagMs,
        write_ms: own.writeMs,
      },
      atMs: clock.nowMs(),
    };
    const wait = { signal, timeoutMs: REPORT_TIMEOUT_MS };
    await influx.write(encodeLines([point]), 'raw', wait).catch(() => undefined);
  }
}
