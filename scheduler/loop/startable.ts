// Picks the moves of a plan that can begin now: they wait for no other move, and their slots are free. Pure.
import { refuseSlot, type Slot, type SlotLimits } from '../migrations/slot-limits.ts';
import type { PlannedMove } from '../planner/contract/plan-types.ts';
import type { SnapshotMigration } from '../planner/contract/snapshot.ts';

/** In the order of the plan; a move whose slots are taken does not hold up those behind it. */
export function startable(
  moves: readonly PlannedMove[],
  underWay: readonly SnapshotMigration[],
  limits: SlotLimits,
): PlannedMove[] {
  const held = underWay.map((migration) => slotOf(migration, limits));
  return moves.filter((move) => {
    const wanted = slotOf(move, limits);
    // The plan has already checked memory.
    const begins = move.after.length === 0 && refuseSlot(held, wanted, limits, undefined) === undefined;
    if (begins) held.push(wanted);
    return begins;
  });
}

/** A VM has at most one migration, so its uuid serves as the id. */
function slotOf(
  { vmUuid, sourceHostId, targetHostId }: SnapshotMigration,
  { bandwidthBytesPerSecond }: SlotLimits,
): Slot {
  return { migrationId: vmUuid, sourceHostId, targetHostId, memoryBytes: 0, bandwidthBytesPerSecond };
}
