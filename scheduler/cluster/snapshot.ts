// Makes the planner's snapshot of the live cluster, from reports, migrations and what operators said.
import type { HostReport } from '../../shared/gen/telemetry.ts';
import type { Detection } from '../load/hot-hosts.ts';
import type { Ledger } from '../restraint/ledger.ts';
import { quietReason, type QuietWindow } from '../restraint/quiet-windows.ts';
import {
  type LoadFigures,
  type PendingVm,
  type PlanMode,
  type Snapshot,
  SNAPSHOT_FORMAT,
  type SnapshotHost,
  type SnapshotRule,
  type SnapshotVm,
  type UsualLoad,
} from '../planner/contract/snapshot.ts';
import { hotSpotsOf } from '../load/evidence.ts';
import { vmFigures } from '../load/figures.ts';
import { holdOf } from '../restraint/holds.ts';
import { settledPoints } from '../load/points.ts';
import { needsOf, traitsOf } from './traits.ts';
import { hostState, type ClusterView, type HostView, type VmView } from './view.ts';

export interface SnapshotInput {
  readonly view: ClusterView;
  readonly ledger: Ledger;
  readonly detection: Detection;
  readonly nowMs: number;
  readonly modes: {
    readonly cluster: PlanMode;
    readonly byHost: ReadonlyMap<string, PlanMode>;
    readonly byVm: ReadonlyMap<string, PlanMode>;
  };
  /** Hosts that must give away all their VMs. */
  readonly drainingHostIds: ReadonlySet<string>;
  readonly rules: readonly SnapshotRule[];
  readonly pending: readonly PendingVm[];
  readonly quietWindows: readonly QuietWindow[];
  /** Names or uuids of VMs that evenkeel itself runs on. */
  readonly controlPlaneVms: ReadonlySet<string>;
  /** The usual load of a VM, by its uuid; undefined until enough is known of it. */
  readonly usualCpu?: (uuid: string) => UsualLoad | undefined;
}

const STATES = {
  HOST_STATE_READY: 'ready',
  HOST_STATE_UNKNOWN: 'unknown',
  HOST_STATE_STALE: 'stale',
} as const;

/** Everything a plan depends on at `nowMs`; hosts and VMs in order of id, so that the same cluster gives the same text. */
export function snapshotOf(input: SnapshotInput): Snapshot {
  const { view, ledger, modes, nowMs } = input;
  const hosts = [...view.hosts.values()].sort((a, b) => (a.hostId < b.hostId ? -1 : 1));
  const versions = new Set(hosts.map(({ report }) => report.facts?.hypervisorVersion ?? ''));
  versions.delete('');
  const quiet = quietReason(input.quietWindows, nowMs);
  return {
    format: SNAPSHOT_FORMAT,
    atMs: nowMs,
    mode: modes.cluster,
    hosts: hosts.map((host) => hostOf(input, host, versions)),
    vms: vmsOfAll(input),
    rules: input.rules,
    migrations: ledger.underWay.map(({ vmUuid, sourceHostId, targetHostId }) => ({
      vmUuid,
      sourceHostId,
      targetHostId,
    })),
    pending: input.pending,
    budgets: ledger.budgets,
    ...(quiet !== undefined && { quietReason: quiet }),
  };
}

function hostOf(input: SnapshotInput, host: HostView, versions: ReadonlySet<string>): SnapshotHost {
  const { view, ledger, detection, modes, nowMs } = input;
  const { hostId, hostName, report } = host;
  const mode = modes.byHost.get(hostId);
  const points = settledPoints(host.points, host.settledAtMs);
  const missing = detection.hotSamples - points.length;
  const { cpuCores, memoryBytes } = sizeOf(report);
  return {
    hostId,
    hostName,
    state: STATES[hostState(host, nowMs)],
    service: input.drainingHostIds.has(hostId) ? 'draining' : 'in_service',
    ...(mode !== undefined && { mode }),
    cpuCores,
    memoryBytes,
    load: host.load ?? flat(cpuCores, memoryBytes),
    memoryAllocatedBytes: allocatedBytes(view, ledger, host),
    hot: hotSpotsOf(host.heats, points, detection),
    ...(missing > 0 && { settlingUntilMs: settlingUntilMs(host, missing, nowMs) }),
    traits: traitsOf(report.facts, versions),
    migrationsIn: ledger.inByHost.get(hostId) ?? 0,
    migrationsOut: ledger.outByHost.get(hostId) ?? 0,
  };
}

