// Copies the cluster to try placements: what each host would hold, without touching the cluster itself.
import { HISTORY_LENGTH, type Cluster, type SimHost, type SimVm } from '../cluster.ts';

/** Shared buffer for sums of histories, which saves an array for each candidate. */
const buffer = new Float64Array(HISTORY_LENGTH);

export class TrialHost {
  readonly host: SimHost;
  readonly vms: SimVm[];
  /** CPU that is not yet allocated, by what VMs can use; 0 when the host is short. */
  availableMips = 0;
  /** CPU that its VMs get. */
  allocatedMips = 0;
  /** CPU demand of its VMs. */
  requestedMips = 0;
  readonly #history = new Float64Array(HISTORY_LENGTH);

  constructor(host: SimHost) {
    this.host = host;
    this.vms = [...host.vms];
    this.#recount();
  }

  get loadRatio(): number {
    return this.host.loadRatio;
  }

  /** CloudSim's isSuitableForVm; it ignores memory once a VM runs. */
  isSuitable(vm: SimVm): boolean {
    return this.host.spec.coreMips * vm.spec.cores >= vm.demandMips && this.availableMips >= vm.demandMips;
  }

  requestedRatio(extra?: SimVm): number {
    return (this.requestedMips + (extra?.demandMips ?? 0)) / this.host.capacityMips;
  }

  /** Load of its present VMs at the latest steps, newest first, without trailing zeros. Valid until the next call. */
  history(extra?: SimVm): Float64Array {
    const { capacityMips } = this.host;
    let length = 0;
    for (let at = 0; at < HISTORY_LENGTH; at += 1) {
      const own = this.#history[at] ?? 0;
      const sum =
        extra === undefined ? own : own + ((extra.history[at] ?? 0) * extra.spec.mips) / capacityMips;
      buffer[at] = sum;
      if (sum !== 0) length = at + 1;
    }
    return buffer.subarray(0, length);
  }

  add(vm: SimVm): void {
    this.vms.push(vm);
    this.#count(vm);
  }

  remove(vm: SimVm): void {
    this.vms.splice(this.vms.indexOf(vm), 1);
    this.#recount();
  }

  /** A host that is short gives each VM the same share of its demand, rounded down. */
  #scaledMips(): number {
    const wanted = this.vms.map((vm) => this.host.cappedMips(vm));
    const scale = this.host.capacityMips / wanted.reduce((sum, mips) => sum + mips, 0);
    return wanted.reduce((sum, mips) => sum + Math.floor(mips * scale), 0);
  }

  #recount(): void {
    this.availableMips = this.host.capacityMips;
    this.allocatedMips = 0;
    this.requestedMips = 0;
    this.#history.fill(0);
    for (const vm of this.vms) this.#count(vm);
    if (this.allocatedMips > this.host.capacityMips) this.allocatedMips = this.#scaledMips();
  }

  #count(vm: SimVm): void {
    const capped = this.host.cappedMips(vm);
    this.availableMips = Math.max(0, this.availableMips - capped);
    this.allocatedMips += capped;
    this.requestedMips += vm.demandMips;
    for (let at = 0; at < HISTORY_LENGTH; at += 1)
      this.#history[at] =
        (this.#history[at] ?? 0) + ((vm.history[at] ?? 0) * vm.spec.mips) / this.host.capacityMips;
  }
}

export function trialOf(cluster: Cluster): TrialHost[] {
  return cluster.hosts.map((host) => new TrialHost(host));
}
