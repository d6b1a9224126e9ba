// How samples are kept in InfluxDB: retention policies, and the queries that thin raw samples out into coarser ones (pure).
import { SCHEMA, type FieldKind, type Measurement } from './schema.ts';
import type { InfluxSettings } from './settings.ts';
import { MINUTE_MS } from '../../shared/units.ts';

/** A retention policy; its name stands in queries: FROM "minute"."vm". */
export interface RetentionPolicy {
  readonly name: 'raw' | 'minute' | 'quarter_hour' | 'events';
  readonly days: number;
  /** Data goes a shard at a time; lengths after InfluxDB's own advice for these ages. */
  readonly shardDays: number;
  /** The policy of queries and writes that name none. */
  readonly isDefault: boolean;
}

export function retentionPolicies(settings: InfluxSettings): readonly RetentionPolicy[] {
  return [
    { name: 'raw', days: settings.rawDays, shardDays: 1, isDefault: true },
    { name: 'minute', days: settings.minuteDays, shardDays: 7, isDefault: false },
    { name: 'quarter_hour', days: settings.quarterHourDays, shardDays: 30, isDefault: false },
    // Migrations and decisions are few and cannot be thinned out.
    { name: 'events', days: settings.quarterHourDays, shardDays: 30, isDefault: false },
  ];
}

interface Step {
  readonly from: 'raw' | 'minute';
  readonly into: 'minute' | 'quarter_hour';
  readonly intervalMs: number;
  readonly interval: string;
  readonly resample: string;
}

// Each run computes the last `FOR` anew, so that samples which come a little late are still counted; twice what `EVERY`
// asks for at the least, and no more, because every run reads all of it. What comes later still is thinned out by
// `backfillStatements`.
const STEPS: readonly Step[] = [
  {
    from: 'raw',
    into: 'minute',
    intervalMs: MINUTE_MS,
    interval: '1m',
    resample: 'RESAMPLE EVERY 5m FOR 10m',
  },
  {
    from: 'minute',
    into: 'quarter_hour',
    intervalMs: 15 * MINUTE_MS,
    interval: '15m',
    resample: 'RESAMPLE EVERY 15m FOR 45m',
  },
];

/** A sample written later than this after its tick may miss the continuous query: EVERY 5m FOR 10m looks back 5 to 10. */
export const LATE_MS = 5 * MINUTE_MS;

const THINNED: readonly Measurement[] = ['host', 'vm', 'vm_disk', 'vm_net', 'metrics_writer'];

/** A continuous query; `name` is free of what changes with a version, `statement` makes it under a given name. */
export interface ContinuousQuery {
  readonly name: string;
  readonly resample: string;
  readonly select: string;
}

export function continuousQueries(database: string): readonly ContinuousQuery[] {
  return STEPS.flatMap((step) =>
    THINNED.map((measurement) => ({
      name: `${measurement}_${step.into}`,
      resample: step.resample,
      select: rollup(database, measurement, step),
    })),
  );
}

/** Computes the coarser samples of a span anew: for what came too late for the continuous queries. In order of use. */
export function backfillStatements(database: string, fromMs: number, toMs: number): readonly string[] {
  return STEPS.flatMap((step) => {
    const start = Math.floor(fromMs / step.intervalMs) * step.intervalMs;
    const end = Math.ceil((toMs + 1) / step.intervalMs) * step.intervalMs;
    return THINNED.map((measurement) =>
      rollup(database, measurement, step, `WHERE time >= ${start}ms AND time < ${end}ms `),
    );
  });
}

function rollup(database: string, measurement: Measurement, step: Step, where = ''): string {
  const fields = Object.entries<FieldKind>(SCHEMA[measurement].fields)
    .map(([name, kind]) => `${AGGREGATES[kind]}("${name}") AS "${name}"`)
    .join(', ');
  // All tags are kept; the names of fields too, so that one dashboard query serves every policy.
  return (
    `SELECT ${fields} INTO "${database}"."${step.into}"."${measurement}" ` +
    `FROM "${database}"."${step.from}"."${measurement}" ${where}GROUP BY time(${step.interval}), *`
  );
}

const AGGREGATES: Readonly<Record<FieldKind, string>> = {
  gauge: 'mean',
  level: 'mean',
  counter: 'last',
  text: 'last',
  flag: 'last',
};
