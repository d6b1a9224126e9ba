// Replays one day: at each step VMs take their demand from the traces, then the strategy decides, then migrations run.
import type { Cluster, SimHost, SimVm } from './cluster.ts';
import { Meter, type Figures, type MeterOptions } from './meter.ts';

export interface TraceMove {
  readonly vm: SimVm;
  readonly target: SimHost;
  /** Indexes, in the same list, of moves that must end before this one starts, because it needs the room they leave. */
  readonly after?: readonly number[];
}

/** Places the VMs once and then, at each step, decides which ones move where. */
export interface Strategy {
  place(cluster: Cluster): void;
  decide?(cluster: Cluster, seconds: number): readonly TraceMove[];
}

export interface RunOptions extends MeterOptions {
  readonly endSeconds: number;
  /** CloudSim 3.0.3 deletes a VM that has no demand at an event. */
  readonly deletesIdle: boolean;
  /** Bandwidth of one migration; there is no limit of how many run at a time. */
  readonly megabytesPerSecond: number;
}

interface Migration {
  readonly move: TraceMove;
  readonly endSeconds: number;
}

interface Waiting {
  readonly move: TraceMove;
  /** Moves that have not ended yet. */
  readonly on: Set<TraceMove>;
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
    // CloudSim stores a sample only where its clock shows a whole step.
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

  /** Ends migrations in order of time; those with the same end time together. */
  finishUntil(seconds: number): void {
    for (;;) {
      const endSeconds = Math.min(...this.#migrations.map((migration) => migration.endSeconds));
      if (endSeconds > seconds) return;
      this.passTo(endSeconds);
      const ended = this.#migrations.filter((migration) => migration.endSeconds === endSeconds);
      this.#migrations = this.#migrations.filter((migration) => migration.endSeconds !== endSeconds);
      for (const { move } of ended) this.#finish(move);
      this.#cluster.hosts.forEach(this.meter.share);
      this.#startWaiting(endSeconds);
      if (this.#options.deletesIdle) this.#deleteIdle();
      this.meter.settle();
    }
  }

  /** Drops moves of the step before that still wait: the new ones are based on newer figures. */
  start(moves: readonly TraceMove[], seconds: number): void {
    this.#waiting = moves
      .map((move) => ({ move, on: new Set((move.after ?? []).flatMap((place) => moves[place] ?? [])) }))
      .filter(({ on }) => on.size > 0);
    const waiting = new Set(this.#waiting.map(({ move }) => move));
    this.#begin(
      moves.filter((move) => !waiting.has(move)),
      seconds,
    );
  }

  #startWaiting(seconds: number): void {
    const ready = this.#waiting.filter(({ on }) => on.size === 0).map(({ move }) => move);
    this.#waiting = this.#waiting.filter(({ on }) => on.size > 0);
    this.#begin(ready, seconds);
  }

  #begin(moves: readonly TraceMove[], seconds: number): void {
    for (const move of moves) {
      const { vm, target } = move;
      const { ramMb, usedMb } = vm.spec;
      const megabytes = usedMb === undefined ? ramMb : vm.usedMb;
      this.meter.moved(vm, target, megabytes);
      vm.isMigrating = true;
      target.arriving.add(vm);
      if (!target.vms.includes(vm)) target.vms.push(vm);
      this.#migrations.push({ move, endSeconds: seconds + megabytes / this.#options.megabytesPerSecond });
    }
    const touched = new Set(moves.flatMap(({ vm, target }) => [target, vm.host]));
    for (const host of touched) if (host !== undefined) this.meter.share(host);
  }

  #finish(move: TraceMove): void {
    const { vm, target } = move;
    for (const { on } of this.#waiting) on.delete(move);
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
