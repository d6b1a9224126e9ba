// `npm run sim -- planner`: plans many random clusters and reports whether every plan kept rules, budgets and memory.
import { parseArgs } from 'node:util';
import { runCluster } from './run.ts';

export const PLANNER_USAGE = `       npm run sim -- planner [--seed N] [--count K] [--json]
  --seed N      the first random cluster (1)
  --count K     how many from there on (1000)
`;

// More would say the same.
const SHOWN_MAX = 20;

export function simulatePlanner(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const [first, count] = [Number(values.seed), Number(values.count)];
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1)
    throw new Error('--seed and --count must be whole numbers');
  const startedAtMs = performance.now();
  const violations: { seed: number; fault: string }[] = [];
  let moves = 0;
  let settledAtOnce = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    const result = runCluster(seed);
    moves += result.moves;
    if (result.plans <= 1) settledAtOnce += 1;
    violations.push(...result.faults.map((fault) => ({ seed, fault })));
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  const ok = violations.length === 0;
  for (const { seed, fault } of violations.slice(0, SHOWN_MAX))
    process.stderr.write(`BROKEN ${fault}\nreplay: npm run sim -- planner --seed ${seed} --count 1\n`);
  process.stderr.write(
    `${count} clusters from seed ${first}: ${moves} moves, ${settledAtOnce} settled by the first plan, ${violations.length} broken promises, ${seconds.toFixed(1)} s\n`,
  );
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ suite: 'planner', ok, seed: first, runs: count, violations, moves, settledAtOnce, seconds })}\n`,
    );
  process.exitCode = ok ? 0 : 1;
}
