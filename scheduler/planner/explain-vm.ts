// Why a VM moved or did not, in plain sentences, and which hosts could take it now.
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import type { Mode } from '../../shared/gen/evenkeel/v1/Mode.ts';
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import { formatBytes } from '../../shared/units.ts';
import { evidenceOf } from './explain.ts';
import {
  clockTime,
  meanOfVms,
  percent,
  refuseFit,
  refuseGain,
  refuseRelief,
  refuseTarget,
  refuseVm,
  unusable,
} from './filters.ts';
import { ratioOf, type ClusterModel, type HostModel, type VmModel } from './model.ts';
import type { PlannedDecision } from './plan.ts';

export interface VmQuestion {
  readonly model: ClusterModel;
  readonly vmUuid: string;
  readonly hostId: string;
  /** What the planner would decide about the VM's host now; undefined when the host is not hot. */
  readonly decision: PlannedDecision | undefined;
  readonly frozenReason: string;
  readonly mode: Mode;
  readonly lastMigration: Migration | undefined;
}

export interface VmExplanation {
  readonly sentences: string[];
  readonly refusals: Refusal[];
  readonly possibleTargets: string[];
}

export function explainVm(question: VmQuestion): VmExplanation {
  const { model } = question;
  const source = model.hosts.get(question.hostId);
  const vm = source?.vms.find(({ uuid }) => uuid === question.vmUuid);
  if (source === undefined || vm === undefined) return { sentences: [], refusals: [], possibleTargets: [] };
  const others = [...model.hosts.values()].filter(({ hostId }) => hostId !== source.hostId);
  const verdicts = others.map((host) => ({ host, refused: refusePlace(model, source, vm, host) }));
  const ofVm = refuseVm(model, vm);
  return {
    sentences: [
      ...whatNow(question, source, vm, ofVm),
      ...lastMove(question.lastMigration),
      loadSentence(source, vm),
    ],
    refusals: [ofVm, ...verdicts.map(({ refused }) => refused)].filter((each) => each !== undefined),
    possibleTargets: verdicts.filter(({ refused }) => refused === undefined).map(({ host }) => host.hostName),
  };
}

/** A host that is not hot needs no gain: then the question is only whether the VM would fit. */
function refusePlace(
  model: ClusterModel,
  source: HostModel,
  vm: VmModel,
  host: HostModel,
): Refusal | undefined {
  const fits = refuseTarget(model, host) ?? refuseFit(model, vm, host);
  return fits ?? (source.hot.length > 0 ? refuseGain(model, source, vm, host) : undefined);
}

function whatNow(
  { model, decision, frozenReason, mode }: VmQuestion,
  source: HostModel,
  vm: VmModel,
  ofVm: Refusal | undefined,
): string[] {
  const bad = unusable(source);
  if (bad !== undefined)
    return [`Nothing is decided about ${vm.name}: of its host ${source.hostName}, ${bad.reason}.`];
  if (decision === undefined)
    return [
      `${vm.name} stays: its host ${source.hostName} is not hot (${loadWords(source)}), so there is no reason to move anything.`,
    ];
  const why = `Its host ${source.hostName} is hot: ${evidenceOf(source, model.policy).join('; ')}.`;
  if (frozenReason !== '') return [`Nothing is moved now: ${frozenReason}.`, why];
  if (decision.move?.vmUuid === vm.uuid)
    return [
      `${vm.name} is the one to move, to ${decision.move.targetHostName}: ${decision.move.reason}.`,
      why,
      modeSentence(mode),
    ];
  const stays = ofVm ?? refuseRelief(model, source, vm, meanOfVms(source));
  const own = stays === undefined ? [] : [`${vm.name} itself stays: ${stays.reason}.`];
  return decision.move === null
    ? [...own, `No VM of ${source.hostName} moves: ${decision.noMoveReason}.`, why]
    : [
        ...own,
        `${decision.move.vmName} would move instead: it relieves ${source.hostName} most for each second of copying.`,
        why,
      ];
}

function modeSentence(mode: Mode): string {
  switch (mode) {
    case 'MODE_AUTO':
      return 'The mode is auto: it is moved without being asked.';
    case 'MODE_RECOMMEND':
      return 'The mode is recommend: a person carries it out with "evenkeel migrate".';
    case 'MODE_OBSERVE':
    case 'MODE_UNSPECIFIED':
      return 'The mode is observe: nothing is moved or proposed.';
  }
}

function lastMove(migration: Migration | undefined): string[] {
  if (migration === undefined) return [];
  const { sourceHostName, targetHostName, decisionId, outcome, queuedAtMs } = migration;
  const who = decisionId === '' ? 'ordered by a person' : 'decided by the planner';
  const result = outcome === '' ? 'it is under way' : outcome;
  return [
    `Its last migration, from ${sourceHostName} to ${targetHostName} at ${clockTime(queuedAtMs)}, was ${who}: ${result}.`,
  ];
}

function loadSentence(source: HostModel, vm: VmModel): string {
  const cores = vm.now.cpu.toFixed(2);
  return (
    `${vm.name} wants ${cores} cores and holds ${formatBytes(vm.now.memory)} of the host's memory; ` +
    `${source.hostName}: ${loadWords(source)}.`
  );
}

function loadWords(host: HostModel): string {
  return `CPU demand ${percent(ratioOf(host.now, 'cpu'))}, memory in use ${percent(ratioOf(host.now, 'memory'))}`;
}
