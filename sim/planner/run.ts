// Plans one random cluster, judges the plan, applies it and plans again.
import { planMoves } from '../../scheduler/planner/plan-moves.ts';
import type { PlannedMove } from '../../scheduler/planner/contract/plan-types.ts';
import { DEFAULT_PLAN_POLICY, type PlanPolicy } from '../../scheduler/planner/contract/policy.ts';
import {
  readSnapshot,
  type Figures,
  type HotSpot,
  type LoadFigures,
  type Snapshot,
  type SnapshotHost,
  type SnapshotVm,
} from '../../scheduler/planner/contract/snapshot.ts';
import { faultsOf } from './judge.ts';
import { randomCluster } from './random-cluster.ts';

export interface ClusterResult {
  readonly moves: number;
  /** Number of plans with moves, before the first without. */
  readonly plans: number;
  readonly faults: readonly string[];
}

// A VM moves once in a plan: whatever needs a second move of it is left to the next plan.
const PLANS_MAX = 4;

export function runCluster(seed: number, policy: PlanPolicy = policyOf(seed)): ClusterResult {
  let snapshot = randomCluster(seed);
  const faults: string[] = [];
  const visited = new Set(snapshot.vms.map(({ uuid, hostId }) => `${uuid} on ${hostId}`));
  let moves = 0;
  for (let plans = 0; plans <= PLANS_MAX; plans += 1) {
    const plan = planMoves(snapshot, policy);
    faults.push(...faultsOf(snapshot, policy, plan));
    const replayed = planMoves(readSnapshot(JSON.parse(JSON.stringify(snapshot))), policy);
    if (JSON.stringify(replayed) !== JSON.stringify(plan))
      faults.push('the snapshot from JSON gives another plan');
    if (plan.moves.length === 0) return { moves, plans, faults };
    for (const { vmUuid, targetHostId, vmName } of plan.moves) {
      const place = `${vmUuid} on ${targetHostId}`;
      if (visited.has(place)) faults.push(`${vmName} goes back to ${targetHostId}`);
      visited.add(place);
    }
    moves += plan.moves.length;
    snapshot = applied(snapshot, plan.moves);
  }
  return {
    moves,
    plans: PLANS_MAX,
    faults: [...faults, `${PLANS_MAX + 1} plans one after the other had moves`],
  };
}

/** Every fourth cluster is planned with evenness. */
function policyOf(seed: number): PlanPolicy {
  return { ...DEFAULT_PLAN_POLICY, evenness: seed % 4 === 0 };
}

/** The snapshot once all moves have ended, as the next samples would show it; VMs that moved cool down. */
function applied(snapshot: Snapshot, moves: readonly PlannedMove[]): Snapshot {
  const targets = new Map(moves.map(({ vmUuid, targetHostId }) => [vmUuid, targetHostId]));
  const vms = snapshot.vms.map((vm) => arrived(vm, targets.get(vm.uuid), snapshot.atMs));
  const hosts = snapshot.hosts.map((host) => {
    const gone = snapshot.vms.filter(({ uuid, hostId }) => hostId === host.hostId && targets.has(uuid));
    const come = snapshot.vms.filter(({ uuid }) => targets.get(uuid) === host.hostId);
    return gone.length + come.length === 0 ? host : changed(host, gone, come, snapshot.atMs);
  });
  const { moves: movesLeft, bytes: bytesLeft } = snapshot.budgets;
  const bytes = moves.reduce((sum, { terms }) => sum + terms.migrationBytes, 0);
  const budgets = {
    ...(movesLeft === undefined ? {} : { moves: Math.max(0, movesLeft - moves.length) }),
    ...(bytesLeft === undefined ? {} : { bytes: Math.max(0, bytesLeft - bytes) }),
  };
  return { ...snapshot, vms, hosts, budgets };
}

function arrived(vm: SnapshotVm, targetHostId: string | undefined, atMs: number): SnapshotVm {
  if (targetHostId === undefined) return vm;
  return {
    ...vm,
    hostId: targetHostId,
    held: { code: 'cooling_down', reason: 'it has moved', cure: 'wait', against: 'optional_moves' },
    leftHosts: [...(vm.leftHosts ?? []), { hostId: vm.hostId, atMs }],
  };
}

function changed(
  host: SnapshotHost,
  gone: readonly SnapshotVm[],
  come: readonly SnapshotVm[],
  atMs: number,
): SnapshotHost {
  const figures = (resource: 'cpu' | 'memory'): Figures => {
    const total = (figure: keyof Figures): number =>
      sum(come, ({ load }) => load[resource][figure]) - sum(gone, ({ load }) => load[resource][figure]);
    const before = host.load[resource];
    return {
      now: before.now + total('now'),
      peak: before.peak + total('peak'),
      forecast: before.forecast + total('forecast'),
    };
  };
  const allocated = (vm: SnapshotVm): number => vm.memoryMaxBytes;
  const load = { cpu: figures('cpu'), memory: figures('memory') };
  return {
    ...host,
    load,
    ...(host.hot === undefined ? {} : { hot: hotSpots(host, host.hot, load, atMs) }),
    memoryAllocatedBytes: host.memoryAllocatedBytes + sum(come, allocated) - sum(gone, allocated),
  };
}

/** Judged as detection would: hot until below exit, newly hot from entry on. */
function hotSpots(
  { cpuCores, memoryBytes }: SnapshotHost,
  before: readonly HotSpot[],
  { cpu, memory }: LoadFigures,
  atMs: number,
): HotSpot[] {
  const ratios = { cpu: cpu.now / cpuCores, memory: memory.now / memoryBytes };
  return (['cpu', 'memory'] as const).flatMap((resource) => {
    const was = before.find((spot) => spot.resource === resource);
    const { entryRatio, exitRatio } = DEFAULT_PLAN_POLICY[resource];
    if (ratios[resource] < (was === undefined ? entryRatio : exitRatio)) return [];
    return [was ?? { resource, sinceMs: atMs, level: 'hot' as const, evidence: 'filled by the plan' }];
  });
}

function sum(vms: readonly SnapshotVm[], amountOf: (vm: SnapshotVm) => number): number {
  return vms.reduce((total, vm) => total + amountOf(vm), 0);
}
