// Builds snapshots for tests: a test gives what matters, the rest is a calm cluster.
import { GIB } from '../../../shared/units.ts';
import { planMoves } from '../../../scheduler/planner/plan-moves.ts';
import type { PlannedMove } from '../../../scheduler/planner/contract/plan-types.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import {
  SNAPSHOT_FORMAT,
  type Figures,
  type Hold,
  type HotSpot,
  type Snapshot,
  type SnapshotHost,
  type SnapshotVm,
} from '../../../scheduler/planner/contract/snapshot.ts';

/** An arbitrary moment. */
export const AT_MS = 1_700_000_000_000;

export function steady(now: number): Figures {
  return { now, peak: now, forecast: now };
}

export interface GivenVm extends Partial<Omit<SnapshotVm, 'load'>> {
  readonly name: string;
  readonly cores: number;
  readonly memoryUsedBytes?: number;
}

export interface GivenHost extends Partial<Omit<SnapshotHost, 'load'>> {
  readonly name: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly vms?: readonly GivenVm[];
  /** The host's own use. */
  readonly ownCores?: number;
  readonly ownMemoryBytes?: number;
}

/** A snapshot of these hosts and VMs; ids are the names. */
export function snapshotOf(hosts: readonly GivenHost[], more: Partial<Snapshot> = {}): Snapshot {
  const vms = hosts.flatMap((host) => (host.vms ?? []).map((vm) => vmOf(host.name, vm)));
  return {
    format: SNAPSHOT_FORMAT,
    atMs: AT_MS,
    mode: 'auto',
    hosts: hosts.map((host) => hostOf(host, vms)),
    vms,
    rules: [],
    migrations: [],
    pending: [],
    budgets: {},
    ...more,
  };
}

function vmOf(hostId: string, { name, cores, memoryUsedBytes = GIB / 4, ...more }: GivenVm): SnapshotVm {
  return {
    uuid: name,
    name,
    hostId,
    vcpus: 1,
    memoryMaxBytes: GIB / 2,
    load: { cpu: steady(cores), memory: steady(memoryUsedBytes) },
    ...more,
  };
}

const GIVEN_ONLY = ['name', 'cores', 'memory', 'vms', 'ownCores', 'ownMemoryBytes'];

function hostOf(given: GivenHost, vms: readonly SnapshotVm[]): SnapshotHost {
  const { name, cores = 1, memory = 64 * GIB, ownCores = 0.05, ownMemoryBytes = 0 } = given;
  const more = Object.fromEntries(Object.entries(given).filter(([key]) => !GIVEN_ONLY.includes(key)));
  const own = vms.filter(({ hostId }) => hostId === name);
  const sum = (amountOf: (vm: SnapshotVm) => number, start: number): Figures =>
    steady(own.reduce((total, vm) => total + amountOf(vm), start));
  return {
    hostId: name,
    hostName: name,
    state: 'ready',
    service: 'in_service',
    cpuCores: cores,
    memoryBytes: memory,
    load: {
      cpu: sum(({ load }) => load.cpu.now, ownCores),
      memory: sum(({ load }) => load.memory.now, ownMemoryBytes),
    },
    memoryAllocatedBytes: sum(({ memoryMaxBytes }) => memoryMaxBytes, 0).now,
    traits: [],
    migrationsIn: 0,
    migrationsOut: 0,
    ...more,
  };
}

export function hotSpot(more: Partial<HotSpot> = {}): HotSpot {
  return { resource: 'cpu', sinceMs: AT_MS - 600_000, level: 'hot', evidence: 'given', ...more };
}

/** "vm > target" of each move. */
export function shortMoves(moves: readonly PlannedMove[]): string[] {
  return moves.map(({ vmName, targetHostName }) => `${vmName} > ${targetHostName}`);
}

/** The snapshot once all moves have ended, as the next samples would show it. */
export function applied(
  snapshot: Snapshot,
  moves: readonly Pick<PlannedMove, 'vmUuid' | 'targetHostId'>[],
): Snapshot {
  const movesOf = new Map(moves.map((move) => [move.vmUuid, move.targetHostId]));
  const shift = (figures: Figures, by: Figures, sign: number): Figures => ({
    now: figures.now + sign * by.now,
    peak: figures.peak + sign * by.peak,
    forecast: figures.forecast + sign * by.forecast,
  });
  const hosts = new Map(snapshot.hosts.map((host) => [host.hostId, host]));
  const give = (hostId: string, vm: SnapshotVm, sign: number): void => {
    const host = hosts.get(hostId);
    if (host === undefined) throw new Error(`no host ${hostId}`);
    const load = {
      ...host.load,
      cpu: shift(host.load.cpu, vm.load.cpu, sign),
      memory: shift(host.load.memory, vm.load.memory, sign),
    };
    const memoryAllocatedBytes = host.memoryAllocatedBytes + sign * vm.memoryMaxBytes;
    hosts.set(hostId, { ...host, load, memoryAllocatedBytes });
  };
  const vms = snapshot.vms.map((vm) => {
    const hostId = movesOf.get(vm.uuid);
    if (hostId === undefined || hostId === vm.hostId) return vm;
    give(vm.hostId, vm, -1);
    give(hostId, vm, 1);
    return { ...vm, hostId };
  });
  return { ...snapshot, vms, hosts: [...hosts.values()] };
}

export const NEVER: Hold = {
  code: 'never_move',
  reason: 'its rules say so',
  cure: 'none',
  against: 'every_move',
};
export const COOLING: Hold = {
  code: 'cooling_down',
  reason: 'it moved',
  cure: 'wait',
  against: 'optional_moves',
};

export function vm(name: string, cores: number, more: Partial<GivenVm> = {}): GivenVm {
  return { name, cores, ...more };
}

export function host(name: string, vms: readonly GivenVm[] = [], more: Partial<GivenHost> = {}): GivenHost {
  return { name, cores: 1, memory: 2 * GIB, vms, ...more };
}

export interface Case {
  readonly claim: string;
  readonly hosts: readonly GivenHost[];
  readonly more?: Partial<Snapshot>;
  /** "vm > target" of each move, then the codes of what stays. */
  readonly expected: readonly string[];
}

export function summary(
  hosts: readonly GivenHost[],
  more: Partial<Snapshot> = {},
  policy = DEFAULT_PLAN_POLICY,
): string[] {
  const { moves, stays } = planMoves(snapshotOf(hosts, more), policy);
  return [...shortMoves(moves), ...stays.map(({ code }) => code)];
}
