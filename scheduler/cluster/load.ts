// Load of hosts and VMs as numbers the planner works with; a figure that was not measured is unknown, not zero.
import type { HostReport } from '../../shared/gen/evenkeel/v1/HostReport.ts';
import type { VmSample } from '../../shared/gen/evenkeel/v1/VmSample.ts';

/** How much of one resource is wanted, in cores or bytes and as a share of what there is. */
interface ResourceLoad {
  readonly amount: number;
  readonly capacity: number;
  readonly ratio: number;
}

export interface HostPoint {
  readonly tickAtMs: number;
  readonly intervalMs: number;
  readonly cpu: ResourceLoad;
  readonly memory: ResourceLoad;
}

export interface VmPoint {
  readonly tickAtMs: number;
  readonly cpuDemandCores: number;
  readonly memoryBytes: number;
}

/** The host's load at a tick; undefined in the first report of an agent, which has no rates, and for bad figures. */
export function hostPoint({ tickAtMs, intervalMs, host }: HostReport): HostPoint | undefined {
  const demandCores = host?.cpuDemandCores ?? host?.cpuUsedCores;
  if (host === null || demandCores === undefined) return undefined;
  const cpu = loadOf(demandCores, host.cpuCores);
  const memory = loadOf(host.memoryBytes - host.memoryAvailableBytes, host.memoryBytes);
  return cpu === undefined || memory === undefined ? undefined : { tickAtMs, intervalMs, cpu, memory };
}

function loadOf(amount: number, capacity: number): ResourceLoad | undefined {
  // A broken sensor must not make a host look idle and draw every VM to it.
  if (!(amount >= 0 && capacity > 0) || !Number.isFinite(amount / capacity)) return undefined;
  return { amount, capacity, ratio: amount / capacity };
}

/** The VM's load at a tick; undefined in the first sample of a QEMU process and for a VM that did not answer. */
export function vmPoint({ tickAtMs }: HostReport, vm: VmSample): VmPoint | undefined {
  const cpuDemandCores = vm.cpuDemandCores ?? vm.cpuCores;
  if (!vm.counted || cpuDemandCores === undefined || !(cpuDemandCores >= 0)) return undefined;
  return { tickAtMs, cpuDemandCores, memoryBytes: memoryOnHostBytes(vm) };
}

/** Host memory that the VM takes: QEMU's resident size, or what it was given where that is not known. */
function memoryOnHostBytes(vm: VmSample): number {
  return vm.rssBytes !== undefined && vm.rssBytes > 0 ? vm.rssBytes : vm.memoryAssignedBytes;
}

/** Mean of the last `count` values; 0 of none. */
export function meanOfLast(values: readonly number[], count: number): number {
  const last = values.slice(-count);
  return last.length === 0 ? 0 : last.reduce((sum, value) => sum + value, 0) / last.length;
}

/** Greatest of the last `count` values; 0 of none. */
export function peakOfLast(values: readonly number[], count: number): number {
  return Math.max(0, ...values.slice(-count));
}
