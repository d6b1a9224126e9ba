// Makes seeded snapshots for the planner's bench: skewed clusters, some with memory pressure, some with rules.
import {
  SNAPSHOT_FORMAT,
  type Figures,
  type Snapshot,
  type SnapshotHost,
  type SnapshotRule,
  type SnapshotVm,
} from '../scheduler/planner/contract/snapshot.ts';
import { GIB, MIB } from '../shared/units.ts';
import { Random } from '../sim/world/random.ts';

export type Kind = 'skewed' | 'memory' | 'rules';

export interface Shape {
  readonly hosts: number;
  readonly vms: number;
  readonly kind: Kind;
  readonly seed: number;
}

const AT_MS = 1_700_000_000_000;
const HOST_CORES = 32;
const HOST_MEMORY_BYTES = 128 * GIB;
// Load of the whole cluster. The skew overloads some hosts; with pressure, memory is short as well.
const CPU_MEAN_RATIO = 0.55;
const MEMORY_MEAN_RATIO = { skewed: 0.44, memory: 0.68, rules: 0.44 } as const;
// What VMs may grow to stays within this share of a host, so that every cluster is valid at the start.
const ALLOCATED_MAX_RATIO = 0.9;
// Shape of the hosts' weights: the greater, the more VMs are on few hosts.
const SKEW = 1.2;
const OWN_CORES = 0.3;
const OWN_MEMORY_BYTES = GIB;

interface Draft {
  readonly vcpus: number;
  cores: number;
  memoryUsedBytes: number;
  memoryMaxBytes: number;
  host: number;
}

export function snapshotOf({ hosts, vms, kind, seed }: Shape): Snapshot {
  const random = new Random(seed, hosts * 100_000 + vms);
  const drafts = Array.from({ length: vms }, () => draftVm(random));
  const scaleTo = (figure: 'cores' | 'memoryUsedBytes', total: number): number =>
    total / drafts.reduce((sum, draft) => sum + draft[figure], 0);
  const cpuScale = scaleTo('cores', hosts * HOST_CORES * CPU_MEAN_RATIO);
  const memoryScale = scaleTo('memoryUsedBytes', hosts * HOST_MEMORY_BYTES * MEMORY_MEAN_RATIO[kind]);
  for (const draft of drafts) {
    draft.cores = Math.min(draft.vcpus, draft.cores * cpuScale);
    draft.memoryUsedBytes *= memoryScale;
    draft.memoryMaxBytes = Math.ceil((draft.memoryUsedBytes * random.between(1, 1.25)) / MIB) * MIB;
  }
  place(drafts, hosts, random);
  const made = drafts.map((draft, place) => vmOf(draft, place, random));
  return {
    format: SNAPSHOT_FORMAT,
    atMs: AT_MS,
    mode: 'auto',
    hosts: Array.from({ length: hosts }, (_, place) => hostOf(place, made)),
    vms: made,
    rules: kind === 'rules' ? rulesFor(made, random) : [],
    migrations: [],
    pending: [],
    budgets: {},
  };
}

function draftVm(random: Random): Draft {
  const vcpus = random.pick([1, 2, 2, 4, 4, 8]);
  // Most VMs are nearly idle, a few use most of their vCPUs.
  const cores = vcpus * random.ratio() ** 2;
  const memoryUsedBytes = vcpus * random.between(0.5, 3) * GIB;
  return { vcpus, cores, memoryUsedBytes, memoryMaxBytes: 0, host: 0 };
}

/** Places each VM, the largest first, on a host drawn by weight, or on the emptiest one if it does not fit there. */
function place(drafts: Draft[], hosts: number, random: Random): void {
  const weights = Array.from({ length: hosts }, () => (-Math.log(1 - random.ratio())) ** SKEW + 0.2);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const freeBytes = new Float64Array(hosts).fill(HOST_MEMORY_BYTES * ALLOCATED_MAX_RATIO);
  for (const draft of [...drafts].sort((one, other) => other.memoryMaxBytes - one.memoryMaxBytes)) {
    const drawn = draw(weights, random.between(0, total));
    const fits = (freeBytes[drawn] ?? 0) >= draft.memoryMaxBytes;
    draft.host = fits ? drawn : freeBytes.indexOf(Math.max(...freeBytes));
    freeBytes[draft.host] = (freeBytes[draft.host] ?? 0) - draft.memoryMaxBytes;
    if ((freeBytes[draft.host] ?? -1) < 0)
      throw new Error('the VMs do not fit: choose another seed or fewer VMs');
  }
}

function draw(weights: readonly number[], point: number): number {
  let sum = 0;
  const found = weights.findIndex((weight) => (sum += weight) > point);
  return found < 0 ? weights.length - 1 : found;
}

function vmOf(draft: Draft, place: number, random: Random): SnapshotVm {
  return {
    uuid: `vm${String(place).padStart(5, '0')}`,
    name: `vm${place}`,
    hostId: hostId(draft.host),
    vcpus: draft.vcpus,
    memoryMaxBytes: draft.memoryMaxBytes,
    load: {
      cpu: around(draft.cores, random.between(1, 1.3), random.between(0.9, 1.1)),
      memory: around(draft.memoryUsedBytes, random.between(1, 1.02), 1),
    },
    dirtyBytesPerSecond: draft.cores * random.between(0, 10) * MIB,
  };
}

function around(now: number, peak: number, forecast: number): Figures {
  return { now, peak: now * peak, forecast: now * forecast };
}

function hostId(place: number): string {
  return `host${String(place).padStart(4, '0')}`;
}

function hostOf(place: number, vms: readonly SnapshotVm[]): SnapshotHost {
  const own = vms.filter((vm) => vm.hostId === hostId(place));
  const sum = (resource: 'cpu' | 'memory', start: number): Figures => ({
    now: own.reduce((total, { load }) => total + load[resource].now, start),
    peak: own.reduce((total, { load }) => total + load[resource].peak, start),
    forecast: own.reduce((total, { load }) => total + load[resource].forecast, start),
  });
  return {
    hostId: hostId(place),
    hostName: `host${place}`,
    state: 'ready',
    service: 'in_service',
    cpuCores: HOST_CORES,
    memoryBytes: HOST_MEMORY_BYTES,
    load: { cpu: sum('cpu', OWN_CORES), memory: sum('memory', OWN_MEMORY_BYTES) },
    memoryAllocatedBytes: own.reduce((total, { memoryMaxBytes }) => total + memoryMaxBytes, 0),
    traits: [],
    migrationsIn: 0,
    migrationsOut: 0,
  };
}

/** Pairs to keep together and apart, and VMs bound to some hosts: one VM in ten is in a rule. */
function rulesFor(vms: readonly SnapshotVm[], random: Random): SnapshotRule[] {
  const rules: SnapshotRule[] = [];
  for (let place = 0; place + 1 < vms.length; place += 20) {
    const [one, other] = [vms[place], vms[place + 1]];
    if (one === undefined || other === undefined) continue;
    const kind = random.pick(['affinity', 'anti_affinity', 'vm_not_to_host', 'pin'] as const);
    const isAboutHosts = kind === 'vm_not_to_host' || kind === 'pin';
    rules.push({
      id: `rule${place}`,
      kind,
      strength: random.chance(0.5) ? 'must' : 'should',
      vms: [one.uuid, other.uuid],
      hosts: isAboutHosts ? [one.hostId] : [],
      writtenIn: 'the bench',
    });
  }
  return rules;
}
