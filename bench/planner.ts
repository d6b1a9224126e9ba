// Measures speed and quality of plans, against Ganeti's hbal and a bound by an exact solver.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planMoves } from '../scheduler/planner/plan-moves.ts';
import type { Plan } from '../scheduler/planner/contract/plan-types.ts';
import { DEFAULT_PLAN_POLICY, type PlanPolicy } from '../scheduler/planner/contract/policy.ts';
import { readSnapshot, type Snapshot } from '../scheduler/planner/contract/snapshot.ts';
import { SECOND_MS } from '../shared/units.ts';
import { besideBaselines, removedPerGib, type Comparison } from './planner-baselines.ts';
import { HBAL_PACKAGE, runHbal } from './planner-hbal.ts';
import { loadsWith } from './planner-loads.ts';
import { leastObjective } from './planner-optimum.ts';
import { snapshotOf, type Kind } from './planner-snapshots.ts';
import { atLeast, atMost, median, result, type BenchResult, type Goal } from './result.ts';

const SIZES = [
  { hosts: 4, vms: 40 },
  { hosts: 10, vms: 200 },
  { hosts: 32, vms: 640 },
  { hosts: 100, vms: 2_000 },
  { hosts: 1_000, vms: 20_000 },
] as const;
const KINDS: readonly Kind[] = ['skewed', 'memory', 'rules'];
const SPEED_RUNS = 7;
// By then V8 has compiled the code.
const WARM_UP_RUNS = 3;
const MIDDLE_MS_MAX = 100;
const LARGE_MS_MAX = 1_000;
// Ten times the hosts and VMs.
const GROWTH_MAX = 15;

const PEER_SEEDS = 20;
const PEER_SIZE = { hosts: 10, vms: 200 };
const PEER_SEEDS_WON_MIN = 18;
const SPEED_SIZE = { hosts: 32, vms: 640 };
// At that size hbal takes minutes without a limit.
const SPEED_MOVES = 10;
const SPEED_RATIO_MIN = 100;

const EXACT_SIZE = { hosts: 4, vms: 40 };
const EXACT_SEEDS = 5;
const EXACT_MOVES = 10;
const EXACT_RATIO_MAX = 1.03;

/** Both even out with as many moves: like hbal, gains are not weighed against noise or the price of copies. */
const EVEN: PlanPolicy = { ...DEFAULT_PLAN_POLICY, evenness: true, gainMin: 0, migrationPriceCores: 0 };

export async function benchPlanner(folder?: string): Promise<BenchResult> {
  execFileSync('bash', ['lab/setup.sh', HBAL_PACKAGE], { stdio: ['ignore', 2, 2] });
  const speed = KINDS.flatMap((kind) => SIZES.map((size) => timed(kind, size)));
  const given = folder === undefined ? [] : givenSnapshots(folder);
  const peers = Array.from({ length: PEER_SEEDS }, (_, at) => besideHbal(PEER_SIZE, at + 1));
  const fast = besideHbal(SPEED_SIZE, 1, SPEED_MOVES);
  const exact = [];
  for (let seed = 1; seed <= EXACT_SEEDS; seed += 1) exact.push(await besideOptimum(seed));
  const baselines = besideBaselines(PEER_SIZE, PEER_SEEDS);
  const memoryBytes = process.memoryUsage().rss;
  const goals = [
    ...speedGoals(speed),
    ...peerGoals(peers, fast),
    ...baselineGoals(baselines),
    atMost(
      'objective / bound of the optimum, 4x40, worst seed',
      Math.max(...exact.map(({ ratio }) => ratio)),
      '',
      EXACT_RATIO_MAX,
    ),
  ];
  return result('planner', goals, { speed, given, peers, fast, exact, baselines, memoryBytes });
}

interface Speed {
  readonly kind: Kind;
  readonly hosts: number;
  readonly vms: number;
  readonly ms: number;
  readonly moves: number;
  readonly stays: number;
  readonly objective: Plan['objective'];
}

function timed(kind: Kind, size: (typeof SIZES)[number]): Speed {
  const snapshot = snapshotOf({ ...size, kind, seed: 1 });
  const { ms, plan } = timePlan(snapshot);
  const { moves, stays, objective } = plan;
  console.error(
    `${size.hosts}x${size.vms} ${kind}: ${ms.toFixed(1)} ms, ${moves.length} moves, cost ${objective.before.toFixed(1)} to ${objective.after.toFixed(1)}`,
  );
  return { kind, ...size, ms, moves: moves.length, stays: stays.length, objective };
}

function timePlan(snapshot: Snapshot, policy = DEFAULT_PLAN_POLICY): { ms: number; plan: Plan } {
  let plan = planMoves(snapshot, policy);
  for (let run = 1; run < WARM_UP_RUNS; run += 1) plan = planMoves(snapshot, policy);
  const runsMs = Array.from({ length: SPEED_RUNS }, () => {
    const startedMs = performance.now();
    planMoves(snapshot, policy);
    return performance.now() - startedMs;
  });
  return { ms: median(runsMs), plan };
}

function speedGoals(speed: readonly Speed[]): Goal[] {
  const slowest = (hosts: number): number =>
    Math.max(...speed.filter((each) => each.hosts === hosts).map(({ ms }) => ms));
  return [
    atMost('plan at 100x2000, slowest kind', slowest(100), 'ms', MIDDLE_MS_MAX),
    atMost('plan at 1000x20000, slowest kind', slowest(1_000), 'ms', LARGE_MS_MAX),
    atMost('time at 1000x20000 / at 100x2000', slowest(1_000) / slowest(100), '', GROWTH_MAX),
  ];
}

