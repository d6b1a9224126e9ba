// Serves plans and decisions: the dry run, the decisions made, and explanations of VMs and hosts.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type {
  ExplainRequest,
  ExplainResponseInput,
  ListDecisionsRequest,
  ListDecisionsResponseInput,
  MoveReview,
  PlanResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { HostView, VmView } from '../cluster/view.ts';
import { decisionsOf } from '../decisions/wording.ts';
import { explainHost, explainVm, type Question } from '../decisions/explain.ts';
import { reviewOf } from '../decisions/review.ts';
import type { Core } from '../core.ts';
import { isOver } from '../migrations/machine.ts';
import { planModeOf } from '../planner/contract/modes.ts';
import type { Snapshot } from '../planner/contract/snapshot.ts';
import { whyVm } from '../planner/why-vm.ts';
import { hostLoad, vmLoad } from './loads.ts';
import { limitOf } from './migrations.ts';
import { notRunning } from './locate.ts';
import { findActiveVm, findHost, unknownVm } from './names.ts';
import { conflictsOf } from './rules.ts';

// Enough to see what happened recently; "evenkeel decisions" lists the rest.
const EXPLAIN_LIST_MAX = 10;

/** The snapshot for a dry run. Mode observe would leave nothing to plan, so recommend replaces it. */
export function openSnapshot({ planning, mode }: Core): Snapshot {
  return planning.snapshot(mode.current() === 'MODE_OBSERVE' ? { mode: 'recommend' } : {});
}

/** What the planner would do now. */
export function planNow(core: Core): PlanResponseInput {
  const snapshot = openSnapshot(core);
  const plan = core.planning.plan(snapshot);
  return {
    mode: core.mode.current(),
    decisions: decisionsOf(snapshot, plan),
    frozenReason: plan.frozenReason,
    conflicts: conflictsOf(snapshot, plan.conflicts),
    emptyHosts: plan.emptyHosts.map(({ hostName }) => hostName),
    stopped: plan.stopped,
  };
}

export function listDecisions(core: Core, { limit }: ListDecisionsRequest): ListDecisionsResponseInput {
  return { decisions: core.decisions.list().slice(0, limitOf(limit)) };
}

/** Explains a VM or a host; `vm` may also name a host. */
export async function explain(
  core: Core,
  request: ExplainRequest,
  signal: AbortSignal,
): Promise<ExplainResponseInput> {
  const { view } = core;
  if (request.host !== '') return aboutHost(core, findHost(view, 'host', request.host));
  if (request.vm === '') throw invalidField('vm', 'must be the name of a VM or a host');
  const vm = findActiveVm(view, 'vm', request.vm);
  if (vm !== undefined) return aboutVm(core, vm, request.vm);
  const isHost = [...view.hosts.values()].some((each) => [each.hostId, each.hostName].includes(request.vm));
  if (!isHost) throw await notRunning(core, request.vm, signal);
  return aboutHost(core, findHost(view, 'vm', request.vm));
}

function questionOf(core: Core): Question {
  const snapshot = openSnapshot(core);
  const { planning, proposals, mode } = core;
  return {
    snapshot,
    plan: planning.plan(snapshot),
    mode: planModeOf(mode.current()),
    proposals: proposals.list(),
  };
}

function aboutVm(core: Core, { uuid, hostId }: VmView, asked: string): ExplainResponseInput {
  const { view, runner, decisions, planning } = core;
  const question = questionOf(core);
  const vm = question.snapshot.vms.find((each) => each.uuid === uuid);
  const host = question.snapshot.hosts.find((each) => each.hostId === hostId);
  const vmView = view.vms.get(uuid);
  const hostView = view.hosts.get(hostId ?? '');
  if (vmView === undefined || hostView === undefined) throw unknownVm(view, 'vm', asked);
  if (vm === undefined || host === undefined)
    throw new EvenkeelError(
      'UNAVAILABLE',
      `explain ${asked}: not enough is known about it yet; wait one sampling interval`,
    );
  const ofVm = runner.list().filter(({ vmUuid }) => vmUuid === uuid);
  const ledger = core.ledger();
  return {
    vm: vmLoad(core, ledger, vmView),
    host: hostLoad(core, ledger, hostView),
    sentences: explainVm({ ...question, vm, host, lastMigration: ofVm[0] }),
    ...whyVm(question.snapshot, planning.policy, uuid),
    decisions: decisions
      .list()
      .filter((each) => each.hostId === hostId || each.move?.vmUuid === uuid)
      .slice(0, EXPLAIN_LIST_MAX),
    migrations: ofVm.slice(0, EXPLAIN_LIST_MAX),
    reviews: reviews(core, ofVm),
  };
}

function aboutHost(core: Core, hostView: HostView): ExplainResponseInput {
  const { runner, decisions } = core;
  const { hostId } = hostView;
  const question = questionOf(core);
  const host = question.snapshot.hosts.find((each) => each.hostId === hostId);
  const ofHost = runner
    .list()
    .filter(({ sourceHostId, targetHostId }) => [sourceHostId, targetHostId].includes(hostId));
  return {
    host: hostLoad(core, core.ledger(), hostView),
    sentences: host === undefined ? [] : explainHost(question, host),
    refusals: question.plan.stays
      .filter((stay) => stay.hostId === hostId)
      .flatMap(({ refusals }) => [...refusals]),
    decisions: decisions
      .list()
      .filter((each) => each.hostId === hostId)
      .slice(0, EXPLAIN_LIST_MAX),
    migrations: ofHost.slice(0, EXPLAIN_LIST_MAX),
    reviews: reviews(core, ofHost),
  };
}

function reviews({ decisions, view }: Core, migrations: readonly Migration[]): MoveReview[] {
  const book = decisions.list();
  return migrations
    .filter(({ state }) => isOver(state))
    .slice(0, EXPLAIN_LIST_MAX)
    .map((migration) =>
      reviewOf(
        migration,
        book.find(({ decisionId }) => decisionId === migration.decisionId),
        (hostId) => view.hosts.get(hostId)?.points ?? [],
      ),
    );
}
