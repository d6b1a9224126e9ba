// The mode of one move, from those of the cluster, its two hosts and its VM.
import type { PlanMode } from './snapshot.ts';

// From the most careful to the boldest.
const ORDER: readonly PlanMode[] = ['observe', 'recommend', 'auto'];

/**
 * The VM's own mode comes first, then the more careful one of its two hosts, then the cluster's: so one VM or two hosts
 * can be tried in another mode than the rest. While the cluster's is observe nothing moves: one command stops it all.
 */
export function modeOfMove(
  cluster: PlanMode,
  source: PlanMode | undefined,
  target: PlanMode | undefined,
  vm: PlanMode | undefined,
): PlanMode {
  if (cluster === 'observe') return cluster;
  if (vm !== undefined) return vm;
  const [of, to] = [source ?? cluster, target ?? cluster];
  return ORDER.indexOf(of) <= ORDER.indexOf(to) ? of : to;
}
