// Places the VMs before the first step as CloudSim creates them: by their full size, in order.
import type { Cluster, SimVm } from '../cluster.ts';
import type { TargetRule } from './targets.ts';
import { trialOf, type TrialHost } from './trial.ts';

// The example hosts have 4 GB and 1 Gbit/s, a VM needs 100 Mbit/s. After creation CloudSim ignores both.
const CREATION_MEMORY_MB = 4096;
const CREATION_VMS_MAX = 10;

/** First host in order with room. */
export const firstFit: TargetRule = (vm, hosts, isExcluded) =>
  hosts.find((host) => !isExcluded(host) && host.isSuitable(vm));

/** Places all VMs in order by their maximum demand; overload tests do not see the VMs placed before. */
export function placeAll(cluster: Cluster, findTarget: TargetRule): void {
  for (const vm of cluster.vms) vm.demandMips = vm.spec.mips;
  const hosts = trialOf(cluster);
  for (const vm of cluster.vms) {
    const target = findTarget(vm, hosts, (host) => !hasRoom(host, vm));
    if (target === undefined) throw new Error(`place VM ${vm.spec.name}: no host has room for it`);
    target.add(vm);
    target.requestedMips = 0;
    cluster.place(vm, target.host);
  }
}

function hasRoom({ vms }: TrialHost, vm: SimVm): boolean {
  const usedMb = vms.reduce((sum, { spec }) => sum + spec.ramMb, 0);
  return usedMb + vm.spec.ramMb <= CREATION_MEMORY_MB && vms.length < CREATION_VMS_MAX;
}
