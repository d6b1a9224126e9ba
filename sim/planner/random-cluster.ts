// Draws a random cluster: unequal hosts, VMs from idle to larger than a host, rules, holds, budgets. One seed, one cluster.
import { DEFAULT_PLAN_POLICY } from '../../scheduler/planner/contract/policy.ts';
import {
  SNAPSHOT_FORMAT,
  type Figures,
  type Hold,
  type LoadFigures,
  type Snapshot,
  type SnapshotHost,
  type SnapshotRule,
  type SnapshotVm,
} from '../../scheduler/planner/contract/snapshot.ts';
import { RULE_KINDS, RULE_STRENGTHS } from '../../shared/rule-words.ts';
import { GIB, MIB } from '../../shared/units.ts';
import { Random } from '../world/random.ts';

const AT_MS = 1_700_000_000_000;
const HOSTS_MAX = 8;
const VMS_MAX = 40;
const OWN_MEMORY_BYTES = 0.2 * GIB;
const TRAITS = ['arch:x86_64', 'pool:shared', 'pool:fast', 'bridge:br0'];

export function randomCluster(seed: number): Snapshot {
  const random = new Random(seed);
  const shapes = Array.from({ length: random.whole(1, HOSTS_MAX) }, () => ({
    cores: random.pick([1, 2, 4, 8, 32]),
    memoryBytes: random.pick([8, 16, 64]) * GIB,
    traits: TRAITS.filter(() => random.chance(0.9)),
  }));
  const freeBytes = shapes.map(({ memoryBytes }) => memoryBytes - OWN_MEMORY_BYTES);
  const vms = Array.from({ length: random.whole(0, VMS_MAX) }, (_, place) =>
    randomVm(random, place, shapes.length),
  ).filter(({ hostId: home, load }) => {
    // Memory in use must fit: a host cannot use more than it has.
    const host = shapes.findIndex((_, place) => hostId(place) === home);
    freeBytes[host] = (freeBytes[host] ?? 0) - load.memory.now;
    return (freeBytes[host] ?? 0) >= 0;
  });
  const hosts = shapes.map((shape, place) => randomHost(random, place, shape, vms));
  return {
    format: SNAPSHOT_FORMAT,
    atMs: AT_MS,
    mode: 'auto',
    hosts,
    vms,
    rules: Array.from({ length: random.whole(0, 6) }, (_, place) => randomRule(random, place, vms, hosts)),
    migrations: [],
    pending: random.chance(0.1)
      ? [{ id: 'new', name: 'new', vcpus: 1, memoryMaxBytes: random.whole(1, 16) * GIB }]
      : [],
    budgets: {
      ...(random.chance(0.2) ? { moves: random.whole(0, 5) } : {}),
      ...(random.chance(0.2) ? { bytes: random.whole(0, 20) * GIB } : {}),
    },
    ...(random.chance(0.03) ? { quietReason: 'a quiet window' } : {}),
  };
}

function hostId(place: number): string {
  return `h${place}`;
}

function randomVm(random: Random, place: number, hosts: number): SnapshotVm {
  const vcpus = random.pick([1, 1, 2, 4, 8]);
  const memoryMaxBytes = random.whole(1, 64) * 128 * MIB;
  const home = random.whole(0, hosts - 1);
  return {
    uuid: `v${place}`,
    name: `v${place}`,
    hostId: hostId(home),
    vcpus,
    memoryMaxBytes,
    load: {
      cpu: randomFigures(random, random.chance(0.4) ? 0 : vcpus * random.ratio(), 1.5),
      memory: randomFigures(random, memoryMaxBytes * random.between(0.1, 1), 1),
    },
    dirtyBytesPerSecond: random.chance(0.2) ? random.between(0, 200) * MIB : 0,
    ...(random.chance(0.2) ? { needs: [random.pick(TRAITS)] } : {}),
    ...(random.chance(0.15) ? { held: randomHold(random) } : {}),
    ...(random.chance(0.1)
      ? { leftHosts: [{ hostId: hostId(random.whole(0, hosts - 1)), atMs: AT_MS - 1 }] }
      : {}),
    ...(random.chance(0.1)
      ? { refusedTargets: [{ hostId: hostId(random.whole(0, hosts - 1)), reason: 'no', untilMs: AT_MS + 1 }] }
      : {}),
    ...(random.chance(0.05) ? { mode: random.pick(['observe', 'recommend'] as const) } : {}),
  };
}

function randomFigures(random: Random, now: number, peakMax: number): Figures {
  return { now, peak: now * random.between(1, peakMax), forecast: now * random.between(0.8, peakMax) };
}

function randomHold(random: Random): Hold {
  const against = random.pick(['every_move', 'optional_moves'] as const);
  return {
    code: against === 'every_move' ? 'never_move' : 'cooling_down',
    reason: 'a hold',
    cure: 'wait',
    against,
  };
}

interface HostShape {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly traits: readonly string[];
}

function randomHost(
  random: Random,
  place: number,
  { cores, memoryBytes, traits }: HostShape,
  vms: readonly SnapshotVm[],
): SnapshotHost {
  const own = vms.filter((vm) => vm.hostId === hostId(place));
  const sum = (resource: keyof LoadFigures & ('cpu' | 'memory'), start: number): Figures => ({
    now: own.reduce((total, { load }) => total + load[resource].now, start),
    peak: own.reduce((total, { load }) => total + load[resource].peak, start),
    forecast: own.reduce((total, { load }) => total + load[resource].forecast, start),
  });
  const load = { cpu: sum('cpu', 0.05 * cores), memory: sum('memory', OWN_MEMORY_BYTES) };
  const ratios = { cpu: load.cpu.now / cores, memory: load.memory.now / memoryBytes };
  const hot = (['cpu', 'memory'] as const)
    .filter((resource) => ratios[resource] >= DEFAULT_PLAN_POLICY[resource].entryRatio)
    .map((resource) => ({
      resource,
      sinceMs: AT_MS - random.whole(0, 7_200_000),
      level: 'hot' as const,
      evidence: 'it is',
    }));
  return {
    hostId: hostId(place),
    hostName: hostId(place),
    state: random.chance(0.05) ? random.pick(['unknown', 'stale'] as const) : 'ready',
    service: random.chance(0.1) ? 'draining' : 'in_service',
    ...(random.chance(0.05) ? { mode: random.pick(['observe', 'recommend'] as const) } : {}),
    cpuCores: cores,
    memoryBytes,
    load,
    memoryAllocatedBytes: own.reduce((total, vm) => total + vm.memoryMaxBytes, 0),
    ...(random.chance(0.5) ? { hot } : {}),
    ...(random.chance(0.05) ? { settlingUntilMs: AT_MS + 1 } : {}),
    traits,
    migrationsIn: random.chance(0.05) ? 1 : 0,
    migrationsOut: random.chance(0.05) ? 1 : 0,
  };
}

function randomRule(
  random: Random,
  place: number,
  vms: readonly SnapshotVm[],
  hosts: readonly SnapshotHost[],
): SnapshotRule {
  const some = <T>(items: readonly T[], most: number): T[] =>
    items.length === 0 ? [] : Array.from({ length: random.whole(1, most) }, () => random.pick(items));
  return {
    id: `r${place}`,
    kind: random.pick(RULE_KINDS),
    strength: random.pick(RULE_STRENGTHS),
    vms: [...new Set(some(vms, 4).map(({ uuid }) => uuid))],
    hosts: [...new Set(some(hosts, 3).map((host) => host.hostId))],
    writtenIn: 'the simulator',
  };
}
