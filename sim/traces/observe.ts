// The modelled cluster as evenkeel sees it: what it remembers of VMs, and a snapshot at each step.
import { predict } from '../../scheduler/load/forecast.ts';
import {
  type Figures,
  type Hold,
  type Snapshot,
  SNAPSHOT_FORMAT,
  type SnapshotHost,
  type SnapshotVm,
} from '../../scheduler/planner/contract/snapshot.ts';
import { History } from '../../scheduler/load/history.ts';
import { MIB, MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { HISTORY_LENGTH, type Cluster, type SimHost, type SimVm } from './cluster.ts';

export interface ObserverOptions {
  /** Peaks and forecasts from the samples of the last hour; otherwise figures are what is wanted now. */
  readonly looksBack: boolean;
  /** After a migration a VM stays where it is for this long. */
  readonly coolDownMs: number;
}

// MIPS or MHz to a core of the snapshot: all that counts is that hosts and VMs are measured alike.
const MIPS_PER_CORE = 1000;
// Where the set-up does not bound memory no VM may fail to fit for it.
const UNBOUNDED_BYTES = 2 ** 50;
/** Samples of an hour. */
const PEAK_SAMPLES = 12;

interface Past {
  coolUntilMs: number;
  cameFrom: SimHost | undefined;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #past = new Map<SimVm, Past>();
  readonly #history = new History();
  #steps = 0;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** A step is one sample of its whole length. The history closes a slot with the first sample after it: at the next step. */
  learn({ vms, stepSeconds }: Cluster): void {
    this.#steps += 1;
    const intervalMs = stepSeconds * SECOND_MS;
    for (const vm of vms)
      this.#history.addPoint(idOf(vm), {
        tickAtMs: this.#steps * intervalMs,
        intervalMs,
        cpuDemandCores: vm.demandMips / MIPS_PER_CORE,
      });
  }

  noteMove(vm: SimVm, atMs: number): void {
    const own = this.#pastOf(vm);
    own.cameFrom = vm.host;
    own.coolUntilMs = atMs + this.#options.coolDownMs;
  }

  snapshot(cluster: Cluster, atMs: number): Snapshot {
    const samples = Math.min(cluster.steps, HISTORY_LENGTH);
    const running = cluster.vms.filter(({ host }) => host !== undefined);
    return {
      format: SNAPSHOT_FORMAT,
      atMs,
      mode: 'auto',
      hosts: cluster.hosts.map((host) => this.#host(host, samples)),
      vms: running.map((vm) => this.#vm(vm, samples, atMs)),
      rules: [],
      migrations: cluster.hosts.flatMap((target) =>
        [...target.arriving].map((vm) => ({
          vmUuid: idOf(vm),
          sourceHostId: idOf(vm.host),
          targetHostId: idOf(target),
        })),
      ),
      pending: [],
      budgets: {},
    };
  }

  #pastOf(vm: SimVm): Past {
    const known = this.#past.get(vm);
    if (known !== undefined) return known;
    const made = { coolUntilMs: 0, cameFrom: undefined };
    this.#past.set(vm, made);
    return made;
  }

  #host(host: SimHost, samples: number): SnapshotHost {
    const { spec, vms, arriving } = host;
    const own = vms.filter((vm) => !arriving.has(vm));
    return {
      hostId: idOf(host),
      hostName: spec.name,
      state: 'ready',
      service: 'in_service',
      cpuCores: host.capacityMips / MIPS_PER_CORE,
      memoryBytes: spec.memoryMb === undefined ? UNBOUNDED_BYTES : spec.memoryMb * MIB,
      load: {
        cpu: this.#cpu(own, samples),
        memory: steady(sum(own, ({ usedMb }) => usedMb) * MIB),
      },
      memoryAllocatedBytes: sum(vms, (vm) => vm.spec.ramMb) * MIB,
      traits: [],
      watts: spec.watts,
      migrationsIn: arriving.size,
      migrationsOut: own.filter(({ isMigrating }) => isMigrating).length,
    };
  }

  #vm(vm: SimVm, samples: number, atMs: number): SnapshotVm {
    const { spec, usedMb } = vm;
    const { cameFrom } = this.#pastOf(vm);
    const usual = this.#history.usualCpu(idOf(vm));
    const held = this.#hold(vm, atMs);
    return {
      uuid: idOf(vm),
      name: spec.name,
      hostId: idOf(vm.host),
      vcpus: spec.cores,
      memoryMaxBytes: spec.ramMb * MIB,
      load: { cpu: this.#cpu([vm], samples), memory: steady(usedMb * MIB) },
      ...(usual === undefined ? {} : { usualCpu: usual }),
      ...(cameFrom === undefined ? {} : { leftHosts: [{ hostId: idOf(cameFrom), atMs }] }),
      ...(held === undefined ? {} : { held }),
    };
  }

  #hold(vm: SimVm, atMs: number): Hold | undefined {
    const { coolUntilMs } = this.#pastOf(vm);
    if (vm.isMigrating)
      return { code: 'migrating', reason: 'it migrates', cure: 'wait', against: 'every_move' };
    if (coolUntilMs <= atMs) return undefined;
    return {
      code: 'cooling_down',
      reason: `it moved less than ${this.#options.coolDownMs / MINUTE_MS} minutes ago`,
      cure: 'wait',
      against: 'optional_moves',
    };
  }

  /** What the VMs want together: now, at the most in the last hour, and at the next step with the forecast's error on top. */
  #cpu(vms: readonly SimVm[], samples: number): Figures {
    const now = sum(vms, ({ demandMips }) => demandMips) / MIPS_PER_CORE;
    if (!this.#options.looksBack || samples === 0) return steady(now);
    const run = Array.from(
      { length: samples },
      (_, place) =>
        sum(vms, ({ history, spec }) => (history[samples - 1 - place] ?? 0) * spec.mips) / MIPS_PER_CORE,
    );
    const ahead = vms.length > 1 ? predict(run, 1) : undefined;
    return {
      now,
      peak: Math.max(...run.slice(-PEAK_SAMPLES)),
      forecast: ahead === undefined ? now : ahead.value + ahead.error,
    };
  }
}

function idOf(thing: SimVm | SimHost | undefined): string {
  return String(thing?.index ?? '');
}

function steady(now: number): Figures {
  return { now, peak: now, forecast: now };
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
