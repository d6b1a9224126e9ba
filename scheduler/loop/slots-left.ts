// Which moves of a plan can begin now: those that wait for none before them, as far as hosts and cluster have free slots. Pure.
import type { PlannedMove } from '../planner/contract/plan-types.ts';
import type { SnapshotMigration } from '../planner/contract/snapshot.ts';

export interface SlotLimits {
  readonly outPerHost: number;
  readonly inPerHost: number;
  /** In the whole cluster. */
  readonly concurrentMax: number;
}

/** In the order of the plan; a move whose slots are taken does not hold up those behind it. */
export function startable(
  moves: readonly PlannedMove[],
  underWay: readonly SnapshotMigration[],
  limits: SlotLimits,
): PlannedMove[] {
  const busy: SnapshotMigration[] = [...underWay];
  return moves.filter((move) => {
    const out = busy.filter(({ sourceHostId }) => sourceHostId === move.sourceHostId).length;
    const into = busy.filter(({ targetHostId }) => targetHostId === move.targetHostId).length;
    const begins =
      move.after.length === 0 &&
      out < limits.outPerHost &&
      into < limits.inPerHost &&
      busy.length < limits.concurrentMax;
    if (begins) busy.push(move);
    return begins;
  });
}
