// Models clusters as plain numbers for tests of decisions: hosts with VMs under constant demand, turned into real reports.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { hostReportCodec } from '../../shared/proto/load.ts';
import { GIB, MIB } from '../../shared/units.ts';
import { detectionOf, policyOf, schedulerSchema, viewLimitsOf } from '../../scheduler/config.ts';
import { emptyView, foldReport, type ClusterView } from '../../scheduler/cluster/view.ts';
import { ledgerOf, type Ledger } from '../../scheduler/restraint/ledger.ts';
import { DEFAULT_RESTRAINT } from '../../scheduler/restraint/cool-down.ts';
import type { Policy } from '../../scheduler/planner/contract/policy.ts';
import { loadSettings } from '../../shared/settings.ts';

export const SETTINGS = loadSettings(schedulerSchema, undefined, {});
export const POLICY: Policy = policyOf(SETTINGS);
/** A host is hot as soon as k of n samples are above the level. */
export const DETECTION = { ...detectionOf(SETTINGS), sustainedMs: 0 };
export const LIMITS = viewLimitsOf(SETTINGS);
export const INTERVAL_MS = 5_000;
/** An arbitrary moment, a multiple of the interval. */
export const T0 = 1_700_000_000_000;

export interface ModelVm {
  readonly name: string;
  readonly cores: number;
  readonly memoryMaxBytes?: number;
  readonly rssBytes?: number;
  readonly vcpus?: number;
  readonly neverMove?: boolean;
  readonly stuck?: boolean;
}

export interface ModelHost {
  readonly name: string;
  readonly cores: number;
  readonly memoryBytes?: number;
  readonly vms: readonly ModelVm[];
  /** Cores that the host itself uses. */
  readonly ownCores?: number;
  readonly vmsComplete?: boolean;
}

const OWN_MEMORY_BYTES = 200 * MIB;

/** The host's report of one tick, as decoded from the wire. */
export function reportOf(host: ModelHost, sequence: number, tickAtMs: number, bootId = 'boot') {
  const memoryBytes = host.memoryBytes ?? 64 * GIB;
  const usedBytes = host.vms.reduce((sum, vm) => sum + rssOf(vm), OWN_MEMORY_BYTES);
  const cpuDemandCores = host.vms.reduce((sum, vm) => sum + vm.cores, host.ownCores ?? 0.05);
  const bytes = hostReportCodec.encode({
    hostId: host.name,
    hostName: host.name,
    bootId,
    sequence,
    tickAtMs,
    intervalMs: INTERVAL_MS,
    facts: { agentAddress: '127.0.0.1:1', pools: ['shared'], bridges: ['br0'] },
    host: {
      cpuCores: host.cores,
      cpuDemandCores,
      cpuUsedCores: Math.min(cpuDemandCores, host.cores),
      memoryBytes,
      memoryAvailableBytes: Math.max(0, memoryBytes - usedBytes),
    },
    vms: host.vms.map((vm) => ({
      uuid: vm.name,
      name: vm.name,
      libvirtId: 1,
      state: 'VM_STATE_RUNNING' as const,
      counted: vm.stuck !== true,
      stuck: vm.stuck === true,
      vcpus: vm.vcpus ?? 1,
      cpuDemandCores: vm.cores,
      cpuCores: vm.cores,
      memoryAssignedBytes: vm.memoryMaxBytes ?? 512 * MIB,
      memoryMaxBytes: vm.memoryMaxBytes ?? 512 * MIB,
      rssBytes: rssOf(vm),
      metadata: { rules: { neverMove: vm.neverMove === true } },
    })),
    vmsComplete: host.vmsComplete ?? true,
  });
  return hostReportCodec.decode(bytes);
}

function rssOf(vm: ModelVm): number {
  return vm.rssBytes ?? 256 * MIB;
}

/** Folds `ticks` samples of all hosts, the last one at `endAtMs`. */
export function observe(
  hosts: readonly ModelHost[],
  { ticks = 6, endAtMs = T0, view = emptyView(), firstSequence = 1, policy = POLICY } = {},
): ClusterView {
  const detection = { ...DETECTION, ...policy };
  for (let tick = 0; tick < ticks; tick += 1) {
    const tickAtMs = endAtMs - (ticks - 1 - tick) * INTERVAL_MS;
    for (const host of hosts)
      foldReport(view, reportOf(host, firstSequence + tick, tickAtMs), tickAtMs, detection, LIMITS);
  }
  return view;
}

export function ledger(migrations: readonly Migration[] = [], nowMs = T0): Ledger {
  return ledgerOf(migrations, nowMs, DEFAULT_RESTRAINT);
}

/** A migration from the fields that matter to the test. */
export function migration(given: Partial<Migration>): Migration {
  return {
    migrationId: 'm1',
    epoch: 1,
    vmUuid: 'a',
    vmName: 'a',
    sourceHostId: 'h1',
    sourceHostName: 'h1',
    targetHostId: 'h2',
    targetHostName: 'h2',
    decisionId: '',
    state: 'MIGRATION_STATE_SUCCEEDED',
    queuedAtMs: T0 - 20_000,
    startedAtMs: T0 - 19_000,
    endedAtMs: T0 - 15_000,
    outcome: '',
    causeCode: 'MIGRATION_CAUSE_UNSPECIFIED',
    progress: null,
    commitMode: 'COMMIT_MODE_LOCK',
    estimate: null,
    reservedMemoryBytes: 0,
    bandwidthBytesPerSecond: 0,
    evacuation: false,
    definedOnTargetBefore: false,
    stateSinceMs: T0 - 15_000,
    ...given,
  };
}
