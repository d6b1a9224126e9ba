// `npm run sim`: runs seeds one after another and reports whether every promise was kept.
import { setMaxListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { PLANNER_USAGE, simulatePlanner } from './planner/main.ts';
import { plantOf, PLANT_NAMES } from './migrations/plants.ts';
import { runSeed, STEPS_MAX, type RunResult, type Violation } from './migrations/run.ts';
import { simulateTraces, TRACES_USAGE } from './traces/main.ts';

const USAGE = `usage: npm run sim -- [--seed N] [--count K] [--steps M] [--trace] [--plant NAME] [--json]
  --seed N      the first seed (1)
  --count K     how many seeds from there on (1)
  --steps M     at most so many events in each (${STEPS_MAX})
  --trace       prints all events
  --plant NAME  with a planted bug: ${PLANT_NAMES.join(', ')}
  --json        one JSON object as the last line, everything else on stderr
${TRACES_USAGE}${PLANNER_USAGE}`;

interface Options {
  readonly seed: number;
  readonly count: number;
  readonly steps: number;
  readonly isTraced: boolean;
  readonly plant: string | undefined;
  readonly isJson: boolean;
}

function parse(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1' },
      steps: { type: 'string', default: String(STEPS_MAX) },
      trace: { type: 'boolean', default: false },
      plant: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    seed: whole('seed', values.seed, 0),
    count: whole('count', values.count, 1),
    steps: whole('steps', values.steps, 1),
    isTraced: values.trace,
    plant: values.plant,
    isJson: values.json,
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new Error(`--${name} must be a whole number from ${least} on`);
  return value;
}

interface Total {
  steps: number;
  migrations: number;
  readonly endedBy: Record<string, number>;
  readonly violations: Violation[];
}

async function runAll({ seed: first, count, steps, plant, isTraced }: Options): Promise<Total> {
  const total: Total = { steps: 0, migrations: 0, endedBy: {}, violations: [] };
  for (let seed = first; seed < first + count; seed += 1) {
    const result = await runSeed(seed, {
      stepsMax: steps,
      keepsTrace: isTraced,
      ...(plant === undefined ? {} : { plant: { name: plant, plant: plantOf(plant) } }),
    });
    add(total, result);
    for (const line of result.trace) process.stderr.write(`${line}\n`);
    if (result.violation !== undefined) report(result.violation, isTraced);
  }
  return total;
}

function add(total: Total, result: RunResult): void {
  total.steps += result.steps;
  total.migrations += result.migrations;
  for (const [word, count] of Object.entries(result.endedBy))
    total.endedBy[word] = (total.endedBy[word] ?? 0) + count;
  if (result.violation !== undefined) total.violations.push(result.violation);
}

function report({ invariant, message, replay, trace, step }: Violation, isTraced: boolean): void {
  const lines = isTraced ? [] : trace.map((line) => `  ${line}`);
  process.stderr.write(
    `${[...lines, `BROKEN ${invariant} at step ${step}: ${message}`, `replay: ${replay}`].join('\n')}\n`,
  );
}

async function main(): Promise<void> {
  // Many things in a world wait with one signal; its listeners end with the world.
  setMaxListeners(0);
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'traces') {
    simulateTraces(rest);
    return;
  }
  if (first === 'planner') {
    simulatePlanner(rest);
    return;
  }
  const options = parse(process.argv.slice(2));
  const startedAtMs = performance.now();
  const total = await runAll(options);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const ok = total.violations.length === 0;
  const { steps, migrations, endedBy, violations } = total;
  const { seed, count: runs } = options;
  process.stderr.write(
    `${runs} seeds from ${seed}: ${steps} steps, ${migrations} migrations, ${violations.length} broken promises, ${seconds.toFixed(1)} s\n`,
  );
  if (options.isJson) {
    const reported = violations.map((violation) => ({ ...violation, trace: undefined }));
    process.stdout.write(
      `${JSON.stringify({ suite: 'sim', ok, seed, runs, violations: reported, steps, migrations, endedBy, seconds })}\n`,
    );
  }
  process.exitCode = ok ? 0 : 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
});
