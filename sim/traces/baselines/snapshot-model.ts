// Models what the simple balancers see: load and memory of a snapshot's hosts and VMs, updated move by move.
import type { Snapshot, SnapshotHost, SnapshotVm } from '../../../scheduler/planner/contract/snapshot.ts';

/** A policy of the spread set-up: the moves it would make now, in order. */
export type SnapshotPolicy = (snapshot: Snapshot) => readonly BaselineMove[];

export interface BaselineMove {
  readonly vmUuid: string;
  readonly targetHostId: string;
  /** Indexes of moves that must end before. */
  readonly after?: readonly number[];
}

export class ModelHost {
  readonly host: SnapshotHost;
  readonly vms = new Set<SnapshotVm>();
  #cores: number;
  #usedBytes: number;
  #allocatedBytes: number;

  constructor(host: SnapshotHost) {
    this.host = host;
    this.#cores = host.load.cpu.now;
    this.#usedBytes = host.load.memory.now;
    this.#allocatedBytes = host.memoryAllocatedBytes;
  }

  get cpuRatio(): number {
    return this.#cores / this.host.cpuCores;
  }

  get memoryRatio(): number {
    return this.#usedBytes / this.host.memoryBytes;
  }

  cpuRatioWith(vm: SnapshotVm): number {
    return (this.#cores + vm.load.cpu.now) / this.host.cpuCores;
  }

  /** Each of these balancers checks free memory; here all use the same rule, by what VMs may grow to. */
  hasMemoryFor(vm: SnapshotVm): boolean {
    return this.#allocatedBytes + vm.memoryMaxBytes <= this.host.memoryBytes;
  }

  add(vm: SnapshotVm, sign: 1 | -1): void {
    this.#cores += sign * vm.load.cpu.now;
    this.#usedBytes += sign * vm.load.memory.now;
    this.#allocatedBytes += sign * vm.memoryMaxBytes;
    if (sign === 1) this.vms.add(vm);
    else this.vms.delete(vm);
  }
}

export class SnapshotModel {
  readonly hosts: readonly ModelHost[];
  readonly moves: BaselineMove[] = [];
  readonly #moved = new Set<SnapshotVm>();

  constructor({ hosts, vms }: Snapshot) {
    this.hosts = hosts.map((host) => new ModelHost(host));
    const byId = new Map(this.hosts.map((model) => [model.host.hostId, model]));
    for (const vm of vms) byId.get(vm.hostId)?.vms.add(vm);
  }

  /** VMs of the host that may move: not held against every move, and not yet moved by this plan. */
  movable(host: ModelHost): SnapshotVm[] {
    return [...host.vms].filter((vm) => !this.#moved.has(vm) && vm.held?.against !== 'every_move');
  }

  move(vm: SnapshotVm, source: ModelHost, target: ModelHost): void {
    source.add(vm, -1);
    target.add(vm, 1);
    this.#moved.add(vm);
    this.moves.push({ vmUuid: vm.uuid, targetHostId: target.host.hostId });
  }
}

/** The item with the least `amount`, the first of equals; undefined when there is none. */
export function leastBy<T>(items: Iterable<T>, amount: (item: T) => number): T | undefined {
  let best: T | undefined;
  let least = Infinity;
  for (const item of items) {
    const own = amount(item);
    if (own < least) [least, best] = [own, item];
  }
  return best;
}
