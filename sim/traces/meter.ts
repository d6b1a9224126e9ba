// Measures a run: energy, shortage and migrations, summed up from event to event.
import type { Cluster, SimHost, SimVm } from './cluster.ts';
import { joulesToKwh, wattsAt } from './power.ts';

export interface Figures {
  readonly energyKwh: number;
  readonly migrations: number;
  readonly megabytesMoved: number;
  /** Moves of VMs back to the host that they had last come from. */
  readonly returns: number;
  readonly activeHostsMean: number;
  /** Share of active host time in which VMs on the host lacked CPU. */
  readonly shortageTimeRatio: number;
  /** Host minutes of such shortage. */
  readonly shortageHostMinutes: number;
  /** MIPS or MHz of demand not met for lack of CPU, times seconds. */
  readonly unservedMipsSeconds: number;
  /** SLATAH, PDM, SLAV and ESV as CloudSim computes them (Beloglazov and Buyya 2012). */
  readonly slatah: number;
  readonly pdm: number;
  readonly slav: number;
  readonly esv: number;
  /** As CloudSim counts them: hosts that were active, or had never been, and then slept. */
  readonly shutdowns: number;
  readonly vmsLeft: number;
  /** Peak of what the VMs on a host, incoming copies included, may grow to, as a share of its memory. */
  readonly memoryPeakRatio: number;
}

interface VmEntry {
  givenMips: number;
  requestedMips: number;
  isMigrating: boolean;
}

/** How energy and activity are counted. */
export interface MeterOptions {
  /** True, as in CloudSim: a host whose VMs have no demand uses no energy. False: it is on while a VM is on it. */
  readonly idleIsOff: boolean;
  /** All hosts at full power all the time. */
  readonly alwaysFull: boolean;
  /** No host is ever switched off: a host without VMs draws its idle power. */
  readonly alwaysOn: boolean;
}

export class Meter {
  readonly #cluster: Cluster;
  readonly #options: MeterOptions;
  readonly #entries: VmEntry[];
  readonly #wasActive: boolean[];
  readonly #cameFrom = new Map<SimVm, SimHost>();
  #isFirst = true;
  #joules = 0;
  #seconds = 0;
  #activeSeconds = 0;
  #violatedSeconds = 0;
  #shortSeconds = 0;
  #unservedMipsSeconds = 0;
  #requested = 0;
  #lostToMigration = 0;
  #migrations = 0;
  #megabytes = 0;
  #returns = 0;
  #shutdowns = 0;
  #memoryPeakRatio = 0;

  constructor(cluster: Cluster, options: MeterOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#entries = cluster.vms.map(() => ({ givenMips: 0, requestedMips: 0, isMigrating: false }));
    this.#wasActive = cluster.hosts.map(() => true);
  }

  /** Shares the CPU of a host again and keeps what its VMs get. */
  readonly share = (host: SimHost): void => {
    host.share((vm, givenMips) => {
      const entry = this.#entries[vm.index];
      if (entry === undefined) return;
      entry.givenMips = givenMips;
      entry.requestedMips = vm.demandMips;
      entry.isMigrating = vm.isMigrating;
    });
  };

  /** Counts the time that has passed by the state before, then shares all CPUs by the new demand. */
  pass(seconds: number): void {
    const { hosts } = this.#cluster;
    const before = hosts.map((host) => ({ isOn: this.#isOn(host), watts: this.#watts(host) }));
    if (!this.#isFirst) this.#count(seconds);
    hosts.forEach(this.share);
    if (this.#options.alwaysFull) this.#joules += this.#fullWatts() * seconds;
    else if (!this.#isFirst)
      hosts.forEach((host, index) => {
        const was = before[index];
        if (was?.isOn === true) this.#joules += (was.watts + (this.#watts(host) - was.watts) / 2) * seconds;
      });
    this.#isFirst = false;
  }

  /** Called at the end of an event: takes over the state that the next interval begins with. */
  settle(): void {
    this.#cluster.hosts.forEach((host, index) => {
      const isActive = this.#isOn(host);
      if (this.#wasActive[index] === true && !isActive) this.#shutdowns += 1;
      this.#wasActive[index] = isActive;
      const { memoryMb } = host.spec;
      if (memoryMb === undefined) return;
      const allocatedMb = host.vms.reduce((sum, vm) => sum + vm.spec.ramMb, 0);
      this.#memoryPeakRatio = Math.max(this.#memoryPeakRatio, allocatedMb / memoryMb);
    });
  }

  moved(vm: SimVm, target: SimHost, megabytes: number): void {
    this.#migrations += 1;
    this.#megabytes += megabytes;
    if (this.#cameFrom.get(vm) === target) this.#returns += 1;
    if (vm.host !== undefined) this.#cameFrom.set(vm, vm.host);
  }

  figures(): Figures {
    const energyKwh = joulesToKwh(this.#joules);
    const slatah = ratio(this.#violatedSeconds, this.#activeSeconds);
    const pdm = ratio(this.#lostToMigration, this.#requested);
    return {
      energyKwh,
      migrations: this.#migrations,
      megabytesMoved: this.#megabytes,
      returns: this.#returns,
      activeHostsMean: ratio(this.#activeSeconds, this.#seconds),
      shortageTimeRatio: ratio(this.#shortSeconds, this.#activeSeconds),
      shortageHostMinutes: this.#shortSeconds / 60,
      unservedMipsSeconds: this.#unservedMipsSeconds,
      slatah,
      pdm,
      slav: slatah * pdm,
      esv: energyKwh * slatah * pdm,
      shutdowns: this.#shutdowns,
      memoryPeakRatio: this.#memoryPeakRatio,
      vmsLeft: this.#cluster.vms.filter(({ host }) => host !== undefined).length,
    };
  }

  #count(seconds: number): void {
    this.#seconds += seconds;
    for (const host of this.#cluster.hosts) {
      if (!this.#isOn(host)) continue;
      this.#activeSeconds += seconds;
      if (host.givenMips < host.requestedMips) this.#violatedSeconds += seconds;
      if (host.isShort && host.unservedMips > 0) this.#shortSeconds += seconds;
      this.#unservedMipsSeconds += host.unservedMips * seconds;
    }
    for (const vm of this.#cluster.vms) {
      const entry = this.#entries[vm.index];
      if (vm.host === undefined || entry === undefined) continue;
      const { givenMips, requestedMips, isMigrating } = entry;
      this.#requested += requestedMips * seconds;
      if (isMigrating && givenMips < requestedMips)
        this.#lostToMigration += (requestedMips - givenMips) * seconds;
    }
  }

  #isOn(host: SimHost): boolean {
    if (this.#options.idleIsOff) return host.givenMips > 0;
    return this.#options.alwaysOn || host.vms.length > 0;
  }

  #watts({ spec, loadRatio }: SimHost): number {
    return wattsAt(spec.watts, loadRatio);
  }

  #fullWatts(): number {
    return this.#cluster.hosts.reduce((sum, { spec }) => sum + wattsAt(spec.watts, 1), 0);
  }
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
