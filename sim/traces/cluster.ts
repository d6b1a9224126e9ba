// Models the cluster: which VM is where, the demand of each, and how a host shares its CPU among them.
//
// The sharing is that of CloudSim 3.0.3 (VmSchedulerTimeSharedOverSubscription, HostDynamicWorkload), float by float, to
// reproduce its published results: a migrating VM gets 90 % of its demand on the source while the target sets aside
// 10 %, and a host that is short scales all VMs alike and rounds down.

/** CloudSim keeps the last 30 samples of a VM. */
export const HISTORY_LENGTH = 30;
const MIGRATION_SHARE = 0.1;
const MIGRATING_RATIO = 0.9;

export interface HostSpec {
  readonly name: string;
  readonly cores: number;
  /** Speed of one core; MIPS in the consolidation set-up, MHz in the spread set-up. */
  readonly coreMips: number;
  /** Undefined: this set-up ignores memory. */
  readonly memoryMb: number | undefined;
  readonly watts: readonly number[];
}

export interface VmSpec {
  readonly name: string;
  readonly cores: number;
  readonly mips: number;
  /** What it may grow to. */
  readonly ramMb: number;
  /** Demand at each sample, as a share of `mips`. */
  readonly shares: Float64Array;
  /** Memory in use at each sample; undefined: all of `ramMb`. */
  readonly usedMb: Float64Array | undefined;
}

export class SimVm {
  readonly index: number;
  readonly spec: VmSpec;
  /** The host it runs on; undefined before it is placed and after CloudSim has deleted it. */
  host: SimHost | undefined;
  isMigrating = false;
  demandMips = 0;
  usedMb: number;
  /** Demand at the latest steps as shares, newest first. */
  readonly history = new Float64Array(HISTORY_LENGTH);

  constructor(index: number, spec: VmSpec) {
    this.index = index;
    this.spec = spec;
    this.usedMb = spec.ramMb;
  }

  remember(): void {
    this.history.copyWithin(1, 0);
    this.history[0] = this.demandMips / this.spec.mips;
  }
}

export class SimHost {
  readonly index: number;
  readonly spec: HostSpec;
  readonly capacityMips: number;
  /** In order of arrival, including arriving VMs. */
  readonly vms: SimVm[] = [];
  readonly arriving = new Set<SimVm>();
  /** CloudSim's utilisation: the CPU given to all VMs, without the loss from migrations away. */
  givenMips = 0;
  /** Demand of its VMs, including arriving ones. */
  requestedMips = 0;
  /** Demand of its own VMs that the CPU cannot meet. */
  unservedMips = 0;
  isShort = false;

  constructor(index: number, spec: HostSpec) {
    this.index = index;
    this.spec = spec;
    this.capacityMips = spec.cores * spec.coreMips;
  }

  get loadRatio(): number {
    const ratio = this.givenMips / this.capacityMips;
    return ratio > 1 && ratio < 1.01 ? 1 : ratio;
  }

  /** What the VM can use here: each of its cores at most one core of the host. */
  cappedMips(vm: SimVm): number {
    return Math.min(vm.demandMips, vm.spec.cores * this.spec.coreMips);
  }

  /** Shares the CPU again; calls `onGiven` with what each VM that runs here gets. */
  share(onGiven: (vm: SimVm, givenMips: number) => void): void {
    const scale = this.#scale();
    this.isShort = scale < 1;
    this.givenMips = 0;
    this.requestedMips = 0;
    this.unservedMips = 0;
    for (const vm of this.vms) {
      const capped = this.cappedMips(vm);
      const given = this.#given(vm, capped, scale);
      this.requestedMips += vm.demandMips;
      if (this.arriving.has(vm)) this.givenMips += given;
      else {
        onGiven(vm, given);
        this.givenMips += vm.isMigrating ? given / MIGRATING_RATIO : given;
        this.unservedMips += capped * (1 - scale);
      }
    }
  }

  /** 1 when there is enough CPU; otherwise the share of its demand that each VM gets. */
  #scale(): number {
    let available = this.capacityMips;
    let total = 0;
    let isShort = false;
    for (const vm of this.vms) {
      const wanted = this.cappedMips(vm) * (this.arriving.has(vm) ? MIGRATION_SHARE : 1);
      total += wanted;
      if (available >= wanted) available -= wanted;
      else {
        available = 0;
        isShort = true;
      }
    }
    return isShort ? Math.min(this.capacityMips / total, 1 - Number.EPSILON) : 1;
  }

  #given(vm: SimVm, cappedMips: number, scale: number): number {
    const isArriving = this.arriving.has(vm);
    if (scale === 1)
      return isArriving
        ? cappedMips * MIGRATION_SHARE
        : vm.isMigrating
          ? cappedMips * MIGRATING_RATIO
          : cappedMips;
    if (isArriving) return Math.floor(cappedMips * MIGRATION_SHARE * scale);
    return Math.floor(vm.isMigrating ? cappedMips * scale * MIGRATING_RATIO : cappedMips * scale);
  }

  remove(vm: SimVm): void {
    const place = this.vms.indexOf(vm);
    if (place >= 0) this.vms.splice(place, 1);
  }
}

export class Cluster {
  readonly hosts: readonly SimHost[];
  readonly vms: readonly SimVm[];
  readonly stepSeconds: number;
  /** Number of steps whose samples are in the VMs' histories. */
  steps = 0;

  constructor(hosts: readonly HostSpec[], vms: readonly VmSpec[], stepSeconds: number) {
    this.hosts = hosts.map((spec, index) => new SimHost(index, spec));
    this.vms = vms.map((spec, index) => new SimVm(index, spec));
    this.stepSeconds = stepSeconds;
  }

  /** Sets the demand of every VM to its trace at that time, linear between samples. */
  demandAt(seconds: number): void {
    const place = seconds / this.stepSeconds;
    const [before, after] = [Math.floor(place), Math.ceil(place)];
    for (const vm of this.vms) {
      const { shares, usedMb, mips, ramMb } = vm.spec;
      vm.demandMips = between(shares, before, after, seconds, this.stepSeconds) * mips;
      if (usedMb !== undefined)
        vm.usedMb = Math.min(ramMb, between(usedMb, before, after, seconds, this.stepSeconds));
    }
  }

  place(vm: SimVm, host: SimHost): void {
    host.vms.push(vm);
    vm.host = host;
  }
}

/** Interpolates as CloudSim does; the last sample holds until the end. */
function between(
  values: Float64Array,
  before: number,
  after: number,
  seconds: number,
  stepSeconds: number,
): number {
  const last = values.length - 1;
  const low = values[Math.min(before, last)] ?? 0;
  if (after === before) return low;
  const high = values[Math.min(after, last)] ?? 0;
  const slope = (high - low) / ((after - before) * stepSeconds);
  return low + slope * (seconds - before * stepSeconds);
}
