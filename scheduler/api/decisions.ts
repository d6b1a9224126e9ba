// The planner's side of the API: the dry run, the book of decisions, and why a VM moved or did not.
import type { ExplainRequest } from '../../shared/gen/evenkeel/v1/ExplainRequest.ts';
import type { ExplainResponseInput } from '../../shared/gen/evenkeel/v1/ExplainResponse.ts';
import type { ListDecisionsRequest } from '../../shared/gen/evenkeel/v1/ListDecisionsRequest.ts';
import type { ListDecisionsResponseInput } from '../../shared/gen/evenkeel/v1/ListDecisionsResponse.ts';
import type { PlanResponseInput } from '../../shared/gen/evenkeel/v1/PlanResponse.ts';
import type { Core } from '../core.ts';
import { explainVm } from '../planner/explain-vm.ts';
import { modelOf } from '../planner/model.ts';
import { hostLoad, vmLoad } from './loads.ts';
import { limitOf } from './migrations.ts';
import { findActiveVm, unknownVm } from './names.ts';

// Enough to see what happened to a VM lately; the book has the rest.
const EXPLAIN_LIST_MAX = 10;

/** What the planner would do now. The mode observe would hide it, so that recommend stands in for it. */
export function planNow({ loop, mode }: Core): PlanResponseInput {
  const { decisions, frozenReason } = loop.plan('MODE_RECOMMEND');
  return { mode: mode.current(), decisions: [...decisions], frozenReason };
}

export function listDecisions(core: Core, { limit }: ListDecisionsRequest): ListDecisionsResponseInput {
  return { decisions: core.decisions.list().slice(0, limitOf(limit)) };
}

/** Why a VM moved or did not, and what it could do now, most important first. */
export function explain(core: Core, request: ExplainRequest): ExplainResponseInput {
  const { view, policy, clock, loop, mode, runner, decisions } = core;
  const vm = findActiveVm(view, 'vm', request.vm);
  const host = view.hosts.get(vm?.hostId ?? '');
  if (vm === undefined || host === undefined) throw unknownVm(view, 'vm', request.vm);
  const ledger = loop.ledger();
  const model = modelOf(view, ledger, policy, clock.nowMs());
  const { decisions: planned, frozenReason } = loop.plan('MODE_RECOMMEND');
  const ofVm = runner.list().filter(({ vmUuid }) => vmUuid === vm.uuid);
  return {
    vm: vmLoad(core, ledger, vm),
    host: hostLoad(core, ledger, host),
    ...explainVm({
      model,
      vmUuid: vm.uuid,
      hostId: host.hostId,
      decision: planned.find(({ hostId }) => hostId === host.hostId),
      frozenReason,
      mode: mode.current(),
      lastMigration: ofVm[0],
    }),
    decisions: decisions
      .list()
      .filter(({ hostId, move }) => hostId === host.hostId || move?.vmUuid === vm.uuid)
      .slice(0, EXPLAIN_LIST_MAX),
    migrations: ofVm.slice(0, EXPLAIN_LIST_MAX),
  };
}
