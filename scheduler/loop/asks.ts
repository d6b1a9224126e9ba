// Picks the moves of a plan to propose in addition to the waiting proposals, or in place of one that has become useless. Pure.
import type { Proposal } from '../../shared/gen/scheduler.ts';
import type { PlannedMove } from '../planner/contract/plan-types.ts';

/** A move to propose. */
export interface Ask {
  readonly move: PlannedMove;
  /** Waiting proposals with the same purpose, which it makes pointless. */
  readonly replaces: readonly Proposal[];
}

/**
 * `moves` are the plan's moves that an operator decides, `waiting` the unanswered proposals. A proposal for the same VM, or for
 * the same need of the same host, is kept as long as it is useful, so varying samples do not change what operators read.
 */
export function newAsks(
  moves: readonly PlannedMove[],
  waiting: readonly Proposal[],
  isPointless: (proposal: Proposal) => boolean,
): Ask[] {
  const unplanned = waiting.filter((proposal) => !moves.some((move) => isOf(proposal, move)));
  return moves
    .filter((move) => !waiting.some((proposal) => isOf(proposal, move)))
    .map((move) => ({ move, replaces: unplanned.filter((proposal) => isRival(proposal, move)) }))
    .filter(({ replaces }) => replaces.every(isPointless));
}

/** True if the proposal is for exactly this move. */
export function isOf({ move }: Proposal, { vmUuid, targetHostId }: PlannedMove): boolean {
  return move?.vmUuid === vmUuid && move.targetHostId === targetHostId;
}

function isRival({ move, trigger }: Proposal, planned: PlannedMove): boolean {
  const isSameNeed = move?.sourceHostId === planned.sourceHostId && trigger === planned.trigger;
  return isSameNeed || move?.vmUuid === planned.vmUuid;
}
