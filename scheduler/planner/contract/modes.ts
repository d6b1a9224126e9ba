// Derives the mode of a move from the modes of the cluster, its two hosts and its VM, and tells modes as the wire does.
import type { Mode } from '../../../shared/gen/telemetry.ts';
import type { PlanMode } from './snapshot.ts';

// From the most careful to the boldest.
const ORDER: readonly PlanMode[] = ['observe', 'recommend', 'auto'];

/**
 * The VM's own mode takes precedence, then the more careful of the two hosts' modes, then the cluster's, so that one VM
 * or two hosts can be in another mode than the rest. While the cluster is in observe nothing moves: one command stops all.
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

const MODES: Readonly<Record<PlanMode, Mode>> = {
  observe: 'MODE_OBSERVE',
  recommend: 'MODE_RECOMMEND',
  auto: 'MODE_AUTO',
};

/** MODE_AUTO of "auto". */
export function modeOf(word: PlanMode): Mode {
  return MODES[word];
}

/** "auto" of MODE_AUTO; unspecified means the default of a new installation. */
export function planModeOf(mode: Mode): PlanMode {
  switch (mode) {
    case 'MODE_OBSERVE':
      return 'observe';
    case 'MODE_AUTO':
      return 'auto';
    case 'MODE_RECOMMEND':
    case 'MODE_UNSPECIFIED':
      return 'recommend';
  }
}
