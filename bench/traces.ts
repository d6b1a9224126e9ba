// Compares evenkeel's planner over real utilisation traces with published policies, and the simulator with CloudSim 3.0.3.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runDay } from '../sim/traces/main.ts';
import type { Figures } from '../sim/traces/meter.ts';
import { readTraces, type TraceDay } from '../sim/traces/read.ts';
import { CLOUDSIM_ROWS } from './cloudsim-rows.ts';
import { atMost, median, result, type BenchResult, type Goal } from './result.ts';

const DEFAULT_DIR = 'traces';
const KINDS = ['planetlab', 'bitbrains'] as const;

/** The figures of each policy, by name, in the order of the days. */
type ByPolicy = Readonly<Record<string, readonly Figures[]>>;

/** `dir` holds `planetlab/` and `bitbrains/`, or is itself one of them; a missing one is skipped with a message. */
export function benchTraces(dir = DEFAULT_DIR): BenchResult {
  const goals: Goal[] = [];
  const raw: Record<string, ByPolicy> = {};
  for (const kind of KINDS) {
    const days = daysOf(dir, kind);
    if (days.length === 0) {
      console.error(
        `skipped ${kind}: no traces in ${join(dir, kind)}; give the folder with --dir (docs/TRACES.md)`,
      );
      continue;
    }
    const figures = kind === 'planetlab' ? run(days, PACKERS) : run(days, SPREADERS);
    raw[kind] = figures;
    goals.push(
      ...(kind === 'planetlab'
        ? [...cloudSimGoals(days), ...packingGoals(days, figures)]
        : spreadGoals(figures)),
    );
  }
  return result('traces', goals, raw);
}

function daysOf(dir: string, kind: TraceDay['kind']): TraceDay[] {
  const own = join(dir, kind);
  if (existsSync(own)) return readTraces(own);
  return existsSync(dir) && !KINDS.some((other) => existsSync(join(dir, other)))
    ? readTraces(dir).filter((day) => day.kind === kind)
    : [];
}

const PACKERS = ['evenkeel', 'mfped_mmt_1.2', 'lr_mmt_1.2'];
const SPREADERS = ['evenkeel', 'none', 'threshold-least-loaded', 'cloudstack', 'proxmox', 'sandpiper'];

function run(days: readonly TraceDay[], policies: readonly string[]): ByPolicy {
  return Object.fromEntries(
    policies.map((policy) => [policy, days.map((day) => runDay(day, policy).figures)]),
  );
}

/** Distance of the simulator from CloudSim's own outputs, in the worst row of the given days. */
function cloudSimGoals(days: readonly TraceDay[]): Goal[] {
  let [energy, migrations, rows] = [0, 0, 0];
  for (const day of days)
    for (const row of CLOUDSIM_ROWS.filter((each) => each.day === day.day)) {
      const { figures } = runDay(day, row.policy, true, row.keepsVms);
      energy = Math.max(energy, Math.abs(figures.energyKwh - row.energyKwh) / row.energyKwh);
      migrations = Math.max(
        migrations,
        Math.abs(figures.migrations - row.migrations) / Math.max(1, row.migrations),
      );
      rows += 1;
    }
  if (rows === 0) return [];
  return [
    atMost(`distance from CloudSim's energy, worst of ${rows} rows`, energy * 100, '%', 0.5),
    atMost(`distance from CloudSim's migrations, worst of ${rows} rows`, migrations * 100, '%', 1),
  ];
}

type Measure = readonly [name: string, unit: string, of: (figures: Figures) => number];

const PACKING_MEASURES: readonly Measure[] = [
  ['energy', 'kWh', ({ energyKwh }) => energyKwh],
  ['migrations', '', ({ migrations }) => migrations],
  ['active host time with shortage', '%', ({ shortageTimeRatio }) => shortageTimeRatio * 100],
  ['ESV', 'x 1e-3', ({ esv }) => esv * 1e3],
];

// The day that is used most often to judge consolidation, and its goals.
const JUDGED_DAY = '20110303';
const JUDGED_LIMITS = [130, 6_000, 0.5];

function packingGoals(days: readonly TraceDay[], figures: ByPolicy): Goal[] {
  const own = figures['evenkeel'] ?? [];
  const others = Object.entries(figures).filter(([policy]) => policy !== 'evenkeel');
  print(figures, PACKING_MEASURES);
  const losses = days.flatMap((_, at) =>
    others.flatMap(([, theirs]) =>
      PACKING_MEASURES.filter(([, , of]) => value(own, at, of) >= value(theirs, at, of)),
    ),
  );
  const judged = days.findIndex(({ day }) => day === JUDGED_DAY);
  return [
    atMost(
      `consolidation: cells not better than ${others.map(([policy]) => policy).join(' or ')}`,
      losses.length,
      '',
      0,
    ),
    ...(judged < 0
      ? []
      : JUDGED_LIMITS.map((limit, index) => {
          const [name = '', unit = '', of] = PACKING_MEASURES[index] ?? [];
          return atMost(
            `${JUDGED_DAY}: ${name}`,
            of === undefined ? NaN : value(own, judged, of),
            unit,
            limit,
          );
        })),
  ];
}

const SPREAD_MEASURES: readonly Measure[] = [
  ['not served', 'GHz s', ({ unservedMipsSeconds }) => unservedMipsSeconds / 1000],
  ['host time with shortage', '%', ({ shortageTimeRatio }) => shortageTimeRatio * 100],
  ['moved', 'GiB', ({ megabytesMoved }) => megabytesMoved / 1024],
  ['migrations', '', ({ migrations }) => migrations],
];

/** A balancer that moves nothing cannot be beaten in bytes; one that acts must be beaten in both shortage and bytes. */
function spreadGoals(figures: ByPolicy): Goal[] {
  print(figures, SPREAD_MEASURES);
  const own = figures['evenkeel'] ?? [];
  const goals: Goal[] = [];
  for (const [policy, theirs] of Object.entries(figures).filter(([name]) => name !== 'evenkeel'))
    for (const [name, unit, of] of SPREAD_MEASURES.slice(0, 3)) {
      const limit = median(theirs.map(of));
      if (name === 'moved' && limit === 0) continue;
      const mine = median(own.map(of));
      goals.push({
        name: `spread: ${name}`,
        value: mine,
        unit,
        goal: `less than ${policy}'s ${limit}`,
        ok: mine < limit,
      });
    }
  const memory = Math.max(...own.map(({ memoryPeakRatio }) => memoryPeakRatio));
  return [...goals, atMost('spread: memory allocated on the fullest host', memory * 100, '%', 90)];
}

function value(figures: readonly Figures[], at: number, of: (figures: Figures) => number): number {
  const day = figures[at];
  return day === undefined ? NaN : of(day);
}

/** Prints medians over the days. */
function print(figures: ByPolicy, measures: readonly Measure[]): void {
  for (const [policy, days] of Object.entries(figures)) {
    const cells = measures.map(([name, unit, of]) =>
      `${name} ${Number(median(days.map(of)).toPrecision(4))} ${unit}`.trim(),
    );
    console.error(`median of ${days.length} days  ${policy.padEnd(24)} ${cells.join(', ')}`);
  }
}
