// Computes the loads of hosts once VMs are where a plan puts them, for both comparisons of plans.
import type { Snapshot, SnapshotHost } from '../scheduler/planner/contract/snapshot.ts';

export interface HostLoad {
  readonly host: SnapshotHost;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Loads of all hosts with each VM on the host that `homes` names, or on its present host if it names none. */
export function loadsWith({ hosts, vms }: Snapshot, homes: ReadonlyMap<string, string>): HostLoad[] {
  const loads = new Map(
    hosts.map((host) => [host.hostId, { host, cores: host.load.cpu.now, memoryBytes: host.load.memory.now }]),
  );
  for (const { uuid, hostId, load } of vms) {
    const [from, to] = [loads.get(hostId), loads.get(homes.get(uuid) ?? hostId)];
    if (from === undefined || to === undefined) throw new Error(`${uuid} is on a host that is not there`);
    from.cores -= load.cpu.now;
    from.memoryBytes -= load.memory.now;
    to.cores += load.cpu.now;
    to.memoryBytes += load.memory.now;
  }
  return [...loads.values()];
}
