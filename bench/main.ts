// npm run bench -- NAME [--json] [--dir DIR] [--snapshots DIR]: runs one bench; text on stderr, with --json one object as the last line of stdout.
import { parseArgs } from 'node:util';
import { benchMigrate } from './migrate.ts';
import { benchPipeline } from './pipeline.ts';
import { benchPlanner } from './planner.ts';
import { rounded, type BenchResult } from './result.ts';
import { benchSampler } from './sampler.ts';
import { benchTraces } from './traces.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    dir: { type: 'string' },
    snapshots: { type: 'string' },
  },
});

const BENCHES: Readonly<Record<string, () => Promise<BenchResult> | BenchResult>> = {
  migrate: benchMigrate,
  pipeline: benchPipeline,
  planner: () => benchPlanner(values.snapshots),
  sampler: benchSampler,
  traces: () => benchTraces(values.dir),
};

const [name = ''] = positionals;
const bench = BENCHES[name];
if (bench === undefined || positionals.length > 1) {
  console.error(
    `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--dir DIR] [--snapshots DIR]`,
  );
  process.exitCode = 2;
} else {
  const outcome = await bench();
  for (const { name: goalName, value, unit, goal, ok } of outcome.goals)
    console.error(`${ok ? 'reached' : 'MISSED '}  ${goalName}: ${rounded(value)} ${unit} (goal: ${goal})`);
  if (values.json) console.log(JSON.stringify(outcome));
  process.exitCode = outcome.ok ? 0 : 1;
}
