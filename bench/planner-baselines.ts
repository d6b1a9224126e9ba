// Compares overload removed for each byte copied with simple balancers on the same snapshots.
import { cloudStack, proxmox } from '../sim/traces/baselines/dispersion.ts';
import { sandpiper, thresholdLeastLoaded } from '../sim/traces/baselines/hot-spots.ts';
import type { BaselineMove, SnapshotPolicy } from '../sim/traces/baselines/snapshot-model.ts';
import { planMoves } from '../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY } from '../scheduler/planner/contract/policy.ts';
import type { Snapshot } from '../scheduler/planner/contract/snapshot.ts';
import { GIB } from '../shared/units.ts';
import { loadsWith } from './planner-loads.ts';
import { snapshotOf } from './planner-snapshots.ts';

const BASELINES: Readonly<Record<string, SnapshotPolicy>> = {
  cloudStack,
  proxmox,
  sandpiper,
  thresholdLeastLoaded,
};

interface Relief {
  readonly moves: number;
  readonly copiedGib: number;
  /** Cores (4 GiB of memory count as one) beyond the entry levels that the plan removed. */
  readonly removed: number;
}

export interface Comparison {
  readonly baseline: string;
  readonly overload: number;
  readonly its: Relief;
  /** Evenkeel's plan, ended where it has removed as much as the baseline did. */
  readonly evenkeel: Relief;
  /** Evenkeel's whole plan. */
  readonly whole: Relief;
}

/** Runs each baseline over the same snapshots and sums up all figures. */
export function besideBaselines(size: { hosts: number; vms: number }, seeds: number): Comparison[] {
  const snapshots = Array.from({ length: seeds }, (_, at) =>
    snapshotOf({ ...size, kind: 'skewed', seed: at + 1 }),
  );
  const plans = snapshots.map((snapshot) => planMoves(snapshot, DEFAULT_PLAN_POLICY).moves);
  const total = (movesFor: (snapshot: Snapshot, at: number) => readonly BaselineMove[]): Relief =>
    sumOf(snapshots.map((snapshot, at) => reliefOf(snapshot, movesFor(snapshot, at))));
  return Object.entries(BASELINES).map(([baseline, plan]) => ({
    baseline,
    overload: snapshots.reduce((sum, snapshot) => sum + overload(snapshot, new Map()), 0),
    its: total(plan),
    evenkeel: total((snapshot, at) =>
      cut(snapshot, plans[at] ?? [], reliefOf(snapshot, plan(snapshot)).removed),
    ),
    whole: total((_, at) => plans[at] ?? []),
  }));
}

export function removedPerGib({ removed, copiedGib }: Relief): number {
  return copiedGib === 0 ? 0 : removed / copiedGib;
}

/** The first moves that together remove as much; all moves if they remove less. */
function cut(
  snapshot: Snapshot,
  moves: readonly BaselineMove[],
  removedMin: number,
): readonly BaselineMove[] {
  const end = moves.findIndex((_, at) => reliefOf(snapshot, moves.slice(0, at + 1)).removed >= removedMin);
  return removedMin <= 0 ? [] : end < 0 ? moves : moves.slice(0, end + 1);
}

function reliefOf(snapshot: Snapshot, moves: readonly BaselineMove[]): Relief {
  const targets = new Map(moves.map(({ vmUuid, targetHostId }): [string, string] => [vmUuid, targetHostId]));
  return {
    moves: moves.length,
    copiedGib: copiedBytes(snapshot, moves) / GIB,
    removed: overload(snapshot, new Map()) - overload(snapshot, targets),
  };
}

function sumOf(reliefs: readonly Relief[]): Relief {
  const sum = (figure: keyof Relief): number => reliefs.reduce((total, relief) => total + relief[figure], 0);
  return { moves: sum('moves'), copiedGib: sum('copiedGib'), removed: sum('removed') };
}

function copiedBytes({ vms }: Snapshot, moves: readonly BaselineMove[]): number {
  const used = new Map(vms.map(({ uuid, load }) => [uuid, load.memory.now]));
  return moves.reduce((sum, { vmUuid }) => sum + (used.get(vmUuid) ?? 0), 0);
}

/** Cores (4 GiB of memory count as one) beyond the entry levels, of all hosts, with the VMs moved to these targets. */
function overload(snapshot: Snapshot, targets: ReadonlyMap<string, string>): number {
  const { cpu, memory } = DEFAULT_PLAN_POLICY;
  return loadsWith(snapshot, targets).reduce((sum, { host, cores, memoryBytes }) => {
    const beyondCores = cores - cpu.entryRatio * host.cpuCores;
    const beyondBytes = memoryBytes - memory.entryRatio * host.memoryBytes;
    return sum + Math.max(0, beyondCores) + Math.max(0, beyondBytes) / (4 * GIB);
  }, 0);
}
