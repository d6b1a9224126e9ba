// Replays one day: at each step the VMs want what their traces say, then the strategy decides, then migrations run.
import type { Cluster, SimHost, SimVm } from './cluster.ts';
import { Meter, type Figures, type MeterOptions } from './meter.ts';

export interface Order {
  readonly vm: SimVm;
  readonly target: SimHost;
  /** Places, in the same list, of orders that must have ended before this one starts: it needs the room they leave. */
  readonly after?: readonly number[];
}

/** What places the VMs once and then, at each step, says which go where. */
export interface Strategy {
  place(cluster: Cluster): void;
  decide?(cluster: Cluster, seconds: number): readonly Order[];
}

export interface RunOptions extends MeterOptions {
  readonly endSeconds: number;
  /** CloudSim 3.0.3 drops a VM that wants nothing at an event. */
  readonly deletesIdle: boolean;
  /** Of one migration; as many run at a time as are ordered. */
  readonly megabytesPerSecond: number;
}

interface Migration {
  readonly order: Order;
  readonly endSeconds: number;
}

interface Waiting {
  readonly order: Order;
  /** Orders that have not ended yet. */
  readonly on: Set<Order>;
}

// CloudSim's first event comes 0.1 s after the start, and its clock keeps that offset.
const START_SECONDS = 0.1;

/** The same cluster, strategy and options give the same figures. */
export function replay(cluster: Cluster, strategy: Strategy, options: RunOptions): Figures {
  const run = new Run(cluster, options);
  strategy.place(cluster);
  for (
    let seconds = START_SECONDS + cluster.stepSeconds;
    seconds <= options.endSeconds;
    seconds += cluster.stepSeconds
  ) {
    run.finishUntil(seconds);
    run.passTo(seconds);
    // CloudSim remembers a sample only where its clock shows a whole step.
    if ((seconds - START_SECONDS) % cluster.stepSeconds === 0) run.remember();
    if (strategy.decide !== undefined) run.start(strategy.decide(cluster, seconds), seconds);
    run.meter.settle();
  }
  run.finishUntil(options.endSeconds);
  return run.meter.figures();
}

class Run {
  readonly meter: Meter;
  readonly #cluster: Cluster;
  readonly #options: RunOptions;
  #migrations: Migration[] = [];
  #waiting: Waiting[] = [];
  #nowSeconds = 0;

  constructor(cluster: Cluster, options: RunOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.meter = new Meter(cluster, options);
  }

  passTo(seconds: number): void {
    this.#cluster.demandAt(seconds);
    this.meter.pass(seconds - this.#nowSeconds);
    this.#nowSeconds = seconds;
    if (this.#options.deletesIdle) this.#deleteIdle();
  }

  remember(): void {
    for (const vm of this.#cluster.vms) vm.remember();
    this.#cluster.steps += 1;
  }

  /** Those that end at one time end together. */
  finishUntil(seconds: number): void {
    for (;;) {
      const endSeconds = Math.min(...this.#migrations.map((migration) => migration.endSeconds));
      if (endSeconds > seconds) return;
      this.passTo(endSeconds);
      const ended = this.#migrations.filter((migration) => migration.endSeconds === endSeconds);
      this.#migrations = this.#migrations.filter((migration) => migration.endSeconds !== endSeconds);
      for (const { order } of ended) this.#finish(order);
      this.#cluster.hosts.forEach(this.meter.share);
      this.#startWaiting(endSeconds);
      if (this.#options.deletesIdle) this.#deleteIdle();
      this.meter.settle();
    }
  }

  /** What the orders before have left waiting is dropped: these are decided by newer figures. */
  start(orders: readonly Order[], seconds: number): void {
    this.#waiting = orders
      .map((order) => ({ order, on: new Set((order.after ?? []).flatMap((place) => orders[place] ?? [])) }))
      .filter(({ on }) => on.size > 0);
    const waiting = new Set(this.#waiting.map(({ order }) => order));
    this.#begin(
      orders.filter((order) => !waiting.has(order)),
      seconds,
    );
  }

  #startWaiting(seconds: number): void {
    const ready = this.#waiting.filter(({ on }) => on.size === 0).map(({ order }) => order);
    this.#waiting = this.#waiting.filter(({ on }) => on.size > 0);
    this.#begin(ready, seconds);
  }

  #begin(orders: readonly Order[], seconds: number): void {
    for (const order of orders) {
      const { vm, target } = order;
      const { ramMb, usedMb } = vm.spec;
      const megabytes = usedMb === undefined ? ramMb : vm.usedMb;
      this.meter.moved(vm, target, megabytes);
      vm.isMigrating = true;
      target.arriving.add(vm);
      if (!target.vms.includes(vm)) target.vms.push(vm);
      this.#migrations.push({ order, endSeconds: seconds + megabytes / this.#options.megabytesPerSecond });
    }
    const touched = new Set(orders.flatMap(({ vm, target }) => [target, vm.host]));
    for (const host of touched) if (host !== undefined) this.meter.share(host);
  }

  #finish(order: Order): void {
    const { vm, target } = order;
    for (const { on } of this.#waiting) on.delete(order);
    vm.host?.remove(vm);
    target.remove(vm);
    target.arriving.delete(vm);
    vm.isMigrating = false;
    this.#cluster.place(vm, target);
  }

  #deleteIdle(): void {
    for (const vm of this.#cluster.vms) {
      if (vm.isMigrating || vm.demandMips !== 0 || vm.host === undefined) continue;
      vm.host.remove(vm);
      vm.host = undefined;
    }
  }
}
