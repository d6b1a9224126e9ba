// Implements balancers that act on the imbalance of the cluster as a whole: CloudStack's and Proxmox's.
import type { SnapshotVm } from '../../../scheduler/planner/contract/snapshot.ts';
import { leastBy, SnapshotModel, type ModelHost, type SnapshotPolicy } from './snapshot-model.ts';

interface Rule {
  /** The load that is balanced. */
  readonly loadOf: (host: ModelHost) => number;
  /** The measure of imbalance. */
  readonly imbalanceOf: (loads: readonly number[]) => number;
  /** Imbalance above which it acts. */
  readonly threshold: number;
  /** Share of the imbalance that a move must remove. */
  readonly gainRatioMin: number;
  readonly movesMax: number;
}

/** CloudStack: drs.imbalance 0.4 acts on a coefficient of variation above 0.6, at most 50 moves in a run. */
export const cloudStack: SnapshotPolicy = evenedBy({
  loadOf: ({ cpuRatio }) => cpuRatio,
  imbalanceOf: variation,
  threshold: 0.6,
  gainRatioMin: 0,
  movesMax: 50,
});

/** Proxmox VE 9.2 divides the same measure by the root of n - 1, uses the mean of CPU and memory, and requires a tenth less
 * imbalance from a move. It makes one move at a time, so here as many as fit into a step of the traces. */
export const proxmox: SnapshotPolicy = evenedBy({
  loadOf: ({ cpuRatio, memoryRatio }) => (cpuRatio + memoryRatio) / 2,
  imbalanceOf: (loads) => variation(loads) / Math.sqrt(Math.max(1, loads.length - 1)),
  threshold: 0.3,
  gainRatioMin: 0.1,
  movesMax: 10,
});

function evenedBy(rule: Rule): SnapshotPolicy {
  return (snapshot) => {
    const model = new SnapshotModel(snapshot);
    while (model.moves.length < rule.movesMax) {
      const before = rule.imbalanceOf(model.hosts.map(rule.loadOf));
      if (before <= rule.threshold) break;
      const best = bestMove(model, rule);
      if (best === undefined || best.imbalance >= before * (1 - rule.gainRatioMin)) break;
      model.move(best.vm, best.source, best.target);
    }
    return model.moves;
  };
}

interface Found {
  readonly vm: SnapshotVm;
  readonly source: ModelHost;
  readonly target: ModelHost;
  readonly imbalance: number;
}

/** Tries every VM on every other host and returns the move that leaves the least imbalance. */
function bestMove(model: SnapshotModel, rule: Rule): Found | undefined {
  let best: Found | undefined;
  for (const source of model.hosts)
    for (const vm of model.movable(source)) {
      const targets = model.hosts.filter((target) => target !== source && target.hasMemoryFor(vm));
      const found = targets.map((target) => ({
        vm,
        source,
        target,
        imbalance: imbalanceAfter(model, rule, { vm, source, target }),
      }));
      best = leastBy(best === undefined ? found : [best, ...found], ({ imbalance }) => imbalance);
    }
  return best;
}

function imbalanceAfter(
  { hosts }: SnapshotModel,
  { loadOf, imbalanceOf }: Rule,
  { vm, source, target }: Omit<Found, 'imbalance'>,
): number {
  source.add(vm, -1);
  target.add(vm, 1);
  const imbalance = imbalanceOf(hosts.map(loadOf));
  target.add(vm, -1);
  source.add(vm, 1);
  return imbalance;
}

/** Standard deviation over mean. */
function variation(loads: readonly number[]): number {
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const variance = loads.reduce((sum, load) => sum + (load - mean) ** 2, 0) / loads.length;
  return mean > 0 ? Math.sqrt(variance) / mean : 0;
}
