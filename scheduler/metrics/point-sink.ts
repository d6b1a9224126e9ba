// Writes points to InfluxDB and repeats each write until InfluxDB answers; logs each outage and its end once.
import { Backoff } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Influx, WriteResult } from './influx.ts';
import type { Lines } from './line-protocol.ts';
import type { RetentionPolicy } from './rollups.ts';

// InfluxDB's own write-timeout is 10 s, so no answer will come much later.
const WRITE_TIMEOUT_MS = 15 * SECOND_MS;
// Each statement takes milliseconds, but much longer on a busy InfluxDB.
const SCHEMA_TIMEOUT_MS = 30 * SECOND_MS;
const BACKOFF_FIRST_MS = SECOND_MS / 4;
// A longer wait would only delay catching up; NATS holds the samples meanwhile.
const BACKOFF_MAX_MS = 15 * SECOND_MS;

export interface PointSink {
  /** Resolves when the schema exists; keeps trying until then. */
  ready(): Promise<void>;
  /** Resolves with InfluxDB's answer; keeps trying until there is one. */
  write(lines: Lines, policy: RetentionPolicy['name']): Promise<WriteResult>;
  /** Duration of the latest answered write. */
  writeMs(): number | undefined;
}

export interface PointSinkParts {
  readonly influx: Influx;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends all waiting: pending calls reject with its reason. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1 */
  readonly random: () => number;
}

export function createPointSink({ influx, clock, logger, signal, random }: PointSinkParts): PointSink {
  let schema: Promise<void> | undefined;
  let latestWriteMs: number | undefined;
  let outage: { readonly sinceMs: number; code: string } | undefined;

  const madeSchema = (): Promise<void> => (schema ??= makeSchema());

  const makeSchema = async (): Promise<void> => {
    try {
      await influx.ensureSchema({ signal, timeoutMs: SCHEMA_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof EvenkeelError && error.code === 'PERMISSION_DENIED')) throw error;
      // A user that may only write is enough once an administrator, or an earlier start as one, has created the schema.
      logger.warn(
        { cause: error.message },
        'cannot check the InfluxDB schema, using it unchanged: influx.username is not an administrator of InfluxDB',
      );
    }
  };

  const noteFailure = (error: unknown): void => {
    // After an outage this may be another, empty InfluxDB.
    schema = undefined;
    const code = error instanceof EvenkeelError ? error.code : 'UNKNOWN';
    if (outage?.code === code) return;
    outage = { sinceMs: outage?.sinceMs ?? clock.monotonicMs(), code };
    logger.warn({ code, cause: messageOf(error) }, 'cannot write to InfluxDB; samples wait in NATS');
  };

  const noteSuccess = (): void => {
    if (outage === undefined) return;
    logger.info({ outageMs: Math.round(clock.monotonicMs() - outage.sinceMs) }, 'writing to InfluxDB again');
    outage = undefined;
  };

  const persist = async <T>(work: () => Promise<T>): Promise<T> => {
    const backoff = new Backoff({ firstMs: BACKOFF_FIRST_MS, maxMs: BACKOFF_MAX_MS, random });
    for (;;) {
      try {
        const result = await work();
        noteSuccess();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        noteFailure(error);
        await clock.sleep(backoff.nextMs(), signal);
      }
    }
  };

  return {
    ready: () => persist(madeSchema),
    write: (lines, policy) =>
      persist(async () => {
        await madeSchema();
        const startMs = clock.monotonicMs();
        const result = await influx.write(lines, policy, { signal, timeoutMs: WRITE_TIMEOUT_MS });
        latestWriteMs = clock.monotonicMs() - startMs;
        return result;
      }),
    writeMs: () => latestWriteMs,
  };
}

/** A line that InfluxDB will never accept, or not while its index is full, with its reason. */
export interface RejectedPoint {
  readonly index: number;
  readonly reason: string;
  readonly isFull: boolean;
}

/** Writes all lines; when InfluxDB rejects some, finds them by writing halves, so that all others are stored. */
export async function writeAll(
  lines: readonly string[],
  write: (lines: Lines) => Promise<WriteResult>,
): Promise<RejectedPoint[]> {
  const result = await write({ text: lines.join('\n'), count: lines.length });
  if (result.kind === 'written') return [];
  if (result.isWhole || lines.length === 1)
    return lines.map((_line, index) => ({ index, reason: result.reason, isFull: result.isFull }));
  const middle = Math.ceil(lines.length / 2);
  const first = await writeAll(lines.slice(0, middle), write);
  const second = await writeAll(lines.slice(middle), write);
  return [...first, ...second.map((point) => ({ ...point, index: point.index + middle }))];
}
