// The plan: one function for every reason to move a VM, from a snapshot, a policy and limits alone (docs/PLANNER.md).
import { boardOf } from './board/board.ts';
import { Consolidation, emptyHostsOf } from './duties/consolidate.ts';
import { conflictsOf } from './words/conflicts.ts';
import { movesOf } from './words/describe.ts';
import { Draft } from './board/draft.ts';
import { Effort } from './board/effort.ts';
import { evacuate } from './duties/evacuate.ts';
import { evenOut } from './duties/evenness.ts';
import { totalCost } from './board/host-cost.ts';
import { repairMustRules } from './duties/must-rules.ts';
import { makeRoomForPending } from './duties/pending.ts';
import type { Plan, PlanLimits, PlannedMove } from './contract/plan-types.ts';
import type { PlanPolicy } from './contract/policy.ts';
import { judgeTouched, relieveHotHosts } from './duties/relieve.ts';
import { memoryOf, waitsOf, type MemoryBooked } from './duties/sequence.ts';
import { grantWishes } from './duties/should-rules.ts';
import type { Snapshot } from './contract/snapshot.ts';
import { staysOf, type Frozen } from './stays.ts';

/** @public What the control loop allows a plan: far more than a whole one of a thousand hosts has ever needed, well under a second. */
export const LIVE_STEPS_MAX = 5_000_000;

/** Moves in order of duty: draining hosts, must-rules, hot hosts, room for new VMs, wishes, and what the policy opts in to. */
export function planMoves(snapshot: Snapshot, policy: PlanPolicy, limits: PlanLimits = {}): Plan {
  const draft = new Draft(boardOf(snapshot, policy), new Effort(limits));
  const before = { memory: memoryOf(draft.board), cost: totalCost(draft.board) };
  const frozen = whyFrozen(snapshot, policy);
  if (frozen === undefined) fulfil(draft);
  else if (frozen.code === 'quiet') evacuate(draft);
  return {
    moves: allMoves(draft, before.memory),
    stays: staysOf(draft, frozen),
    conflicts: conflictsOf(draft.board),
    frozenReason: frozen?.code === 'frozen' ? frozen.reason : '',
    emptyHosts: policy.consolidation ? emptyHostsOf(draft) : [],
    objective: { before: before.cost, after: totalCost(draft.board) },
    stopped: draft.effort.stopped,
    steps: draft.effort.steps,
  };
}

/** Room that one duty leaves may be what another one lacked: each has its turn again until nothing is left to do. */
function fulfil(draft: Draft): void {
  const { consolidation, evenness } = draft.board.policy;
  let relieved = -1;
  for (let before = -1; before !== draft.changes && !draft.effort.isOver;) {
    before = draft.changes;
    judgeTouched(draft);
    evacuate(draft);
    repairMustRules(draft);
    // Evenness counts what hot hosts cost too, and finds the better moves for both.
    if (evenness) evenOut(draft);
    if (before === 0 && consolidation) new Consolidation(draft).relieve();
    if (relieved !== draft.changes) relieveHotHosts(draft);
    relieved = draft.changes;
    if (before === 0) makeRoomForPending(draft);
    grantWishes(draft);
  }
  if (consolidation) new Consolidation(draft).empty();
}

function allMoves(draft: Draft, before: MemoryBooked): PlannedMove[] {
  const waits = waitsOf(draft.board, draft.steps, before);
  const places: number[][] = [];
  const moves: PlannedMove[] = [];
  draft.steps.forEach((step, index) => {
    const made = movesOf(
      draft,
      step,
      (waits[index] ?? []).flatMap((wait) => places[wait] ?? []),
    );
    places.push(made.map((_, place) => moves.length + place));
    moves.push(...made);
  });
  return moves;
}

// A list that a person reads to the end.
const NAMES_SHOWN_MAX = 10;

/** Why nothing, or nothing that can wait, is moved anywhere. */
function whyFrozen({ mode, hosts, quietReason }: Snapshot, policy: PlanPolicy): Frozen | undefined {
  const unseen = hosts.filter(({ state }) => state !== 'ready').map(({ hostName }) => hostName);
  if (unseen.length > policy.unknownHostsMaxRatio * hosts.length)
    return {
      code: 'frozen',
      reason:
        `${unseen.length} of ${hosts.length} hosts are unknown or stale (${unseen.slice(0, NAMES_SHOWN_MAX).join(', ')}` +
        `${unseen.length > NAMES_SHOWN_MAX ? ', …' : ''}), which looks like a fault of the network or of evenkeel rather ` +
        `than of hosts; nothing is moved until they report again`,
    };
  if (mode === 'observe')
    return {
      code: 'observing',
      reason: 'the mode is observe; set it to recommend or auto to have moves proposed or made',
    };
  return quietReason === undefined ? undefined : { code: 'quiet', reason: quietReason };
}
