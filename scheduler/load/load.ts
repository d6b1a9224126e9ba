// Turns reports into load figures of hosts and VMs; a figure that was not measured is unknown, not zero.
import type { HostReport, HostSample, VmSample } from '../../shared/gen/telemetry.ts';

/** Demand for one resource, in cores or bytes and as a share of the capacity. */
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
  readonly contention: Contention;
  readonly vms: VmSums;
}

/** Waiting, as the host's kernel and the hypervisor count it. Absent: not measured. */
export interface Contention {
  /** Share of the time in which something waited for a CPU, and in which everything waited for memory. */
  readonly cpuPressureRatio?: number;
  readonly memoryFullPressureRatio?: number;
  readonly swapInBytesPerSecond?: number;
  /** Greatest share of its vCPUs' time that one of the host's VMs waited for a CPU. */
  readonly stealMaxRatio?: number;
}

/** What all VMs of a host use together, to be compared with what the host itself shows. */
export interface VmSums {
  readonly count: number;
  readonly cpuDemandCores: number;
  readonly memoryBytes: number;
  readonly networkBytesPerSecond: number;
  readonly diskBytesPerSecond: number;
}

export interface VmPoint {
  readonly tickAtMs: number;
  readonly intervalMs: number;
  readonly cpuDemandCores: number;
  readonly memoryBytes: number;
  readonly stealRatio?: number;
  /** Both directions together. */
  readonly networkBytesPerSecond?: number;
  readonly diskBytesPerSecond?: number;
}

/** The host's load at a tick; undefined for the first report of an agent, which has no rates, and for bad figures. */
export function hostPoint(report: HostReport): HostPoint | undefined {
  const { tickAtMs, intervalMs, host } = report;
  const demandCores = host?.cpuDemandCores ?? host?.cpuUsedCores;
  if (host === null || demandCores === undefined) return undefined;
  const cpu = loadOf(demandCores, host.cpuCores);
  const memory = loadOf(host.memoryBytes - host.memoryAvailableBytes, host.memoryBytes);
  if (cpu === undefined || memory === undefined) return undefined;
  const vms = report.vms.map((vm) => vmPoint(report, vm)).filter((point) => point !== undefined);
  return { tickAtMs, intervalMs, cpu, memory, contention: contentionOf(host, vms), vms: sumsOf(vms) };
}

function loadOf(amount: number, capacity: number): ResourceLoad | undefined {
  // A broken sensor must not make a host look idle and attract every VM.
  if (!(amount >= 0 && capacity > 0) || !Number.isFinite(amount / capacity)) return undefined;
  return { amount, capacity, ratio: amount / capacity };
}

function contentionOf(host: HostSample, vms: readonly VmPoint[]): Contention {
  const { cpuPressureRatio, memoryFullPressureRatio, swapInBytesPerSecond } = host;
  const steals = vms.map(({ stealRatio }) => stealRatio).filter((ratio) => ratio !== undefined);
  return {
    ...(cpuPressureRatio !== undefined && { cpuPressureRatio }),
    ...(memoryFullPressureRatio !== undefined && { memoryFullPressureRatio }),
    ...(swapInBytesPerSecond !== undefined && { swapInBytesPerSecond }),
    ...(steals.length > 0 && { stealMaxRatio: Math.max(...steals) }),
  };
}

function sumsOf(vms: readonly VmPoint[]): VmSums {
  const sum = (of: (vm: VmPoint) => number | undefined): number =>
    vms.reduce((total, vm) => total + (of(vm) ?? 0), 0);
  return {
    count: vms.length,
    cpuDemandCores: sum((vm) => vm.cpuDemandCores),
    memoryBytes: sum((vm) => vm.memoryBytes),
    networkBytesPerSecond: sum((vm) => vm.networkBytesPerSecond),
    diskBytesPerSecond: sum((vm) => vm.diskBytesPerSecond),
  };
}

/** The VM's load at a tick; undefined for the first sample of a QEMU process and for a VM that did not answer. */
export function vmPoint({ tickAtMs, intervalMs }: HostReport, vm: VmSample): VmPoint | undefined {
  const cpuDemandCores = vm.cpuDemandCores ?? vm.cpuCores;
  if (!vm.counted || cpuDemandCores === undefined || !(cpuDemandCores >= 0)) return undefined;
  const networkBytesPerSecond = sumOfKnown(
    vm.nics.flatMap((nic) => [nic.receiveBytesPerSecond, nic.transmitBytesPerSecond]),
  );
  const diskBytesPerSecond = sumOfKnown(
    vm.disks.flatMap((disk) => [disk.readBytesPerSecond, disk.writeBytesPerSecond]),
  );
  return {
    tickAtMs,
    intervalMs,
    cpuDemandCores,
    memoryBytes: memoryOnHostBytes(vm),
    ...(vm.stealRatio !== undefined && { stealRatio: vm.stealRatio }),
    ...(networkBytesPerSecond !== undefined && { networkBytesPerSecond }),
    ...(diskBytesPerSecond !== undefined && { diskBytesPerSecond }),
  };
}

/** Undefined when none is known. A VM without a NIC sends nothing; one whose NICs were not measured may. */
function sumOfKnown(rates: readonly (number | undefined)[]): number | undefined {
  const known = rates.filter((rate) => rate !== undefined);
  return known.length === 0 && rates.length > 0 ? undefined : known.reduce((sum, rate) => sum + rate, 0);
}

/** Host memory that the VM uses: QEMU's resident size, or its assigned memory where that is not known. */
function memoryOnHostBytes(vm: VmSample): number {
  return vm.rssBytes !== undefined && vm.rssBytes > 0 ? vm.rssBytes : vm.memoryAssignedBytes;
}

/** Mean of the last `count` values; 0 of none. */
export function meanOfLast(values: readonly number[], count: number): number {
  const last = values.slice(-count);
  return last.length === 0 ? 0 : last.reduce((sum, value) => sum + value, 0) / last.length;
}

/** What all VMs listed by the host may grow to, incoming copies among them. */
export function allocatedBytes({ vms }: HostReport): number {
  return vms.reduce((sum, { memoryMaxBytes }) => sum + memoryMaxBytes, 0);
}
