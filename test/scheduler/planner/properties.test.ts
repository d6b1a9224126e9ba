// Tests the promises of every plan over random clusters: rules, memory at every moment, budgets, reasons, termination.
import t from 'tap';
import { planMoves } from '../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import { randomCluster } from '../../../sim/planner/random-cluster.ts';
import { runCluster } from '../../../sim/planner/run.ts';
import type { SnapshotHost } from '../../../scheduler/planner/contract/snapshot.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const RUNS = Number(process.env['RUNS'] ?? 500);
const SEEDS = Array.from({ length: RUNS }, (_, at) => SEED + at);

void t.test('plans keep rules, memory and budgets, give their reasons, and terminate', (t) => {
  t.comment(`SEED=${SEED} RUNS=${RUNS}; one again: npm run sim -- planner --seed N --count 1`);
  const broken = SEEDS.flatMap((seed) => runCluster(seed).faults.map((fault) => `seed ${seed}: ${fault}`));
  t.strictSame(broken, []);
  t.end();
});

function idle(at: number): SnapshotHost {
  const figures = { now: 0, peak: 0, forecast: 0 };
  return {
    hostId: `idle${at}`,
    hostName: `idle${at}`,
    state: 'ready',
    service: 'in_service',
    cpuCores: 4,
    memoryBytes: 2 ** 33,
    load: { cpu: figures, memory: figures },
    memoryAllocatedBytes: 0,
    traits: [],
    migrationsIn: 0,
    migrationsOut: 0,
  };
}

void t.test('idle hosts hide no hot host: what was relieved or reported still is', (t) => {
  t.comment(`SEED=${SEED} RUNS=${RUNS}`);
  const silenced = SEEDS.filter((seed) => {
    const snapshot = { ...randomCluster(seed), budgets: {} };
    const more = {
      ...snapshot,
      hosts: [...snapshot.hosts, ...Array.from({ length: 20 }, (_, at) => idle(at))],
    };
    const spoken = (of: typeof snapshot): Set<string> => {
      const { moves, stays, frozenReason } = planMoves(of, DEFAULT_PLAN_POLICY);
      if (frozenReason !== '') return new Set();
      return new Set([
        ...moves.map(({ sourceHostId }) => sourceHostId),
        ...stays.map(({ hostId }) => hostId),
      ]);
    };
    const among = spoken(more);
    const hot = snapshot.hosts.filter(
      ({ load, cpuCores, state }) =>
        state === 'ready' && load.cpu.now / cpuCores >= DEFAULT_PLAN_POLICY.cpu.entryRatio,
    );
    return hot.some(({ hostId, hot: given }) => given === undefined && !among.has(hostId));
  });
  t.strictSame(silenced, []);
  t.end();
});

void t.test('a plan that is cut short is still valid, and says so', (t) => {
  t.comment(`SEED=${SEED}`);
  const broken = SEEDS.slice(0, 50).filter((seed) => {
    const snapshot = randomCluster(seed);
    const whole = planMoves(snapshot, DEFAULT_PLAN_POLICY);
    const part = planMoves(snapshot, DEFAULT_PLAN_POLICY, { steps: Math.floor(whole.steps / 2) });
    const isCut = part.stopped !== 'complete' && part.steps <= whole.steps + 100;
    return whole.steps >= 2 && !isCut;
  });
  t.strictSame(broken, [], 'no seed breaks it');
  t.end();
});
