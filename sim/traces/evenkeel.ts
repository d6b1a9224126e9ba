// evenkeel's own planner as a policy: a snapshot of the modelled cluster at each step, and the moves of its plan.
import { planMoves } from '../../scheduler/planner/plan-moves.ts';
import type { PlanPolicy } from '../../scheduler/planner/policy.ts';
import {
  SNAPSHOT_FORMAT,
  type Figures,
  type Snapshot,
  type SnapshotHost,
  type SnapshotVm,
} from '../../scheduler/planner/snapshot.ts';
import { withSample, type UsualLoad } from '../../scheduler/planner/usual.ts';
import { MIB, SECOND_MS } from '../../shared/units.ts';
import type { Cluster, SimHost, SimVm } from './cluster.ts';
import type { Order, Strategy } from './run.ts';

export interface EvenkeelOptions {
  readonly policy: PlanPolicy;
  readonly place: (cluster: Cluster) => void;
  /** After a migration a VM stays where it is for this long. */
  readonly coolDownMs: number;
}

// MIPS or MHz to a core of the snapshot: all that counts is that hosts and VMs are measured alike.
const MIPS_PER_CORE = 1000;
// Where the set-up does not bound memory no VM may fail to fit for it.
const UNBOUNDED_BYTES = 2 ** 50;
// What VMs vary by is not known beforehand; a tenth of their size lies between steady ones and those that go on and off.
const PRIOR_DEVIATION_RATIO = 0.1;

interface Past {
  usual: UsualLoad | undefined;
  coolUntilMs: number;
  cameFrom: SimHost | undefined;
}

export function evenkeel(options: EvenkeelOptions): Strategy {
  const past = new Map<SimVm, Past>();
  return {
    place: options.place,
    decide: (cluster, seconds) => {
      const atMs = seconds * SECOND_MS;
      learn(cluster, past);
      const plan = planMoves(snapshotOf(cluster, past, atMs), options.policy);
      const orders: Order[] = [];
      for (const { vmUuid, targetHostId, after } of plan.moves) {
        const [vm, target] = [cluster.vms[Number(vmUuid)], cluster.hosts[Number(targetHostId)]];
        if (vm === undefined || target === undefined || after.length > 0) continue;
        orders.push({ vm, target });
        const own = past.get(vm);
        if (own === undefined) continue;
        own.cameFrom = vm.host;
        own.coolUntilMs = atMs + options.coolDownMs;
      }
      return orders;
    },
  };
}

/** Usual loads with the newest sample; a VM never seen before is thought to be like the others of its size. */
function learn({ vms }: Cluster, past: Map<SimVm, Past>): void {
  const share = vms.reduce((sum, vm) => sum + vm.demandMips / vm.spec.mips, 0) / vms.length;
  for (const vm of vms) {
    const own = past.get(vm) ?? { usual: undefined, coolUntilMs: 0, cameFrom: undefined };
    const cores = vm.spec.mips / MIPS_PER_CORE;
    const prior = { meanCores: share * cores, deviationCores: PRIOR_DEVIATION_RATIO * cores, samples: 0 };
    own.usual = withSample(own.usual, vm.demandMips / MIPS_PER_CORE, prior);
    past.set(vm, own);
  }
}

function snapshotOf(cluster: Cluster, past: ReadonlyMap<SimVm, Past>, atMs: number): Snapshot {
  const running = cluster.vms.filter(({ host }) => host !== undefined);
  return {
    format: SNAPSHOT_FORMAT,
    atMs,
    mode: 'auto',
    hosts: cluster.hosts.map(hostOf),
    vms: running.map((vm) => vmOf(vm, past.get(vm), atMs)),
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

function idOf(thing: SimVm | SimHost | undefined): string {
  return String(thing?.index ?? '');
}

function hostOf(host: SimHost): SnapshotHost {
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
      cpu: steady(sum(own, ({ demandMips }) => demandMips) / MIPS_PER_CORE),
      memory: steady(sum(own, ({ usedMb }) => usedMb) * MIB),
    },
    memoryAllocatedBytes: sum(vms, (vm) => vm.spec.ramMb) * MIB,
    traits: [],
    watts: spec.watts,
    migrationsIn: arriving.size,
    migrationsOut: own.filter(({ isMigrating }) => isMigrating).length,
  };
}

function vmOf(vm: SimVm, past: Past | undefined, atMs: number): SnapshotVm {
  const { spec, demandMips, usedMb, isMigrating } = vm;
  const isCooling = past !== undefined && past.coolUntilMs > atMs;
  return {
    uuid: idOf(vm),
    name: spec.name,
    hostId: idOf(vm.host),
    vcpus: spec.cores,
    memoryMaxBytes: spec.ramMb * MIB,
    load: { cpu: steady(demandMips / MIPS_PER_CORE), memory: steady(usedMb * MIB) },
    ...(past?.usual === undefined ? {} : { usualCpu: past.usual }),
    ...(past?.cameFrom === undefined ? {} : { leftHosts: [{ hostId: idOf(past.cameFrom), atMs }] }),
    ...(isMigrating
      ? { held: { code: 'migrating', reason: 'it migrates', cure: 'wait', against: 'every_move' } }
      : isCooling
        ? {
            held: {
              code: 'cooling_down',
              reason: 'it moved lately',
              cure: 'wait',
              against: 'optional_moves',
            },
          }
        : {}),
  };
}

function steady(now: number): Figures {
  return { now, peak: now, forecast: now };
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
