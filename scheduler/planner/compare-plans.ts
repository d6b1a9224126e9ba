// Compares two plans for one snapshot, move by move: what another policy would have done differently.
import type { Plan, PlannedMove } from './contract/plan-types.ts';

export interface Comparison {
  readonly same: readonly PlannedMove[];
  /** The same VM, but another target. */
  readonly elsewhere: readonly { readonly active: PlannedMove; readonly shadow: PlannedMove }[];
  readonly onlyActive: readonly PlannedMove[];
  readonly onlyShadow: readonly PlannedMove[];
}

/** Each move is in exactly one of the lists, in the order of its plan. */
export function comparePlans(active: Plan, shadow: Plan): Comparison {
  const [ofActive, ofShadow] = [lastByVm(active), lastByVm(shadow)];
  const same: PlannedMove[] = [];
  const elsewhere: { active: PlannedMove; shadow: PlannedMove }[] = [];
  const onlyActive: PlannedMove[] = [];
  for (const [vmUuid, move] of ofActive) {
    const other = ofShadow.get(vmUuid);
    if (other === undefined) onlyActive.push(move);
    else if (other.targetHostId === move.targetHostId) same.push(move);
    else elsewhere.push({ active: move, shadow: other });
  }
  const onlyShadow = [...ofShadow].flatMap(([vmUuid, move]) => (ofActive.has(vmUuid) ? [] : [move]));
  return { same, elsewhere, onlyActive, onlyShadow };
}

/** The last move of each VM: one that moves twice, to let another pass, counts once. */
function lastByVm({ moves }: Plan): Map<string, PlannedMove> {
  return new Map(moves.map((move) => [move.vmUuid, move]));
}
