// The plan: for each hot host the one move that relieves it most for each second of copying, or why there is none.
import type { Decision } from '../../shared/gen/evenkeel/v1/Decision.ts';
import type { Move } from '../../shared/gen/evenkeel/v1/Move.ts';
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import type { Mode } from '../../shared/gen/evenkeel/v1/Mode.ts';
import type { ClusterView } from '../cluster/view.ts';
import { gainOf, hostCost } from './cost.ts';
import { evidenceOf, hottestSinceMs, moveOf } from './explain.ts';
import {
  isComfortable,
  meanOfVms,
  refuseFit,
  refuseGain,
  refuseRelief,
  refuseTarget,
  refuseVm,
  unusable,
} from './filters.ts';
import type { Ledger } from './ledger.ts';
import { bookMove, modelOf, ratioOf, type ClusterModel, type HostModel, type VmModel } from './model.ts';
import type { Policy } from './policy.ts';

/** A decision as the planner makes it; whoever records it gives it an id. */
export type PlannedDecision = Omit<Decision, 'decisionId' | 'recordId' | 'move'> & {
  readonly move: Move | null;
};

export interface Plan {
  readonly decisions: readonly PlannedDecision[];
  /** Why the cluster as a whole is left alone; empty when it is not. */
  readonly frozenReason: string;
}

// Starting QEMU on the target and handing over took 1.3 to 2.1 s whatever the memory.
const MIGRATION_FIXED_SECONDS = 2;
// Keeps a decision at tens of kilobytes; hosts and VMs come first, so that only pairs are left out.
const REFUSALS_MAX = 100;

/** One decision for each hot host, the costliest host first; each choice sees the moves chosen before it. */
export function plan(view: ClusterView, ledger: Ledger, policy: Policy, mode: Mode, nowMs: number): Plan {
  const model = modelOf(view, ledger, policy, nowMs);
  const frozenReason = frozen(model);
  const hot = [...model.hosts.values()]
    .filter((host) => host.hot.length > 0 && host.state === 'HOST_STATE_READY')
    .sort((a, b) => hostCost(b.now, policy) - hostCost(a.now, policy) || (a.hostId < b.hostId ? -1 : 1));
  const decisions = hot.map((host) => {
    const outcome = decide(model, host, mode, frozenReason);
    const decision = decisionOf(model, host, mode, outcome);
    if (outcome.kind === 'move') bookMove(model, host, outcome.target, outcome.vm);
    return decision;
  });
  return { decisions, frozenReason };
}

type Outcome =
  | { readonly kind: 'move'; readonly vm: VmModel; readonly target: HostModel; readonly refusals: Refusal[] }
  | { readonly kind: 'stay'; readonly code: string; readonly reason: string; readonly refusals: Refusal[] };

function frozen({ hosts, policy }: ClusterModel): string {
  const bad = [...hosts.values()].filter((host) => unusable(host) !== undefined);
  if (bad.length <= policy.unknownHostsMaxRatio * hosts.size) return '';
  const names = bad.slice(0, 10).map(({ hostName }) => hostName);
  return (
    `${bad.length} of ${hosts.size} hosts are unknown or stale (${names.join(', ')}${bad.length > 10 ? ', …' : ''}), ` +
    `which looks like a fault of the network or of evenkeel rather than of hosts; nothing is moved until they report again`
  );
}

function decide(model: ClusterModel, source: HostModel, mode: Mode, frozenReason: string): Outcome {
  const stay = (code: string, reason: string, refusals: Refusal[] = []): Outcome => ({
    kind: 'stay',
    code,
    reason,
    refusals,
  });
  if (mode === 'MODE_OBSERVE')
    return stay(
      'observing',
      'the mode is observe; set it to recommend or auto to have moves proposed or made',
    );
  if (frozenReason !== '') return stay('frozen', frozenReason);
  if (source.migrationsOut > 0)
    return stay('moving', 'a VM is on its way out already; what is left is judged when it has arrived');
  if (source.migrationsIn > 0)
    return stay('moving', 'a VM is on its way in; it is judged when that has ended');
  if (source.hot.every((resource) => ratioOf(source.now, resource) < model.policy[resource].exitRatio))
    return stay('falling', 'its load has just fallen below the exit level');
  if (model.migrationsLeft <= 0)
    return stay('busy', 'as many migrations are under way as the cluster may have at once');
  return choose(model, source);
}

