// Builds the consolidation set-up of Beloglazov and Buyya (2012) with CloudSim 3.0.3's constants: 800 small hosts, four VM types.
import { Cluster, type HostSpec, type VmSpec } from './cluster.ts';
import { G4_WATTS, G5_WATTS } from './power.ts';
import type { PlanetLabVm } from './read.ts';
import type { RunOptions } from './run.ts';

const HOSTS = 800;
const STEP_SECONDS = 300;
const DAY_SECONDS = 86_400;
// Memory is a limit only while VMs are created (initial-placement.ts): CloudSim's VMs need none once they run.
const G4: Omit<HostSpec, 'name'> = { cores: 2, coreMips: 1860, memoryMb: undefined, watts: G4_WATTS };
const G5: Omit<HostSpec, 'name'> = { cores: 2, coreMips: 2660, memoryMb: undefined, watts: G5_WATTS };
const VM_TYPES = [
  { mips: 2500, ramMb: 870 },
  { mips: 2000, ramMb: 1740 },
  { mips: 1000, ramMb: 1740 },
  { mips: 500, ramMb: 613 },
];
// Half of 1 Gbit/s.
export const MIGRATION_MB_PER_SECOND = 62.5;

export function consolidationCluster(traces: readonly PlanetLabVm[]): Cluster {
  const hosts = Array.from({ length: HOSTS }, (_, index) => ({
    name: `host${index}`,
    ...(index % 2 === 0 ? G4 : G5),
  }));
  const ofEachType = Math.ceil(traces.length / VM_TYPES.length);
  const vms = traces.map(({ name, shares }, index): VmSpec => {
    const type = VM_TYPES[Math.floor(index / ofEachType)];
    if (type === undefined) throw new Error(`give VM ${name} a type: index ${index} is beyond the last one`);
    return { name, cores: 1, ...type, shares, usedMb: undefined };
  });
  return new Cluster(hosts, vms, STEP_SECONDS);
}

/** Runs the day as CloudSim does, or without its deletions and with energy counted for every host that holds a VM. */
export function consolidationOptions(isCloudSim: boolean, alwaysFull: boolean): RunOptions {
  return {
    endSeconds: DAY_SECONDS,
    deletesIdle: isCloudSim,
    idleIsOff: isCloudSim,
    alwaysFull,
    alwaysOn: false,
    megabytesPerSecond: MIGRATION_MB_PER_SECOND,
  };
}
