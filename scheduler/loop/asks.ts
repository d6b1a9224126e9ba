// What a plan asks of people beside what they were asked already: new moves, and those that take the place of one that waits. Pure.
import type { Proposal } from '../../shared/gen/scheduler.ts';
import type { PlannedMove } from '../planner/contract/plan-types.ts';

/** A move to propose. */
export interface Ask {
  readonly move: PlannedMove;
  /** Proposals that wait for the same end, which it makes pointless. */
  readonly replaces: readonly Proposal[];
}

/**
 * `moves` are those of the plan that a person decides, `waiting` the proposals without an answer. A proposal for the same VM, or
 * for the same need of the same host, is kept as long as it would do; so samples that vary do not change what people read.
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

/** The proposal is this very move. */
export function isOf({ move }: Proposal, { vmUuid, targetHostId }: PlannedMove): boolean {
  return move?.vmUuid === vmUuid && move.targetHostId === targetHostId;
}

function isRival({ move, trigger }: Proposal, planned: PlannedMove): boolean {
  const isSameNeed = move?.sourceHostId === planned.sourceHostId && trigger === planned.trigger;
  return isSameNeed || move?.vmUuid === planned.vmUuid;
}
