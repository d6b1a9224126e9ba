// Decisions in words: the samples that make a host hot, what a move changes on both hosts, why it was chosen.
import type { Move } from '../../shared/gen/evenkeel/v1/Move.ts';
import type { Projection } from '../../shared/gen/evenkeel/v1/Projection.ts';
import { hotResources } from '../cluster/heat.ts';
import { settledPoints } from '../cluster/points.ts';
import { withVm, type Loads } from './cost.ts';
import { clockTime, isComfortable, percent } from './filters.ts';
import { ratioOf, type ClusterModel, type HostModel, type VmModel } from './model.ts';
import { RESOURCES, type Policy } from './policy.ts';

const RESOURCE_WORDS = { cpu: 'CPU demand', memory: 'memory in use' } as const;

/** One sentence for each resource in which the host is hot, with its last n samples. */
export function evidenceOf(host: HostModel, policy: Policy): string[] {
  const points = settledPoints(host.view.points, host.view.settledAtMs).slice(-policy.windowSamples);
  return host.hot.map((resource) => {
    const { entryRatio } = policy[resource];
    const ratios = points.map((point) => point[resource].ratio);
    const over = ratios.filter((ratio) => ratio >= entryRatio).length;
    const sinceMs = host.view.heats[resource]?.sinceMs ?? 0;
    return (
      `${RESOURCE_WORDS[resource]} was at or over ${percent(entryRatio)} of the host in ${over} of the last ` +
      `${ratios.length} samples (${ratios.map(percent).join(', ')}); hot since ${clockTime(sinceMs)}`
    );
  });
}

/** Since when the host is hot in any resource; 0 when it is not. */
export function hottestSinceMs({ view }: Pick<HostModel, 'view'>): number {
  const since = hotResources(view).map((resource) => view.heats[resource]?.sinceMs ?? 0);
  return since.length === 0 ? 0 : Math.min(...since);
}

/** The move with its predictions for both hosts and its reason. */
export function moveOf(model: ClusterModel, source: HostModel, target: HostModel, vm: VmModel): Move {
  return {
    vmUuid: vm.uuid,
    vmName: vm.name,
    sourceHostId: source.hostId,
    sourceHostName: source.hostName,
    targetHostId: target.hostId,
    targetHostName: target.hostName,
    projections: [
      ...projectionsOf(source, source.now, withVm(source.now, vm.now, -1)),
      ...projectionsOf(target, target.now, withVm(target.now, vm.now, 1)),
    ],
    reason: reasonOf(model, source, target, vm),
    cost: null,
  };
}

function projectionsOf({ hostId, hostName }: HostModel, before: Loads, after: Loads): Projection[] {
  return RESOURCES.map((resource) => ({
    hostId,
    hostName,
    resource,
    beforeRatio: ratioOf(before, resource),
    afterRatio: ratioOf(after, resource),
  }));
}

function reasonOf(model: ClusterModel, source: HostModel, target: HostModel, vm: VmModel): string {
  const [resource] = source.hot;
  if (resource === undefined) return `ordered: ${target.hostName} has the most room`;
  const change = (host: HostModel, sign: 1 | -1): string =>
    `${host.hostName} from ${percent(ratioOf(host.now, resource))} to ${percent(ratioOf(withVm(host.now, vm.now, sign), resource))}`;
  const relief = `moving ${vm.name} takes ${RESOURCE_WORDS[resource]} of ${change(source, -1)} and of ${change(target, 1)}`;
  return isComfortable(model.policy, vm, target)
    ? relief
    : `${relief}; ${target.hostName} will be busy too, but fewer guests wait than before`;
}
