// Implements the placement rules of the published consolidation policies.
import type { SimVm } from '../cluster.ts';
import { wattsAt } from '../power.ts';
import type { OverloadTest } from './overload.ts';
import type { TrialHost } from './trial.ts';

/** The host for the VM among those not excluded. */
export type TargetRule = (
  vm: SimVm,
  hosts: readonly TrialHost[],
  isExcluded: (host: TrialHost) => boolean,
) => TrialHost | undefined;

function canTake(host: TrialHost, vm: SimVm, isOverloaded: OverloadTest): boolean {
  return host.isSuitable(vm) && !(host.allocatedMips !== 0 && isOverloaded(host, vm));
}

/**
 * PABFD: the first host whose power grows least. CloudSim compares with the power at the last update, which for a sleeping
 * host is its idle power, so waking one looks almost free.
 */
export function leastPower(isOverloaded: OverloadTest): TargetRule {
  return (vm, hosts, isExcluded) => {
    let best: TrialHost | undefined;
    let leastWatts = Infinity;
    for (const host of hosts) {
      if (isExcluded(host) || !canTake(host, vm, isOverloaded)) continue;
      const { watts } = host.host.spec;
      const after = (host.allocatedMips + vm.demandMips) / host.host.capacityMips;
      if (after > 1) continue;
      const growth = wattsAt(watts, after) - wattsAt(watts, host.loadRatio);
      if (growth < leastWatts) [leastWatts, best] = [growth, host];
    }
    return best;
  };
}

// Moges and Abebe (2019) take 60 % as the desired load of a host.
const MEDIUM_RATIO = 0.6;

/** MFPED: the host whose load at the last update is nearest to 60 %; of equals the one with more MIPS per watt. */
export function mediumFit(isOverloaded: OverloadTest): TargetRule {
  return (vm, hosts, isExcluded) => {
    let best: TrialHost | undefined;
    let leastDistance = Infinity;
    for (const host of hosts) {
      if (isExcluded(host) || !canTake(host, vm, isOverloaded)) continue;
      const distance = Math.abs(host.loadRatio - MEDIUM_RATIO);
      if (distance < leastDistance) [leastDistance, best] = [distance, host];
      else if (distance === leastDistance && best !== undefined && mipsPerWatt(best) < mipsPerWatt(host))
        best = host;
    }
    return best;
  };
}

function mipsPerWatt({ host }: TrialHost): number {
  return host.capacityMips / wattsAt(host.spec.watts, 1);
}
