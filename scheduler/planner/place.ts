// Where a VM goes when a person asks: a new VM, or a migration without a target. The host with most room left wins.
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import { refusal, refuseFit, refuseMemory, refuseTarget, unusable } from './filters.ts';
import { ratioOf, type ClusterModel, type HostModel, type VmModel } from './model.ts';
import { withVm } from './cost.ts';

// A host that is being moved to already comes after all others: the order would wait.
const WAITS_LOAD = 1_000;

/** A place, or every host's reason why it is none. */
export interface Placement {
  readonly host: HostModel | undefined;
  readonly refusals: readonly Refusal[];
}

/** What a new VM needs of its host. */
export interface Needs {
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly pools: readonly string[];
  readonly networks: readonly string[];
  readonly bridges: readonly string[];
}

/** The host for a new VM: among `hosts`, the one that keeps most room in its scarcest resource. */
export function placeNew(model: ClusterModel, needs: Needs, hosts: readonly HostModel[]): Placement {
  return best(
    hosts,
    (host) => refuseNew(model, needs, host),
    (host) => {
      const memory = (host.memoryAllocatedBytes + needs.memoryBytes) / host.now.memory.capacity;
      // What it will want is not known; a VM that wants all of its vCPUs is the exception, half is a cautious guess.
      const cpu = (host.now.cpu.amount + needs.vcpus / 2) / host.now.cpu.capacity;
      return Math.max(memory, cpu, ratioOf(host.now, 'memory'));
    },
  );
}

function refuseNew(model: ClusterModel, needs: Needs, host: HostModel): Refusal | undefined {
  const bad = unusable(host);
  if (bad !== undefined) return bad;
  const no = (code: string, reason: string, cure: string): Refusal =>
    refusal(code, reason, cure, undefined, host);
  if (needs.vcpus > host.now.cpu.capacity)
    return no(
      'too_few_cores',
      `it has ${host.now.cpu.capacity} cores, fewer than ${needs.vcpus} vCPUs`,
      'ask for fewer vCPUs',
    );
  const facts = host.view.report.facts;
  const missing = (
    kind: string,
    wanted: readonly string[],
    there: readonly string[] = [],
  ): Refusal | undefined => {
    const name = wanted.find((each) => !there.includes(each));
    if (name === undefined) return undefined;
    const has = there.length === 0 ? 'none' : there.join(', ');
    return no(
      `no_${kind}`,
      `it has no ${kind} "${name}" (it has ${has})`,
      `name another, or set up that ${kind} there`,
    );
  };
  return (
    missing('pool', needs.pools, facts?.pools) ??
    missing('network', needs.networks, facts?.networks) ??
    missing('bridge', needs.bridges, facts?.bridges) ??
    refuseMemory(model.policy, host, needs.memoryBytes, 0)
  );
}

/** The target of a migration that a person orders: least loaded with the VM on it, among those that can take it. */
export function placeMigration(model: ClusterModel, source: HostModel, vm: VmModel): Placement {
  const others = [...model.hosts.values()].filter(({ hostId }) => hostId !== source.hostId);
  return best(
    others,
    (host) => refuseOrdered(model, vm, host),
    (host) => {
      const after = withVm(host.now, vm.now, 1);
      const load = Math.max(ratioOf(after, 'cpu'), ratioOf(after, 'memory'));
      return host.migrationsIn > 0 ? load + WAITS_LOAD : load;
    },
  );
}

/** Why a person's order cannot be carried out to this host. Load is theirs to judge; size, memory and faults are not. */
export function refuseOrdered(model: ClusterModel, vm: VmModel, host: HostModel): Refusal | undefined {
  return refuseTarget(model, host, true) ?? refuseFit(model, vm, host);
}

function best(
  hosts: readonly HostModel[],
  refuse: (host: HostModel) => Refusal | undefined,
  load: (host: HostModel) => number,
): Placement {
  const refusals: Refusal[] = [];
  let found: { host: HostModel; load: number } | undefined;
  for (const host of hosts) {
    const refused = refuse(host);
    if (refused !== undefined) refusals.push(refused);
    else if (found === undefined || load(host) < found.load) found = { host, load: load(host) };
  }
  return { host: found?.host, refusals };
}
