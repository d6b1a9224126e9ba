// Warns while InfluxDB's index still has room for new VMs.
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { FULL_CURE } from './full-index.ts';
import type { Influx, RowGroup } from './influx.ts';

export interface IndexWatch {
  /** At least this share of a limit is used, 0 while it is less than the first level; undefined until known. */
  usedRatio(): number | undefined;
  /** Runs until the signal aborts. */
  run(): Promise<void>;
}

// A cluster gains VMs over days. The statement sorts all values of a tag in InfluxDB, 0.1 s for 100,000.
const CHECK_INTERVAL_MS = HOUR_MS;
const FIRST_CHECK_MS = MINUTE_MS;
const ASK_TIMEOUT_MS = 30 * SECOND_MS;
// The first level leaves a third of the time until the limit to act.
const LEVELS = [0.7, 0.8, 0.9];
// What grows with VMs: the device of a NIC is its MAC.
const TAGS = ['uuid', 'name', 'device'];
// InfluxDB's own defaults, for a user that may not ask for its configuration.
const DEFAULT_LIMITS: Limits = { valuesPerTag: 100_000, seriesPerDatabase: 1_000_000 };

/** 0: no limit. */
interface Limits {
  readonly valuesPerTag: number;
  readonly seriesPerDatabase: number;
}

interface Used {
  readonly ratio: number;
  /** "vm.uuid" or "series". */
  readonly what: string;
  readonly limit: number;
}

export function createIndexWatch(parts: {
  readonly influx: Influx;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of checks. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): IndexWatch {
  const { influx, clock, random, logger, signal } = parts;
  let ratio: number | undefined;
  const ask = (statement: string): Promise<readonly RowGroup[]> =>
    influx.select(statement, { signal, timeoutMs: ASK_TIMEOUT_MS });
  const check = async (): Promise<void> => {
    try {
      const used = await mostUsed(ask);
      if (used.ratio > (ratio ?? 0) && used.ratio > 0) {
        const { what, limit } = used;
        const atLeast = Math.floor(used.ratio * limit);
        logger.warn({ what, atLeast, limit, cure: FULL_CURE }, 'InfluxDB will soon take no new VMs');
      }
      ratio = used.ratio;
    } catch (error) {
      if (!signal.aborted) logger.debug({ cause: messageOf(error) }, 'cannot ask how full the index is');
    }
  };
  return {
    usedRatio: () => ratio,
    run: async () => {
      let waitMs = FIRST_CHECK_MS;
      while (await pause(clock, waitMs * (0.75 + 0.5 * random()), signal)) {
        await check();
        waitMs = CHECK_INTERVAL_MS;
      }
    },
  };
}

type Ask = (statement: string) => Promise<readonly RowGroup[]>;

async function mostUsed(ask: Ask): Promise<Used> {
  const { valuesPerTag, seriesPerDatabase } = await limitsOf(ask);
  const used: Used[] = [await seriesUsed(ask, seriesPerDatabase)];
  if (valuesPerTag > 0) for (const tag of TAGS) used.push(await valuesUsed(ask, tag, valuesPerTag));
  return used.reduce((most, each) => (each.ratio > most.ratio ? each : most));
}

async function limitsOf(ask: Ask): Promise<Limits> {
  const groups = await ask("SHOW DIAGNOSTICS FOR 'config-data'").catch(() => []);
  const row = groups[0]?.rows[0];
  return {
    valuesPerTag: numberOf(row?.['max-values-per-tag']) ?? DEFAULT_LIMITS.valuesPerTag,
    seriesPerDatabase: numberOf(row?.['max-series-per-database']) ?? DEFAULT_LIMITS.seriesPerDatabase,
  };
}

async function seriesUsed(ask: Ask, limit: number): Promise<Used> {
  const [group] = await ask('SHOW SERIES CARDINALITY');
  const count = numberOf(group?.rows[0]?.['cardinality estimation']) ?? 0;
  return { ratio: limit > 0 ? levelOf(count / limit) : 0, what: 'series', limit };
}

function levelOf(ratio: number): number {
  return LEVELS.findLast((level) => ratio >= level) ?? 0;
}

/**
 * Whether a value stands at the place of each level. SHOW TAG VALUES CARDINALITY would answer at once, but leaves out the
 * values of dropped shards, which in 1.6 count against the limit until a restart (influxdata/influxdb #10500).
 */
async function valuesUsed(ask: Ask, tag: string, limit: number): Promise<Used> {
  let reached: Used = { ratio: 0, what: tag, limit };
  for (const ratio of LEVELS) {
    const offset = Math.max(0, Math.ceil(ratio * limit) - 1);
    const groups = await ask(`SHOW TAG VALUES WITH KEY = "${tag}" LIMIT 1 OFFSET ${offset}`);
    const [group] = groups.filter(({ rows }) => rows.length > 0);
    if (group === undefined) break;
    reached = { ratio, what: `${group.name}.${tag}`, limit };
  }
  return reached;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
