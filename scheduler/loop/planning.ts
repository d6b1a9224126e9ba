// Plans for the live cluster: makes one snapshot of the view, the restraints and what operators said, and calls the planner.
import type { Clock } from '../../shared/clock.ts';
import type { Proposal } from '../../shared/gen/scheduler.ts';
import { snapshotOf } from '../cluster/snapshot.ts';
import type { ClusterView } from '../cluster/view.ts';
import { detectionOf, policyOf, type SchedulerSettings } from '../config.ts';
import type { History } from '../load/history.ts';
import type { Control } from '../people/open.ts';
import type { ProposalBook } from '../people/proposals.ts';
import type { Plan, PlannedMove, PlanLimits } from '../planner/contract/plan-types.ts';
import { readPolicy, type PlanPolicy } from '../planner/contract/policy.ts';
import { recordJson } from '../planner/contract/record.ts';
import type { PendingVm, PlanMode, Snapshot, SnapshotRule } from '../planner/contract/snapshot.ts';
import { LIVE_STEPS_MAX, planMoves } from '../planner/plan-moves.ts';
import type { Ledger } from '../restraint/ledger.ts';
import { quietWindowsOf } from '../restraint/settings.ts';
import { onlyTheseMoves } from './recheck.ts';
import { shadowPolicyOf } from './shadow.ts';

/** What a "what if" question assumes in place of the present state. */
export interface Supposed {
  readonly mode?: PlanMode;
  readonly drainingHostIds?: ReadonlySet<string>;
  readonly rules?: readonly SnapshotRule[];
  readonly pending?: readonly PendingVm[];
  /** Ignores budgets and quiet windows: everything that would move in the end. */
  readonly isUnbounded?: boolean;
}

export interface PlanningParts {
  /** The present cluster, with what is supposed in place. */
  readonly snapshot: (supposed: Supposed) => Snapshot;
  readonly planMoves: (snapshot: Snapshot, policy: PlanPolicy, limits: PlanLimits) => Plan;
  readonly policy: PlanPolicy;
  /** A policy whose plans are only compared; undefined for none. */
  readonly shadowPolicy: PlanPolicy | undefined;
  readonly limits: PlanLimits;
  readonly proposals: ProposalBook;
}

/** Why a decided move is not made, for now or for good. */
export interface Objection {
  readonly reason: string;
  /** True if the objection will pass by itself, so the move may be made later. */
  readonly isPassing: boolean;
}

export interface Recheck {
  /** In a safe order. */
  readonly planned: readonly PlannedMove[];
  /** By proposal id; proposals without an objection are left out. */
  readonly objections: ReadonlyMap<string, Objection>;
}

// Codes of stays that end without intervention.
const PASSING_CODES: ReadonlySet<string> = new Set([
  'moving',
  'busy',
  'settling',
  'frozen',
  'quiet',
  'vm_busy',
]);

export class Planning {
  readonly #parts: PlanningParts;

  constructor(parts: PlanningParts) {
    this.#parts = parts;
  }

  get policy(): PlanPolicy {
    return this.#parts.policy;
  }

  snapshot(supposed: Supposed = {}): Snapshot {
    return this.#parts.snapshot(supposed);
  }

  plan(snapshot: Snapshot): Plan {
    const { planMoves, policy, limits } = this.#parts;
    return planMoves(snapshot, policy, limits);
  }

  /** What the shadow policy would do; undefined without one. */
  shadowPlan(snapshot: Snapshot): Plan | undefined {
    const { planMoves, shadowPolicy, limits } = this.#parts;
    return shadowPolicy === undefined ? undefined : planMoves(snapshot, shadowPolicy, limits);
  }

  /** The plan and everything it was made from, as JSON. */
  recordJson(snapshot: Snapshot, plan: Plan): string {
    const { policy, shadowPolicy, limits } = this.#parts;
    return recordJson({
      snapshot,
      policy,
      limits,
      plan,
      ...(shadowPolicy !== undefined && { shadowPolicy }),
    });
  }

  /** Checks agreed proposals again, together with those that were approved before and have not begun. */
  recheck(agreed: readonly Proposal[], snapshot: Snapshot = this.snapshot()): Recheck {
    const approved = this.#parts.proposals.approved();
    const moves = [...approved, ...agreed].flatMap(({ move }) => (move === null ? [] : [move]));
    const plan = this.plan(onlyTheseMoves(snapshot, moves));
    const objections = new Map<string, Objection>();
    for (const { proposalId, move } of agreed) {
      const isPlanned = plan.moves.some(
        ({ vmUuid, targetHostId }) => vmUuid === move?.vmUuid && targetHostId === move.targetHostId,
      );
      if (!isPlanned) objections.set(proposalId, objectionOf(plan, move, snapshot));
    }
    return { planned: plan.moves, objections };
  }
}

function objectionOf(plan: Plan, move: Proposal['move'], { hosts }: Snapshot): Objection {
  if (plan.frozenReason !== '') return { reason: plan.frozenReason, isPassing: true };
  // Nothing can be concluded about such a host, least of all that nothing calls for the move.
  const unseen = hosts.find(
    ({ hostId, state }) =>
      state !== 'ready' && (hostId === move?.sourceHostId || hostId === move?.targetHostId),
  );
  if (unseen !== undefined) return { reason: `${unseen.hostName} is ${unseen.state}`, isPassing: true };
  const stay = plan.stays.find(
    ({ hostId, vmUuid }) => hostId === move?.sourceHostId || (vmUuid !== '' && vmUuid === move?.vmUuid),
  );
  if (stay === undefined) return { reason: 'its reason is gone: nothing calls for it now', isPassing: false };
  const own = stay.refusals.filter(
    ({ vmUuid, hostId }) =>
      (vmUuid === move?.vmUuid && (hostId === '' || hostId === move.targetHostId)) ||
      (vmUuid === '' && hostId === move?.targetHostId),
  );
  const [first] = own;
  return {
    reason: first === undefined ? stay.reason : first.reason,
    isPassing: PASSING_CODES.has(stay.code),
  };
}

export interface LivePlanningParts extends Control {
  readonly view: ClusterView;
  readonly ledger: () => Ledger;
  readonly history: History;
  readonly clock: Clock;
}

export function livePlanning(
  { view, ledger, mode, maintenance, rules, proposals, pending, history, clock }: LivePlanningParts,
  settings: SchedulerSettings,
): Planning {
  const detection = detectionOf(settings);
  const quietWindows = quietWindowsOf(settings.restraint);
  const controlPlaneVms = new Set(settings.restraint.controlPlaneVms);
  return new Planning({
    snapshot: (supposed) => {
      const modes = mode.modes(view);
      const nowMs = clock.nowMs();
      const snapshot = snapshotOf({
        ...{ view, ledger: ledger(), detection, nowMs, controlPlaneVms },
        modes: supposed.mode === undefined ? modes : { ...modes, cluster: supposed.mode },
        drainingHostIds: supposed.drainingHostIds ?? maintenance.hostIds(view),
        rules: supposed.rules ?? rules.resolved(view).rules,
        pending: supposed.pending ?? pending.list(nowMs),
        quietWindows: supposed.isUnbounded === true ? [] : quietWindows,
        usualCpu: (uuid) => history.usualCpu(uuid),
      });
      return supposed.isUnbounded === true ? { ...snapshot, budgets: {} } : snapshot;
    },
    planMoves,
    // Reduced to what a plan depends on, since each record includes it.
    policy: readPolicy({}, policyOf(settings), 'policy'),
    shadowPolicy: shadowPolicyOf(settings),
    limits: { steps: LIVE_STEPS_MAX },
    proposals,
  });
}
