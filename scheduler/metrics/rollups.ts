// Defines retention in InfluxDB: the retention policies, and the queries that downsample raw samples (pure).
import { SCHEMA, type FieldKind, type Measurement } from './schema.ts';
import type { InfluxSettings } from './settings.ts';
import { MINUTE_MS } from '../../shared/units.ts';

/** A retention policy; queries use its name: FROM "minute"."vm". */
export interface RetentionPolicy {
  readonly name: 'raw' | 'minute' | 'quarter_hour' | 'events';
  readonly days: number;
  /** InfluxDB drops a shard at a time; lengths follow InfluxDB's own advice for these ages. */
  readonly shardDays: number;
  /** True for the policy of queries and writes that name none. */
  readonly isDefault: boolean;
}

export function retentionPolicies(settings: InfluxSettings): readonly RetentionPolicy[] {
  return [
    { name: 'raw', days: settings.rawDays, shardDays: 1, isDefault: true },
    { name: 'minute', days: settings.minuteDays, shardDays: 7, isDefault: false },
    { name: 'quarter_hour', days: settings.quarterHourDays, shardDays: 30, isDefault: false },
    // Migrations and decisions are few and cannot be averaged.
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

// Each run computes the last `FOR` again, so that slightly late samples still count. It is at least twice `EVERY`, but not
// much more, since every run reads all of it. `backfillStatements` downsamples what comes even later.
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

/** A continuous query; `name` is the same in all versions, `statement` creates the query under a given name. */
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

/** Statements, in order, that compute the means of a span again, for samples too late for the continuous queries. */
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
  // Tags and names of fields stay the same, so that one dashboard query works on every policy.
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