/** Times the snapshots of a given folder, for information: they have no goals. */
function givenSnapshots(folder: string): { file: string; ms: number; moves: number; stays: number }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { ms, plan } = timePlan(readSnapshot(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
      console.error(
        `${file}: ${ms.toFixed(1)} ms, ${plan.moves.length} moves, ${plan.stays.length} stay as they are`,
      );
      return { file, ms, moves: plan.moves.length, stays: plan.stays.length };
    });
}

interface Worst {
  readonly cpuRatio: number;
  readonly memoryRatio: number;
}

interface Peer {
  readonly seed: number;
  readonly moves: number;
  readonly start: Worst;
  readonly hbal: Worst & { readonly ms: number };
  readonly evenkeel: Worst & { readonly ms: number; readonly moves: number };
}

/** Runs hbal first, without a limit for as long as it finds moves; evenkeel then gets as many moves. */
function besideHbal(size: { hosts: number; vms: number }, seed: number, movesMax?: number): Peer {
  const snapshot = snapshotOf({ ...size, kind: 'skewed', seed });
  const { homes, moves, ms } = runHbal(snapshot, movesMax);
  const own = timePlan(snapshot, { ...EVEN, movesMax: moves });
  const ownHomes = new Map(own.plan.moves.map(({ vmUuid, targetHostId }) => [vmUuid, targetHostId]));
  const peer = {
    seed,
    moves,
    start: worstOf(snapshot, new Map()),
    hbal: { ...worstOf(snapshot, homes), ms },
    evenkeel: { ...worstOf(snapshot, ownHomes), ms: own.ms, moves: own.plan.moves.length },
  };
  const ratiosOf = ({ cpuRatio, memoryRatio }: Worst): string =>
    `${cpuRatio.toFixed(3)}/${memoryRatio.toFixed(3)}`;
  console.error(
    `${size.hosts}x${size.vms} seed ${seed}, ${moves} moves: worst CPU/memory ${ratiosOf(peer.start)}, hbal ${ratiosOf(peer.hbal)} in ${ms.toFixed(0)} ms, evenkeel ${ratiosOf(peer.evenkeel)} in ${own.ms.toFixed(0)} ms`,
  );
  return peer;
}

/** Load of the fullest host in CPU and in memory, with the VMs where `homes` says. */
function worstOf(snapshot: Snapshot, homes: ReadonlyMap<string, string>): Worst {
  const loads = loadsWith(snapshot, homes);
  return {
    cpuRatio: Math.max(...loads.map(({ host, cores }) => cores / host.cpuCores)),
    memoryRatio: Math.max(...loads.map(({ host, memoryBytes }) => memoryBytes / host.memoryBytes)),
  };
}

// Summing the same figures in another order changes the last digits.
const TOLERANCE = 1e-9;

function peerGoals(peers: readonly Peer[], fast: Peer): Goal[] {
  const isWon = ({ hbal, evenkeel }: Peer): boolean =>
    evenkeel.cpuRatio <= hbal.cpuRatio + TOLERANCE && evenkeel.memoryRatio <= hbal.memoryRatio + TOLERANCE;
  const mean = (figure: keyof Worst): number =>
    peers.reduce((sum, { hbal, evenkeel }) => sum + evenkeel[figure] - hbal[figure], 0) / peers.length;
  return [
    atLeast(
      `of ${PEER_SEEDS} seeds at 10x200, both no worse than hbal`,
      peers.filter(isWon).length,
      '',
      PEER_SEEDS_WON_MIN,
    ),
    atMost('worst CPU, mean difference to hbal', mean('cpuRatio'), '', 0),
    atMost('worst memory, mean difference to hbal', mean('memoryRatio'), '', 0),
    atLeast(
      'time of hbal / of evenkeel at 32x640, 10 moves',
      fast.hbal.ms / fast.evenkeel.ms,
      '',
      SPEED_RATIO_MIN,
    ),
  ];
}

/** A baseline that removes nothing sets no goal; it is in the raw figures. */
function baselineGoals(baselines: readonly Comparison[]): Goal[] {
  return baselines
    .filter(({ its }) => its.removed > 0)
    .map(({ baseline, its, evenkeel, overload }) => {
      const share = Math.round((100 * its.removed) / overload);
      return atLeast(
        `overload removed per byte / ${baseline}, which removed ${share} % of it, at the same removed`,
        removedPerGib(evenkeel) / removedPerGib(its),
        '',
        1,
      );
    });
}

interface Exact {
  readonly seed: number;
  readonly objective: number;
  readonly bound: number;
  readonly ratio: number;
  readonly solverSeconds: number;
}

async function besideOptimum(seed: number): Promise<Exact> {
  const snapshot = snapshotOf({ ...EXACT_SIZE, kind: 'skewed', seed });
  const policy = { ...DEFAULT_PLAN_POLICY, evenness: true, gainMin: 0, movesMax: EXACT_MOVES };
  const plan = planMoves(snapshot, policy);
  const seconds = plan.moves.reduce((sum, { terms }) => sum + terms.migrationSeconds, 0);
  const price = (policy.migrationPriceCores * seconds * SECOND_MS) / policy.persistenceMaxMs;
  const objective = plan.objective.after + price;
  const startedMs = performance.now();
  const bound = await leastObjective(snapshot, policy);
  const solverSeconds = (performance.now() - startedMs) / SECOND_MS;
  console.error(
    `4x40 seed ${seed}: objective ${objective.toFixed(3)}, no plan is below ${bound.toFixed(3)} (${solverSeconds.toFixed(1)} s)`,
  );
  return { seed, objective, bound, ratio: objective / bound, solverSeconds };
}
