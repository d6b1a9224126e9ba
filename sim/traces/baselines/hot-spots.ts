// Implements balancers that act host by host: a threshold with the least loaded target, and Sandpiper.
import type { SnapshotVm } from '../../../scheduler/planner/contract/snapshot.ts';
import { leastBy, SnapshotModel, type ModelHost, type SnapshotPolicy } from './snapshot-model.ts';

// As the static threshold of Beloglazov and Buyya (2012), and of Watcher's and oVirt's policies.
const THRESHOLD_RATIO = 0.8;

/** Hosts over the threshold: VMs with the least memory first, each to the least loaded host that stays under it. */
export const thresholdLeastLoaded: SnapshotPolicy = (snapshot) => {
  const model = new SnapshotModel(snapshot);
  for (const source of model.hosts)
    for (const vm of model
      .movable(source)
      .sort((one, other) => one.load.memory.now - other.load.memory.now)) {
      if (source.cpuRatio <= THRESHOLD_RATIO) break;
      const target = leastBy(
        model.hosts.filter(
          (host) => host !== source && host.hasMemoryFor(vm) && host.cpuRatioWith(vm) <= THRESHOLD_RATIO,
        ),
        (host) => host.cpuRatio,
      );
      if (target !== undefined) model.move(vm, source, target);
    }
  return model.moves;
};

// Wood et al. (2007) call a host a hot spot above 75 %. Their k of n samples lie within one step of the traces.
const HOT_RATIO = 0.75;
const FULL_RATIO = 0.99;

/** Sandpiper: hosts by volume; of each the VM with the most volume per byte, to the host with the least volume that stays cool.
 * Without its swaps. */
export const sandpiper: SnapshotPolicy = (snapshot) => {
  const model = new SnapshotModel(snapshot);
  const hot = model.hosts.filter(isHot).sort((one, other) => volumeOf(other) - volumeOf(one));
  for (const source of hot) {
    const density = (vm: SnapshotVm): number =>
      volume(vm.load.cpu.now / source.host.cpuCores, vm.load.memory.now / source.host.memoryBytes) /
      Math.max(1, vm.load.memory.now);
    for (const vm of model.movable(source).sort((one, other) => density(other) - density(one))) {
      if (!isHot(source)) break;
      const target = leastBy(
        model.hosts.filter(
          (host) => host !== source && host.hasMemoryFor(vm) && peakRatioWith(host, vm) <= HOT_RATIO,
        ),
        volumeOf,
      );
      if (target !== undefined) model.move(vm, source, target);
    }
  }
  return model.moves;
};

function isHot(host: ModelHost): boolean {
  return host.cpuRatio > HOT_RATIO || host.memoryRatio > HOT_RATIO;
}

function peakRatioWith(host: ModelHost, vm: SnapshotVm): number {
  return host.cpuRatio + vm.load.cpu.peak / host.host.cpuCores;
}

function volumeOf(host: ModelHost): number {
  return volume(host.cpuRatio, host.memoryRatio);
}

function volume(cpuRatio: number, memoryRatio: number): number {
  return 1 / ((1 - Math.min(FULL_RATIO, cpuRatio)) * (1 - Math.min(FULL_RATIO, memoryRatio)));
}
