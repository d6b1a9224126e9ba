// Explains in sentences why a VM moved or did not, and why a host is relieved or not; the most important first. Pure.
import type { Proposal } from '../../shared/gen/scheduler.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { Plan, PlannedMove, Stay } from '../planner/contract/plan-types.ts';
import type { PlanMode, Snapshot, SnapshotHost, SnapshotVm } from '../planner/contract/snapshot.ts';
import { clockTime, percent } from '../planner/contract/words.ts';

export interface Question {
  readonly snapshot: Snapshot;
  /** The plan for now, as if the mode allowed everything. */
  readonly plan: Plan;
  /** The cluster's mode. */
  readonly mode: PlanMode;
  readonly proposals: readonly Proposal[];
}

export interface VmQuestion extends Question {
  readonly vm: SnapshotVm;
  readonly host: SnapshotHost;
  readonly lastMigration: Migration | undefined;
}

export function explainVm(question: VmQuestion): string[] {
  const { vm, host } = question;
  return [
    ...whatNow(question),
    ...proposalSentence(question.proposals.find(({ move }) => move?.vmUuid === vm.uuid)),
    ...lastMove(question.lastMigration),
    `${vm.name} wants ${vm.load.cpu.now.toFixed(2)} of its ${vm.vcpus} vCPUs and uses ${share(vm.load.memory.now, vm.memoryMaxBytes)} of its memory; ${host.hostName} is at ${loadWords(host)}.`,
  ];
}

function whatNow({ plan, vm, host, mode, snapshot }: VmQuestion): string[] {
  if (snapshot.migrations.some(({ vmUuid }) => vmUuid === vm.uuid))
    return [`${vm.name} is being moved now; see "evenkeel migrations --active".`];
  const move = plan.moves.find(({ vmUuid }) => vmUuid === vm.uuid);
  if (move !== undefined) return moveSentences(move, mode);
  if (plan.frozenReason !== '') return [`Nothing is moved now: ${plan.frozenReason}.`];
  const own = vm.held === undefined ? [] : [`${vm.name} itself stays: ${vm.held.reason} (${vm.held.cure}).`];
  const stay = plan.stays.find(({ hostId }) => hostId === host.hostId);
  const refused = stay === undefined ? [] : refusedSentence(stay, vm);
  const instead = plan.moves.find(({ sourceHostId }) => sourceHostId === host.hostId);
  if (instead !== undefined)
    return [
      ...own,
      `${instead.vmName} would move instead, to ${instead.targetHostName}: ${instead.reason}.`,
      ...refused,
    ];
  if (stay !== undefined)
    return [
      ...own,
      `${vm.name} stays on ${host.hostName}: ${stay.reason}.`,
      ...stay.evidence.map((text) => `${text}.`),
      ...refused,
    ];
  return [
    `${vm.name} stays: its host ${host.hostName} is not hot (${loadWords(host)}) and no rule asks for a move, so there is no reason to move anything.`,
    ...own,
  ];
}

function moveSentences(move: PlannedMove, mode: PlanMode): string[] {
  const { vmName, targetHostName, reason, evidence } = move;
  return [
    `${vmName} should move to ${targetHostName}: ${reason}.`,
    ...evidence.map((text) => `${text}.`),
    modeSentence(move, mode),
  ];
}

function modeSentence({ mode }: PlannedMove, cluster: PlanMode): string {
  if (cluster === 'observe') return 'The mode is observe: nothing is done about it.';
  return mode === 'auto'
    ? 'It starts by itself as soon as both hosts have a free slot.'
    : 'It waits for an operator: "evenkeel proposals", then "evenkeel approve".';
}

function staySentences({ hostName, reason, evidence }: Stay): string[] {
  return [`No VM of ${hostName} moves: ${reason}.`, ...evidence.map((text) => `${text}.`)];
}

function refusedSentence({ refusals }: Stay, vm: SnapshotVm): string[] {
  if (vm.held !== undefined) return [];
  const own = refusals.find(({ vmUuid, hostId }) => vmUuid === vm.uuid && hostId === '');
  return own === undefined ? [] : [`${vm.name} itself stays: ${own.reason} (${own.cure}).`];
}

function proposalSentence(proposal: Proposal | undefined): string[] {
  if (proposal === undefined) return [];
  const to = proposal.move?.targetHostName ?? '';
  switch (proposal.state) {
    case 'PROPOSAL_STATE_WAITING':
      return [`Its move to ${to} waits for approval until ${clockTime(proposal.expiresAtMs)}.`];
    case 'PROPOSAL_STATE_APPROVED':
      return [`Its move to ${to} is approved and starts when both hosts have a free slot.`];
    case 'PROPOSAL_STATE_REJECTED':
      return [`An operator rejected its move to ${to} at ${clockTime(proposal.endedAtMs)}.`];
    case 'PROPOSAL_STATE_EXPIRED':
    case 'PROPOSAL_STATE_WITHDRAWN':
      return [`Its proposed move to ${to} ended at ${clockTime(proposal.endedAtMs)}: ${proposal.note}.`];
    case 'PROPOSAL_STATE_STARTED':
    case 'PROPOSAL_STATE_UNSPECIFIED':
      return [];
  }
}

function lastMove(migration: Migration | undefined): string[] {
  if (migration === undefined || migration.endedAtMs === 0) return [];
  const { vmName, sourceHostName, targetHostName, state, endedAtMs, decisionId, outcome } = migration;
  const who = decisionId === '' ? "by an operator's order" : 'by a decision of evenkeel';
  const when = clockTime(endedAtMs);
  return state === 'MIGRATION_STATE_SUCCEEDED'
    ? [`${vmName} moved from ${sourceHostName} to ${targetHostName} at ${when}, ${who}.`]
    : [
        `Its last migration, from ${sourceHostName} to ${targetHostName} ${who}, ended at ${when} without a move: ${outcome}.`,
      ];
}

/** Explains why a host is relieved, emptied, or left alone. */
export function explainHost({ snapshot, plan, mode }: Question, host: SnapshotHost): string[] {
  const moves = plan.moves.filter(({ sourceHostId }) => sourceHostId === host.hostId);
  const stay = plan.stays.find(({ hostId }) => hostId === host.hostId);
  const under = snapshot.migrations.filter(({ sourceHostId }) => sourceHostId === host.hostId);
  const what = [
    ...(under.length > 0
      ? [`${under.length} of its VMs ${under.length === 1 ? 'is' : 'are'} on the way out.`]
      : []),
    ...moves.flatMap((move) => moveSentences(move, mode)),
    ...(stay === undefined ? [] : staySentences(stay)),
  ];
  const quiet =
    plan.frozenReason !== ''
      ? `Nothing is moved now: ${plan.frozenReason}.`
      : `${host.hostName} is not hot, so there is no reason to move anything.`;
  return [...(what.length > 0 ? what : [quiet]), `${host.hostName} is at ${loadWords(host)}.`];
}

function loadWords({ load, cpuCores, memoryBytes }: SnapshotHost): string {
  return `CPU demand ${share(load.cpu.now, cpuCores)}, memory in use ${share(load.memory.now, memoryBytes)}`;
}

function share(part: number, whole: number): string {
  return whole > 0 ? percent(part / whole) : 'unknown';
}
