// Turns the steps of a draft into moves of a plan, and words their reasons: what is hot, and what changes on both hosts.
import { at } from '../board/columns.ts';
import type { Draft, Step } from '../board/draft.ts';
import { modeOfMove } from '../contract/modes.ts';
import type { PlannedMove, Projected } from '../contract/plan-types.ts';
import type { PlanMode, SnapshotHost, SnapshotVm } from '../contract/snapshot.ts';
import { percent, RESOURCE_WORDS } from '../contract/words.ts';

interface Ends {
  readonly source: SnapshotHost;
  readonly target: SnapshotHost;
}

/** The moves of a step, one for each VM of its unit; they start once the moves at the indexes `after` have ended. */
export function movesOf(draft: Draft, step: Step, after: readonly number[]): PlannedMove[] {
  const { snapshot, units } = draft.board;
  const [source, target] = [snapshot.hosts[step.source], snapshot.hosts[step.target]];
  if (source === undefined || target === undefined) return [];
  const vms = (units.members[step.unit] ?? []).map((vm) => snapshot.vms[vm]).filter((vm) => vm !== undefined);
  const ends = { source, target };
  return vms.map((vm) => ({
    vmUuid: vm.uuid,
    vmName: vm.name,
    sourceHostId: source.hostId,
    sourceHostName: source.hostName,
    targetHostId: target.hostId,
    targetHostName: target.hostName,
    trigger: step.trigger,
    reason: reasonOf(draft, step, ends, vms),
    evidence: draft.evidence(step.source),
    projections: projectionsOf(draft, step, ends),
    terms: termsOf(draft, step, vms.length),
    mode: modeOf(draft, vm, ends),
    after,
    refusals: step.refusals,
  }));
}

function projectionsOf({ board }: Draft, { ratios }: Step, { source, target }: Ends): Projected[] {
  const ofHost = ({ hostId, hostName }: SnapshotHost, before: 0 | 2, after: 1 | 3): Projected[] =>
    board.resources.map((resource, column) => ({
      hostId,
      hostName,
      resource,
      beforeRatio: ratios[column]?.[before] ?? 0,
      afterRatio: ratios[column]?.[after] ?? 0,
    }));
  return [...ofHost(source, 0, 1), ...ofHost(target, 2, 3)];
}

/** The VMs of a unit share the gain and cost of its move. */
function termsOf({ board }: Draft, step: Step, vms: number): PlannedMove['terms'] {
  const { units, policy } = board;
  const migrationSeconds = at(units.migrationSeconds, step.unit) / vms;
  const gainCores = step.gain / vms;
  return {
    gainCores,
    persistenceSeconds: step.persistenceSeconds,
    migrationSeconds,
    migrationBytes: at(units.migrationBytes, step.unit) / vms,
    netCoreSeconds: gainCores * step.persistenceSeconds - policy.migrationPriceCores * migrationSeconds,
  };
}

function modeOf({ board }: Draft, vm: SnapshotVm, { source, target }: Ends): PlannedMove['mode'] {
  const mode: PlanMode = modeOfMove(board.snapshot.mode, source.mode, target.mode, vm.mode);
  return mode === 'auto' ? 'auto' : 'recommend';
}

function reasonOf(draft: Draft, step: Step, ends: Ends, vms: readonly SnapshotVm[]): string {
  const names = vms.map(({ name }) => name).join(' and ');
  const { source, target } = ends;
  switch (step.trigger) {
    case 'evacuate':
      return step.cause === source.hostId
        ? `${source.hostName} is being emptied; ${target.hostName} can take ${names}`
        : `it makes room for a VM of a host that is being emptied`;
    case 'must_rule':
      return `rule ${step.cause} asks for it`;
    case 'hot_host':
      return reliefWords(draft, step, ends, names);
    case 'make_room':
      return `it makes room on ${source.hostName} for ${step.cause}, which fits on no host`;
    case 'should_rule':
      return `a should-rule of ${names} is better met on ${target.hostName}, which stays comfortable`;
    case 'consolidate':
      return `${source.hostName} can be emptied; ${target.hostName} has room for ${names}`;
    case 'evenness':
      return `it evens out ${source.hostName} and ${target.hostName}`;
  }
}

function reliefWords(draft: Draft, step: Step, { source, target }: Ends, names: string): string {
  const { board, hot } = draft;
  // The resource it was hot in at the start: moves of this plan may have cooled it by now.
  const [spot] = [...hot.first(step.source), ...hot.spots(step.source)];
  const column = board.resources.findIndex((resource) => resource === spot?.resource);
  const resource = board.resources[column];
  if (resource === undefined || source.hostId !== step.cause)
    return `moving ${names} makes room for relief of another host`;
  const [sourceBefore = 0, sourceAfter = 0, targetBefore = 0, targetAfter = 0] = step.ratios[column] ?? [];
  const relief =
    `moving ${names} takes ${RESOURCE_WORDS[resource]} of ${source.hostName} from ${percent(sourceBefore)} to ` +
    `${percent(sourceAfter)} and of ${target.hostName} from ${percent(targetBefore)} to ${percent(targetAfter)}`;
  return targetAfter <= (board.comfort[column] ?? 0)
    ? relief
    : `${relief}; ${target.hostName} will be busy too, but fewer guests wait than before`;
}
