// Turns policies that decide from a snapshot, such as evenkeel's planner, into strategies of a replay.
import { planMoves } from '../../scheduler/planner/plan-moves.ts';
import type { PlanPolicy } from '../../scheduler/planner/contract/policy.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { SnapshotPolicy } from './baselines/snapshot-model.ts';
import type { Cluster } from './cluster.ts';
import { Observer, type ObserverOptions } from './observe.ts';
import type { TraceMove, Strategy } from './run.ts';

export interface BySnapshotOptions extends ObserverOptions {
  readonly place: (cluster: Cluster) => void;
  /** Decides every so many steps. */
  readonly everySteps: number;
}

export function bySnapshot(decide: SnapshotPolicy, options: BySnapshotOptions): Strategy {
  const observer = new Observer(options);
  let step = 0;
  return {
    place: options.place,
    decide: (cluster, seconds) => {
      observer.learn(cluster);
      step += 1;
      if (step % options.everySteps !== 0) return [];
      const atMs = seconds * SECOND_MS;
      return decide(observer.snapshot(cluster, atMs)).flatMap(
        ({ vmUuid, targetHostId, after = [] }): TraceMove[] => {
          const [vm, target] = [cluster.vms[Number(vmUuid)], cluster.hosts[Number(targetHostId)]];
          if (vm === undefined || target === undefined) return [];
          observer.noteMove(vm, atMs);
          return [{ vm, target, after }];
        },
      );
    },
  };
}

/** Moves that wait for others are kept: within a step of the traces the control loop plans many times, so they get their turn. */
export function evenkeelUnder(policy: PlanPolicy): SnapshotPolicy {
  return (snapshot) => planMoves(snapshot, policy).moves;
}
