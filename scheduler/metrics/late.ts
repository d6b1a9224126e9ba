// Downsamples what came too late for the continuous queries, for example after an outage of InfluxDB.
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';
import type { Influx } from './influx.ts';
import { backfillStatements, LATE_MS } from './rollups.ts';

// Late samples come in one stretch while the writer catches up; the span is downsampled when they stop coming.
const QUIET_MS = MINUTE_MS;
// One statement reads a span of raw samples into InfluxDB's memory; an hour of 20,000 series is some 15 million values.
const CHUNK_MS = HOUR_MS;
// The stream keeps no more (shared/nats.ts); older samples would come from a host with a wrong clock, every day.
const REACH_MS = 6 * HOUR_MS;
const STATEMENT_TIMEOUT_MS = 5 * MINUTE_MS;

export interface LateSamples {
  /** Records the time span of a written batch. */
  note(oldestAtMs: number, newestAtMs: number): void;
  /** Runs until the signal aborts. */
  run(): Promise<void>;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly notedMs: number;
}

export function createLateSamples(parts: {
  readonly influx: Influx;
  readonly database: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): LateSamples {
  const { influx, database, clock, logger, signal } = parts;
  let span: Span | undefined;
  const add = (fromMs: number, toMs: number): void => {
    span = {
      fromMs: Math.min(fromMs, span?.fromMs ?? fromMs),
      toMs: Math.max(toMs, span?.toMs ?? toMs),
      notedMs: clock.monotonicMs(),
    };
  };
  const thinOut = async ({ fromMs, toMs }: Span): Promise<void> => {
    try {
      for (let chunkMs = fromMs; chunkMs <= toMs; chunkMs += CHUNK_MS)
        for (const statement of backfillStatements(database, chunkMs, Math.min(toMs, chunkMs + CHUNK_MS)))
          await influx.execute(statement, { signal, timeoutMs: STATEMENT_TIMEOUT_MS });
      logger.info({ fromMs, toMs }, 'downsampled late samples');
    } catch (error) {
      if (signal.aborted) return;
      add(fromMs, toMs);
      logger.warn({ cause: messageOf(error) }, 'cannot downsample late samples yet; trying again');
    }
  };
  return {
    note: (oldestAtMs, newestAtMs) => {
      const nowMs = clock.nowMs();
      const fromMs = Math.max(oldestAtMs, nowMs - REACH_MS);
      const toMs = Math.min(newestAtMs, nowMs - LATE_MS);
      if (fromMs <= toMs) add(fromMs, toMs);
    },
    run: async () => {
      while (await pause(clock, QUIET_MS, signal)) {
        const current = span;
        if (current === undefined || clock.monotonicMs() - current.notedMs < QUIET_MS) continue;
        span = undefined;
        await thinOut(current);
      }
    },
  };
}