/** Of a host without a known size nothing is known to fit: one core and one byte are the smallest valid size. */
function sizeOf({ host, facts }: HostReport): { readonly cpuCores: number; readonly memoryBytes: number } {
  return host ?? facts ?? { cpuCores: 1, memoryBytes: 1 };
}

/** When enough whole intervals will have passed, if reports arrive on time; always later than now. */
function settlingUntilMs({ report, settledAtMs }: HostView, missing: number, nowMs: number): number {
  const fromMs = Math.max(report.tickAtMs, settledAtMs);
  return Math.max(nowMs + 1, fromMs + missing * report.intervalMs);
}

/** What the host's VMs may grow to: those it lists, incoming copies among them, and those of migrations to it. */
function allocatedBytes(view: ClusterView, { active }: Ledger, { hostId, report }: HostView): number {
  const listed = new Set(report.vms.map(({ uuid }) => uuid));
  const coming = active.filter(({ targetHostId, vmUuid }) => targetHostId === hostId && !listed.has(vmUuid));
  return [
    ...report.vms.map(({ memoryMaxBytes }) => memoryMaxBytes),
    ...coming.map(({ vmUuid }) => view.vms.get(vmUuid)?.sample.memoryMaxBytes ?? 0),
  ].reduce((sum, bytes) => sum + bytes, 0);
}

function vmsOfAll(input: SnapshotInput): SnapshotVm[] {
  const { view } = input;
  const sharedBy = new Map([...view.hosts.values()].map((host) => [host.hostId, sharedOf(input, host)]));
  // Sorts plain uuids: without a comparison function that is many times faster.
  return [...view.vms.keys()].sort().flatMap((uuid) => {
    const vm = view.vms.get(uuid);
    const shared = sharedBy.get(vm?.hostId ?? '');
    return vm === undefined || shared === undefined ? [] : [vmOf(input, shared, vm)];
  });
}

/** What all VMs of a host share. */
interface Shared {
  readonly hostId: string;
  readonly settledAtMs: number;
  readonly needs: readonly string[];
  readonly mayHaveToGo: boolean;
}

/** Of a thousand hosts few are hot or drained; the VMs of the others need no forecast. */
function sharedOf(
  { drainingHostIds }: SnapshotInput,
  { hostId, settledAtMs, heats, report }: HostView,
): Shared {
  const mayHaveToGo = heats.cpu !== undefined || heats.memory !== undefined || drainingHostIds.has(hostId);
  return { hostId, settledAtMs, needs: needsOf(report.facts), mayHaveToGo };
}

function vmOf(input: SnapshotInput, shared: Shared, vm: VmView): SnapshotVm {
  const { ledger, detection, modes, controlPlaneVms } = input;
  const { hostId, settledAtMs, needs, mayHaveToGo } = shared;
  const { uuid, sample, points } = vm;
  const mode = modes.byVm.get(uuid);
  const held = holdOf(vm, points.length, { ...detection, ledger, settledAtMs, controlPlaneVms });
  const dirtyBytesPerSecond = ledger.dirtyBytesPerSecond.get(uuid);
  const leftHosts = ledger.leftHosts.get(uuid);
  const refusedTargets = ledger.refusedTargets.get(uuid);
  const usualCpu = input.usualCpu?.(uuid);
  return {
    uuid,
    name: sample.name,
    hostId,
    vcpus: sample.vcpus,
    memoryMaxBytes: sample.memoryMaxBytes,
    load:
      (mayHaveToGo ? vmFigures(points, detection, true) : vm.load) ??
      // Not measured yet: as much as it may take, so that nothing is built on it.
      flat(sample.vcpus, sample.memoryMaxBytes),
    ...(usualCpu !== undefined && { usualCpu }),
    ...(dirtyBytesPerSecond !== undefined && { dirtyBytesPerSecond }),
    needs,
    ...(held !== undefined && { held }),
    ...(refusedTargets !== undefined && { refusedTargets }),
    ...(leftHosts !== undefined && { leftHosts }),
    ...(mode !== undefined && { mode }),
  };
}

function flat(cpuCores: number, memoryBytes: number): LoadFigures {
  const figure = (amount: number) => ({ now: amount, peak: amount, forecast: amount });
  return { cpu: figure(cpuCores), memory: figure(memoryBytes) };
}
