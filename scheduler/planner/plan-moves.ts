// Plans moves for every reason to move a VM, from nothing but a snapshot, a policy and limits (docs/PLANNER.md).
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

/** @public The control loop's limit: far more than a complete plan for a thousand hosts has needed, and well under a second. */
export const LIVE_STEPS_MAX = 5_000_000;

/** Plans the duties in this order: draining hosts, must-rules, hot hosts, room for new VMs, wishes, and what the policy opts in to. */
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

/** One duty may leave the room that another one lacked, so all of them run again until nothing changes. */
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

// Short enough for an operator to read to the end.
const NAMES_SHOWN_MAX = 10;

/** Why nothing may be moved, or (`quiet`) nothing but evacuations. */
function whyFrozen({ mode, hosts, quietReason }: Snapshot, policy: PlanPolicy): Frozen | undefined {
  const unseen = hosts.filter(({ state }) => state !== 'ready').map(({ hostName }) => hostName);
  if (unseen.length > policy.unknownHostsMaxRatio * hosts.length)
    return {
      code: 'frozen',
      reason:
        `${unseen.length} of ${hosts.length} hosts are unknown or stale (${unseen.slice(0, NAMES_SHOWN_MAX).join(', ')}` +
        `${unseen.length > NAMES_SHOWN_MAX ? ', …' : ''}), which looks like a fault of the network or of evenkeel, not ` +
        `of the hosts; nothing is moved until they report again`,
    };
  if (mode === 'observe')
    return {
      code: 'observing',
      reason: 'the mode is observe; set it to recommend or auto to have moves proposed or made',
    };
  return quietReason === undefined ? undefined : { code: 'quiet', reason: quietReason };
}
