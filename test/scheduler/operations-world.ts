// Builds small views, snapshots and moves as plain values, for tests of operators' orders.
import type { Move, PlacementRule } from '../../shared/gen/telemetry.ts';
import type { ClusterView, VmView } from '../../scheduler/cluster/view.ts';
import { moveOf } from '../../scheduler/planner/words/move.ts';
import type { PlannedMove } from '../../scheduler/planner/contract/plan-types.ts';
import {
  SNAPSHOT_FORMAT,
  type Snapshot,
  type SnapshotHost,
} from '../../scheduler/planner/contract/snapshot.ts';
import { observe } from './model-cluster.ts';

interface NamedVm {
  readonly uuid: string;
  readonly name: string;
  readonly placement?: readonly PlacementRule[];
}

/** A view of one host, kvm1 by the id h1, with these VMs. */
export function viewWith(vms: readonly NamedVm[]): ClusterView {
  const view = observe([{ name: 'h1', cores: 4, vms: vms.map(({ uuid }) => ({ name: uuid, cores: 0.1 })) }]);
  const host = view.hosts.get('h1');
  if (host !== undefined) view.hosts.set('h1', { ...host, hostName: 'kvm1' });
  for (const vm of vms) {
    const seen = view.vms.get(vm.uuid);
    if (seen !== undefined) view.vms.set(vm.uuid, named(seen, vm));
  }
  return view;
}

function named(vm: VmView, { name, placement = [] }: NamedVm): VmView {
  const rules = {
    ...{ neverMove: false, downtimeMaxMs: 0, postCopy: false, controlPlane: false },
    placement: [...placement],
  };
  const metadata = { owner: '', purpose: '', expiresAtMs: 0, rules };
  return { ...vm, sample: { ...vm.sample, name, metadata } };
}

const figures = (now: number): { now: number; peak: number; forecast: number } => ({
  now,
  peak: now,
  forecast: now,
});

/** Three hosts, h1 to h3, those of `hot` hot in CPU. */
export function snapshotWith(
  atMs: number,
  vms: readonly { readonly uuid: string; readonly hostId: string }[],
  hot: readonly string[],
): Snapshot {
  const hosts = ['h1', 'h2', 'h3'].map((hostId): SnapshotHost => ({
    ...{ hostId, hostName: hostId, state: 'ready', service: 'in_service' },
    ...{ cpuCores: 8, memoryBytes: 64e9, memoryAllocatedBytes: 8e9, traits: [] },
    ...{ migrationsIn: 0, migrationsOut: 0, load: { cpu: figures(1), memory: figures(8e9) } },
    hot: hot.includes(hostId)
      ? [{ resource: 'cpu', sinceMs: atMs - 60_000, level: 'hot', evidence: 'CPU demand 95 %' }]
      : [],
  }));
  return {
    ...{ format: SNAPSHOT_FORMAT, atMs, mode: 'recommend', hosts, rules: [] },
    ...{ migrations: [], pending: [], budgets: {} },
    vms: vms.map(({ uuid, hostId }) => ({
      ...{ uuid, name: uuid, hostId, vcpus: 1, memoryMaxBytes: 1e9 },
      load: { cpu: figures(0.5), memory: figures(5e8) },
    })),
  };
}

/** A move as the planner returns it, and as it goes over the wire. */
export function plannedMove(
  vmUuid: string,
  sourceHostId: string,
  targetHostId: string,
): { planned: PlannedMove; wire: Move } {
  const planned: PlannedMove = {
    ...{ vmUuid, vmName: vmUuid, sourceHostId, sourceHostName: sourceHostId },
    ...{ targetHostId, targetHostName: targetHostId, trigger: 'hot_host', mode: 'recommend' },
    ...{ reason: 'it helps', evidence: ['CPU demand 95 %'], projections: [], after: [], refusals: [] },
    terms: {
      ...{ gainCores: 1, persistenceSeconds: 300, netCoreSeconds: 290 },
      ...{ migrationSeconds: 10, migrationBytes: 1.5e9 },
    },
  };
  return { planned, wire: moveOf(planned) };
}
