// The planner's working copy of the cluster: loads now and at their peak, with moves in flight already counted.
import { hotResources } from '../cluster/heat.ts';
import { settledPoints } from '../cluster/points.ts';
import { hostState, vmsOf } from '../cluster/view.ts';
import type { ClusterView, HostState, HostView, VmView } from '../cluster/view.ts';
import { meanOfLast, peakOfLast, type HostPoint } from '../cluster/load.ts';
import { withVm, type Amounts, type Loads } from './cost.ts';
import type { Ledger } from './ledger.ts';
import type { Policy, Resource } from './policy.ts';

export interface VmModel {
  readonly uuid: string;
  readonly name: string;
  readonly view: VmView;
  /** Samples behind the figures below; with none they are unknown. */
  readonly samples: number;
  /** Mean of the last k samples: what it wants now. */
  readonly now: Amounts;
  /** Greatest of the last n samples: what a target must be ready for. */
  readonly peak: Amounts;
  /** What it may grow to. */
  readonly memoryMaxBytes: number;
}

export interface HostModel {
  readonly hostId: string;
  readonly hostName: string;
  readonly view: HostView;
  readonly state: HostState;
  readonly hot: readonly Resource[];
  /** Whole samples since the last migration to or from it. */
  readonly samples: number;
  readonly vms: readonly VmModel[];
  now: Loads;
  peak: Loads;
  /** Sum of what its VMs, also those on their way to it, may grow to. */
  memoryAllocatedBytes: number;
  migrationsOut: number;
  migrationsIn: number;
}

export interface ClusterModel {
  readonly hosts: ReadonlyMap<string, HostModel>;
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly nowMs: number;
  /** Migrations that may still be started. */
  migrationsLeft: number;
}

/** The model of the cluster at `nowMs`. The planner books its own moves in it, so it is made anew for each plan. */
export function modelOf(view: ClusterView, ledger: Ledger, policy: Policy, nowMs: number): ClusterModel {
  const hosts = new Map<string, HostModel>();
  for (const host of view.hosts.values())
    hosts.set(host.hostId, hostModel(view, host, ledger, policy, nowMs));
  for (const migration of ledger.active) {
    const vm = view.vms.get(migration.vmUuid);
    const target = hosts.get(migration.targetHostId);
    if (vm !== undefined && target !== undefined) book(target, vmModel(vm, policy), vm.hostId);
  }
  const migrationsMax = Math.min(policy.concurrentMax, Math.max(1, Math.floor(hosts.size / 2)));
  return { hosts, ledger, policy, nowMs, migrationsLeft: migrationsMax - ledger.underWay };
}

/** Counts a VM that is on its way as load of its target, until the target itself reports it. */
function book(target: HostModel, vm: VmModel, hostId: string | undefined): void {
  if (hostId === target.hostId) return;
  target.now = withVm(target.now, vm.now, 1);
  target.peak = withVm(target.peak, vm.peak, 1);
  // An incoming copy is listed by the target already, with all that it may grow to.
  if (!target.view.report.vms.some(({ uuid }) => uuid === vm.uuid))
    target.memoryAllocatedBytes += vm.memoryMaxBytes;
}

/** Books a move in the model, so that the next choice sees it. The source keeps its load: it is not relieved yet. */
export function bookMove(model: ClusterModel, source: HostModel, target: HostModel, vm: VmModel): void {
  book(target, vm, source.hostId);
  source.migrationsOut += 1;
  target.migrationsIn += 1;
  model.migrationsLeft -= 1;
}

function hostModel(
  view: ClusterView,
  host: HostView,
  ledger: Ledger,
  policy: Policy,
  nowMs: number,
): HostModel {
  const current = settledPoints(host.points, host.settledAtMs).slice(-policy.windowSamples);
  // A host that has just settled is no target, but a person's order still has to respect its memory.
  const points = current.length > 0 ? current : host.points.slice(-1);
  let vms: readonly VmModel[] | undefined;
  return {
    hostId: host.hostId,
    hostName: host.hostName,
    view: host,
    state: hostState(host, nowMs),
    hot: hotResources(host),
    samples: current.length,
    // Made when asked for: of a thousand hosts few are hot, and only those are looked into.
    get vms() {
      return (vms ??= vmsOf(view, host).map((vm) => vmModel(vm, policy)));
    },
    now: hostLoads(host, points, (values) => meanOfLast(values, policy.hotSamples)),
    peak: hostLoads(host, points, (values) => peakOfLast(values, policy.windowSamples)),
    memoryAllocatedBytes: allocatedBytes(host),
    migrationsOut: ledger.outByHost.get(host.hostId) ?? 0,
    migrationsIn: ledger.inByHost.get(host.hostId) ?? 0,
  };
}

function hostLoads(
  host: HostView,
  points: readonly HostPoint[],
  combine: (values: readonly number[]) => number,
): Loads {
  return {
    cpu: {
      amount: combine(points.map(({ cpu }) => cpu.amount)),
      capacity: host.report.host?.cpuCores ?? 0,
    },
    memory: {
      amount: combine(points.map(({ memory }) => memory.amount)),
      capacity: host.report.host?.memoryBytes ?? 0,
    },
  };
}

/** What all VMs listed by the host may grow to, incoming copies among them. */
export function allocatedBytes(host: HostView): number {
  return host.report.vms.reduce((sum, { memoryMaxBytes }) => sum + memoryMaxBytes, 0);
}

export function vmModel(view: VmView, policy: Policy): VmModel {
  const { hotSamples: k, windowSamples: n } = policy;
  const points = view.points.slice(-n);
  const cpu = points.map(({ cpuDemandCores }) => cpuDemandCores);
  const memory = points.map(({ memoryBytes }) => memoryBytes);
  return {
    uuid: view.uuid,
    name: view.sample.name,
    view,
    samples: points.length,
    now: { cpu: meanOfLast(cpu, k), memory: meanOfLast(memory, k) },
    peak: { cpu: peakOfLast(cpu, n), memory: peakOfLast(memory, n) },
    memoryMaxBytes: view.sample.memoryMaxBytes,
  };
}

/** Load as a share of capacity; a host without figures counts as full. */
export function ratioOf(loads: Loads, resource: Resource): number {
  const { amount, capacity } = loads[resource];
  return capacity > 0 ? amount / capacity : 1;
}