function choose(model: ClusterModel, source: HostModel): Outcome {
  const refusals: Refusal[] = [];
  const accept = (refused: Refusal | undefined): boolean => {
    if (refused !== undefined) refusals.push(refused);
    return refused === undefined;
  };
  const others = [...model.hosts.values()].filter(({ hostId }) => hostId !== source.hostId);
  const targets = others.filter((host) => accept(refuseTarget(model, host)));
  const meanVm = meanOfVms(source);
  const vms = source.vms.filter((vm) =>
    accept(refuseVm(model, vm) ?? refuseRelief(model, source, vm, meanVm)),
  );
  let best: Candidate | undefined;
  for (const vm of vms)
    for (const target of targets) {
      if (!accept(refuseFit(model, vm, target) ?? refuseGain(model, source, vm, target))) continue;
      const candidate = candidateOf(model.policy, source, vm, target);
      if (best === undefined || isBetter(candidate, best)) best = candidate;
    }
  const kept = refusals.slice(0, REFUSALS_MAX);
  if (best !== undefined) return { kind: 'move', vm: best.vm, target: best.target, refusals: kept };
  return { kind: 'stay', ...whyNone(source, vms, others, targets), refusals: kept };
}

interface Candidate {
  readonly vm: VmModel;
  readonly target: HostModel;
  readonly isComfortable: boolean;
  /** Cost removed for each second that the migration is expected to take. */
  readonly score: number;
}

function candidateOf(policy: Policy, source: HostModel, vm: VmModel, target: HostModel): Candidate {
  const seconds = MIGRATION_FIXED_SECONDS + vm.now.memory / policy.bandwidthBytesPerSecond;
  return {
    vm,
    target,
    isComfortable: isComfortable(policy, vm, target),
    score: gainOf(source.now, target.now, vm.now, policy) / seconds,
  };
}

/** A target that stays comfortable beats one that does not; then the score; then the roomier target; then the ids. */
function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.isComfortable !== b.isComfortable) return a.isComfortable;
  if (Math.abs(a.score - b.score) > 1e-9) return a.score > b.score;
  const load = (candidate: Candidate): number => ratioOf(candidate.target.now, 'cpu');
  if (load(a) !== load(b)) return load(a) < load(b);
  return a.vm.uuid + a.target.hostId < b.vm.uuid + b.target.hostId;
}

function whyNone(
  source: HostModel,
  vms: readonly VmModel[],
  others: readonly HostModel[],
  targets: readonly HostModel[],
): { code: string; reason: string } {
  if (source.vms.length === 0)
    return {
      code: 'no_vm',
      reason: `no VM runs on ${source.hostName}: its load is the host's own; see what runs there`,
    };
  if (others.length === 0) return { code: 'alone', reason: 'there is no other host' };
  if (vms.length === 0)
    return { code: 'no_candidate', reason: 'none of its VMs may move or would help; see the refusals' };
  if (targets.length === 0)
    return { code: 'no_target', reason: 'no other host takes a VM now; see the refusals' };
  return {
    code: 'no_gain',
    reason: `no move helps: for each of ${vms.length} VMs on ${targets.length} hosts it would not fit or only carry the load elsewhere; add capacity or make VMs smaller`,
  };
}

function decisionOf(model: ClusterModel, host: HostModel, mode: Mode, outcome: Outcome): PlannedDecision {
  return {
    atMs: model.nowMs,
    hostId: host.hostId,
    hostName: host.hostName,
    mode,
    evidence: evidenceOf(host, model.policy),
    ...(outcome.kind === 'move'
      ? {
          move: moveOf(model, host, outcome.target, outcome.vm),
          _move: 'move' as const,
          noMoveReason: '',
          noMoveCode: '',
        }
      : { move: null, noMoveReason: outcome.reason, noMoveCode: outcome.code }),
    refusals: outcome.refusals,
    overloadedSinceMs: hottestSinceMs(host),
    trigger: 'hot_host',
  };
}
