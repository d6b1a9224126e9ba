// Planning over the live cluster: the view, what migrations forbid, and what people said, made one snapshot.
import type { Clock } from '../../shared/clock.ts';
import type { History } from '../load/history.ts';
import { snapshotOf } from '../cluster/snapshot.ts';
import type { ClusterView } from '../cluster/view.ts';
import { detectionOf, policyOf, type SchedulerSettings } from '../config.ts';
import type { Control } from '../people/open.ts';
import type { Ledger } from '../restraint/ledger.ts';
import { LIVE_STEPS_MAX, planMoves } from '../planner/plan-moves.ts';
import { readPolicy } from '../planner/contract/record.ts';
import { Planning } from './planning.ts';
import { quietWindowsOf } from '../restraint/settings.ts';
import { shadowPolicyOf } from './shadow-policy.ts';

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
      const modes = mode.modes();
      const nowMs = clock.nowMs();
      const snapshot = snapshotOf({
        ...{ view, ledger: ledger(), detection, nowMs, controlPlaneVms },
        modes: supposed.mode === undefined ? modes : { ...modes, cluster: supposed.mode },
        drainingHostIds: supposed.drainingHostIds ?? maintenance.hostIds(),
        rules: supposed.rules ?? rules.resolved(view).rules,
        pending: supposed.pending ?? pending.list(nowMs),
        quietWindows: supposed.isUnbounded === true ? [] : quietWindows,
        usualCpu: (uuid) => history.usualCpu(uuid),
      });
      return supposed.isUnbounded === true ? { ...snapshot, budgets: {} } : snapshot;
    },
    planMoves,
    // Only what a plan depends on: it is written into each record.
    policy: readPolicy({}, policyOf(settings), 'policy'),
    shadowPolicy: shadowPolicyOf(settings),
    limits: { steps: LIVE_STEPS_MAX },
    proposals,
  });
}
