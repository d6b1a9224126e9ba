// Turns a plan into decisions for the book and the wire: one for each move, one for each host or VM that stays. Pure.
import type { Decision, Move } from '../../shared/gen/telemetry.ts';
import type { Plan, PlannedMove, Stay } from '../planner/contract/plan-types.ts';
import type { Snapshot } from '../planner/contract/snapshot.ts';
import { moveOf } from '../planner/words/move.ts';
import { modeOf } from '../planner/contract/modes.ts';

/** A decision before it is recorded, which gives it its ids. */
export type PlannedDecision = Omit<Decision, 'decisionId' | 'recordId' | 'move'> & {
  readonly move: Move | null;
};

// Keeps a decision at tens of kilobytes; the record has all refusals.
const REFUSALS_MAX = 100;

/** In the order of the plan: moves first, then what stays. */
export function decisionsOf(snapshot: Snapshot, plan: Plan): PlannedDecision[] {
  return [
    ...plan.moves.map((move) => decisionOfMove(snapshot, move)),
    ...plan.stays.filter(isNews).map((stay) => decisionOfStay(snapshot, stay)),
  ];
}

/** A hot host that the plan's moves relieve only in part is already reported by those moves. */
function isNews({ trigger, moves }: Stay): boolean {
  return trigger !== 'hot_host' || moves === 0;
}

export function decisionOfMove(snapshot: Snapshot, move: PlannedMove): PlannedDecision {
  const { sourceHostId, sourceHostName, trigger, evidence, refusals } = move;
  return {
    atMs: snapshot.atMs,
    hostId: sourceHostId,
    hostName: sourceHostName,
    mode: modeOf(move.mode),
    evidence: [...evidence],
    move: moveOf(move),
    noMoveReason: '',
    noMoveCode: '',
    refusals: refusals.slice(0, REFUSALS_MAX),
    overloadedSinceMs: hotSinceMs(snapshot, sourceHostId),
    trigger,
  };
}

function decisionOfStay(snapshot: Snapshot, stay: Stay): PlannedDecision {
  return {
    atMs: snapshot.atMs,
    hostId: stay.hostId,
    hostName: stay.hostName === '' ? stay.vmName : stay.hostName,
    mode: modeOf(snapshot.mode),
    evidence: [...stay.evidence],
    move: null,
    noMoveReason: stay.reason,
    noMoveCode: stay.code,
    refusals: stay.refusals.slice(0, REFUSALS_MAX),
    overloadedSinceMs: hotSinceMs(snapshot, stay.hostId),
    trigger: stay.trigger,
  };
}

/** Since when the host has been hot in any resource; 0 when it is not hot. */
function hotSinceMs({ hosts }: Snapshot, hostId: string): number {
  const hot = hosts.find((host) => host.hostId === hostId)?.hot ?? [];
  return hot.length === 0 ? 0 : Math.min(...hot.map(({ sinceMs }) => sinceMs));
}
