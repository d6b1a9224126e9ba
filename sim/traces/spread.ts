// Builds the spread set-up: Bitbrains VMs on a fixed set of equal hosts, sized so that the day's peak takes 75 % of all CPU.
import { Cluster, type HostSpec, type VmSpec } from './cluster.ts';
import type { BitbrainsVm } from './read.ts';
import type { RunOptions } from './run.ts';

const STEP_SECONDS = 300;
const DAY_SECONDS = 86_400;
export const PEAK_RATIO = 0.75;
// A two-socket server of the time of the traces has 32 cores of about 2.6 GHz, and the largest VM asks for 512 GB.
const HOST_CORES = 32;
const HOST_CORE_MHZ = 2_600;
const HOST_MEMORY_MB = 768 * 1024;
// Half of 10 Gbit/s.
export const SPREAD_MB_PER_SECOND = 625;

/** As many hosts as the day's peak needs, with the speed of their cores adjusted so that it takes exactly 75 %. */
export function spreadCluster(traces: readonly BitbrainsVm[]): Cluster {
  const peakMhz = Math.max(...sums(traces));
  const wantedMhz = peakMhz / PEAK_RATIO;
  const count = Math.max(2, Math.ceil(wantedMhz / (HOST_CORES * HOST_CORE_MHZ)));
  const host: Omit<HostSpec, 'name'> = {
    cores: HOST_CORES,
    coreMips: wantedMhz / count / HOST_CORES,
    memoryMb: HOST_MEMORY_MB,
    // Hosts stay on, and their energy is not compared.
    watts: [0, 0],
  };
  const hosts = Array.from({ length: count }, (_, index) => ({ name: `host${index}`, ...host }));
  return new Cluster(hosts, traces.map(vmSpec), STEP_SECONDS);
}

function sums(traces: readonly BitbrainsVm[]): number[] {
  return Array.from({ length: traces[0]?.usedMhz.length ?? 0 }, (_, at) =>
    traces.reduce((sum, { usedMhz }) => sum + (usedMhz[at] ?? 0), 0),
  );
}

/** A few VMs have no sizes: their peak use is taken instead. */
function vmSpec({ name, cores, capacityMhz, memoryMb, usedMhz, usedMb }: BitbrainsVm): VmSpec {
  const mips = Math.max(1, capacityMhz, ...usedMhz);
  return {
    name,
    cores: Math.max(1, cores, Math.ceil(Math.max(...usedMhz) / HOST_CORE_MHZ)),
    mips,
    ramMb: Math.max(1, memoryMb, ...usedMb),
    shares: usedMhz.map((mhz) => mhz / mips),
    usedMb,
  };
}

/** Places each VM in order on the host with the fewest vCPUs that has memory for it, as an operator would who knows only sizes. */
export function placeBySize(cluster: Cluster): void {
  const vcpus = cluster.hosts.map(() => 0);
  const allocatedMb = cluster.hosts.map(() => 0);
  for (const vm of cluster.vms) {
    const { cores, ramMb } = vm.spec;
    const fitting = cluster.hosts.filter(({ index }) => (allocatedMb[index] ?? 0) + ramMb <= HOST_MEMORY_MB);
    const [host] = fitting.sort(
      (one, other) => (vcpus[one.index] ?? 0) - (vcpus[other.index] ?? 0) || one.index - other.index,
    );
    if (host === undefined) throw new Error(`place VM ${vm.spec.name}: no host has ${ramMb} MB for it`);
    vcpus[host.index] = (vcpus[host.index] ?? 0) + cores;
    allocatedMb[host.index] = (allocatedMb[host.index] ?? 0) + ramMb;
    cluster.place(vm, host);
  }
}

export const SPREAD_OPTIONS: RunOptions = {
  endSeconds: DAY_SECONDS,
  deletesIdle: false,
  idleIsOff: false,
  alwaysFull: false,
  alwaysOn: true,
  megabytesPerSecond: SPREAD_MB_PER_SECOND,
};
