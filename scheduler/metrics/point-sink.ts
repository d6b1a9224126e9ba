// InfluxDB with patience: every write is repeated until InfluxDB answers it; an outage is logged once, with its end.
import { Backoff } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Influx, WriteResult } from './influx.ts';
import type { Lines } from './line-protocol.ts';
import type { RetentionPolicy } from './rollups.ts';

// InfluxDB's own write-timeout is 10 s; an answer that takes longer is not worth waiting for.
const WRITE_TIMEOUT_MS = 15 * SECOND_MS;
// Each statement takes milliseconds, a busy InfluxDB much longer.
const SCHEMA_TIMEOUT_MS = 30 * SECOND_MS;
const BACKOFF_FIRST_MS = SECOND_MS / 4;
// Longer would only delay the catching up; NATS holds the samples meanwhile.
const BACKOFF_MAX_MS = 15 * SECOND_MS;

export interface Store {
  /** Resolves when the schema is made; keeps trying until then. */
  ready(): Promise<void>;
  /** Resolves with InfluxDB's answer; keeps trying until there is one. */
  write(lines: Lines, policy: RetentionPolicy['name']): Promise<WriteResult>;
  /** How long the latest answered write took. */
  writeMs(): number | undefined;
}

export interface StoreParts {
  readonly influx: Influx;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends all waiting: what was asked then rejects with its reason. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1 */
  readonly random: () => number;
}

export function createStore({ influx, clock, logger, signal, random }: StoreParts): Store {
  let schema: Promise<void> | undefined;
  let latestWriteMs: number | undefined;
  let outage: { readonly sinceMs: number; code: string } | undefined;

  const madeSchema = (): Promise<void> => (schema ??= makeSchema());

  const makeSchema = async (): Promise<void> => {
    try {
      await influx.ensureSchema({ signal, timeoutMs: SCHEMA_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof EvenkeelError && error.code === 'PERMISSION_DENIED')) throw error;
      // A user that may only write is enough once an administrator, or an earlier start as one, has made the schema.
      logger.warn(
        { cause: error.message },
        'the InfluxDB schema is taken as it is: influx.username is no administrator of InfluxDB',
      );
    }
  };

  const noteFailure = (error: unknown): void => {
    // After an outage this may be another, empty InfluxDB.
    schema = undefined;
    const code = error instanceof EvenkeelError ? error.code : 'UNKNOWN';
    if (outage?.code === code) return;
    outage = { sinceMs: outage?.sinceMs ?? clock.monotonicMs(), code };
    logger.warn({ code, cause: messageOf(error) }, 'InfluxDB takes no samples; they wait in NATS');
  };

  const noteSuccess = (): void => {
    if (outage === undefined) return;
    logger.info(
      { outageMs: Math.round(clock.monotonicMs() - outage.sinceMs) },
      'InfluxDB takes samples again',
    );
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

/** A line that InfluxDB will never take, with its reason. */
export interface Refusal {
  readonly index: number;
  readonly reason: string;
}

/** Writes all lines; when InfluxDB refuses some, finds out which by writing halves, so that the others are in. */
export async function writeAll(
  lines: readonly string[],
  write: (lines: Lines) => Promise<WriteResult>,
): Promise<Refusal[]> {
  const result = await write({ text: lines.join('\n'), count: lines.length });
  if (result.kind === 'written') return [];
  if (result.isWhole || lines.length === 1)
    return lines.map((_line, index) => ({ index, reason: result.reason }));
  const middle = Math.ceil(lines.length / 2);
  const first = await writeAll(lines.slice(0, middle), write);
  const second = await writeAll(lines.slice(middle), write);
  return [...first, ...second.map(({ index, reason }) => ({ index: index + middle, reason }))];
}
