// Makes the planner's working copy of a snapshot: columns of hosts and units, which moves change.
//
// A unit is what moves together: one VM, or the VMs on one host that a rule keeps together. Figures are at
// [place x resources + resource].
import { estimateCopy, type CopyEstimate } from './copy-time.ts';
import { GIB } from '../../../shared/units.ts';
import { add, at, wholeAt } from './columns.ts';
import { comfortRatio, LOAD_RESOURCES, type LoadResource, type PlanPolicy } from '../contract/policy.ts';
import { readRules, type Rules } from './rules.ts';
import type { Figures, LoadFigures, Snapshot, SnapshotHost, SnapshotVm } from '../contract/snapshot.ts';

export interface Board {
  readonly snapshot: Snapshot;
  readonly policy: PlanPolicy;
  readonly rules: Rules;
  readonly resources: readonly LoadResource[];
  readonly comfort: Float64Array;
  readonly hosts: HostColumns;
  readonly units: UnitColumns;
  readonly placeOfHost: ReadonlyMap<string, number>;
  readonly placeOfVm: ReadonlyMap<string, number>;
  /** The unit each VM belongs to. */
  readonly unitOfVm: Int32Array;
}

export interface HostColumns {
  readonly count: number;
  readonly now: Float64Array;
  readonly peak: Float64Array;
  readonly forecast: Float64Array;
  /** 1 / capacity; 0 where a resource is not known, so that it is never too full. */
  readonly inverse: Float64Array;
  /** Capacity in core equivalents: the weight of the resource in the host's cost. */
  readonly weight: Float64Array;
  readonly cores: Float64Array;
  readonly allocatedBytes: Float64Array;
  /** Memory less the reserve. */
  readonly memoryLimitBytes: Float64Array;
  /** Units on each host after the moves so far; incoming copies of running migrations are not among them. */
  readonly units: number[][];
}

export interface UnitColumns {
  readonly count: number;
  /** VMs of each unit. */
  readonly members: readonly (readonly number[])[];
  readonly home: Int32Array;
  readonly origin: Int32Array;
  readonly now: Float64Array;
  readonly peak: Float64Array;
  readonly forecast: Float64Array;
  readonly memoryMaxBytes: Float64Array;
  /** Of its largest VM. */
  readonly vcpus: Float64Array;
  readonly migrationSeconds: Float64Array;
  readonly migrationBytes: Float64Array;
}

// General-purpose servers and instance families come with about 4 GiB for each core; makes bytes comparable with cores.
const MEMORY_BYTES_PER_CORE = 4 * GIB;
// The default of libvirt and QEMU. What is copied during the pause is a small part of a copy's time and traffic.
const DOWNTIME_MAX_MS = 300;

export function boardOf(snapshot: Snapshot, policy: PlanPolicy): Board {
  const placeOfHost = new Map(snapshot.hosts.map(({ hostId }, place) => [hostId, place]));
  const placeOfVm = new Map(snapshot.vms.map(({ uuid }, place) => [uuid, place]));
  const rules = readRules(snapshot, placeOfVm, placeOfHost);
  const resources = LOAD_RESOURCES.filter(
    (resource) => resource === 'cpu' || resource === 'memory' || isKnown(snapshot, resource),
  );
  const members = unitsOf(snapshot, rules);
  const unitOfVm = new Int32Array(snapshot.vms.length);
  members.forEach((vms, unit) => {
    for (const vm of vms) unitOfVm[vm] = unit;
  });
  const board: Board = {
    snapshot,
    policy,
    rules,
    resources,
    comfort: Float64Array.from(resources, (resource) => comfortRatio(policy, resource)),
    hosts: hostColumns(snapshot, policy, resources),
    units: unitColumns(snapshot, policy, { resources, members, placeOfHost }),
    placeOfHost,
    placeOfVm,
    unitOfVm,
  };
  for (let unit = 0; unit < members.length; unit += 1)
    board.hosts.units[wholeAt(board.units.home, unit)]?.push(unit);
  bookMigrations(board);
  return board;
}

/** Moves the unit in the board. Its old host is relieved immediately: the caller accounts for the time of the copy. */
export function moveUnit(board: Board, unit: number, target: number): void {
  const { hosts, units } = board;
  const source = wholeAt(units.home, unit);
  shift(board, unit, source, -1);
  shift(board, unit, target, 1);
  units.home[unit] = target;
  const left = hosts.units[source];
  left?.splice(left.indexOf(unit), 1);
  hosts.units[target]?.push(unit);
}

function shift({ hosts, units, resources }: Board, unit: number, host: number, sign: 1 | -1): void {
  const size = resources.length;
  for (let resource = 0; resource < size; resource += 1) {
    add(hosts.now, host * size + resource, sign * at(units.now, unit * size + resource));
    add(hosts.peak, host * size + resource, sign * at(units.peak, unit * size + resource));
    add(hosts.forecast, host * size + resource, sign * at(units.forecast, unit * size + resource));
  }
  add(hosts.allocatedBytes, host, sign * at(units.memoryMaxBytes, unit));
}

/** A resource counts if some host has both a capacity and a load figure for it. */
function isKnown({ hosts }: Snapshot, resource: LoadResource): boolean {
  return hosts.some((host) => capacityOf(host, resource) > 0 && host.load[resource] !== undefined);
}

export function capacityOf(host: SnapshotHost, resource: LoadResource): number {
  switch (resource) {
    case 'cpu':
      return host.cpuCores;
    case 'memory':
      return host.memoryBytes;
    case 'network':
      return host.networkBytesPerSecond ?? 0;
    case 'disk':
      return host.diskBytesPerSecond ?? 0;
  }
}

/** A full network or disk weighs as much as the host's cores: there is no rule of thumb for bytes a second per core. */
function weightOf(host: SnapshotHost, resource: LoadResource): number {
  return resource === 'memory' ? host.memoryBytes / MEMORY_BYTES_PER_CORE : host.cpuCores;
}

const NONE: Figures = { now: 0, peak: 0, forecast: 0 };

function figuresOf(load: LoadFigures, resource: LoadResource): Figures {
  return load[resource] ?? NONE;
}

function hostColumns(
  { hosts }: Snapshot,
  policy: PlanPolicy,
  resources: readonly LoadResource[],
): HostColumns {
  const column = (figure: (host: SnapshotHost, resource: LoadResource) => number): Float64Array =>
    Float64Array.from(hosts.flatMap((host) => resources.map((resource) => figure(host, resource))));
  return {
    count: hosts.length,
    now: column((host, resource) => figuresOf(host.load, resource).now),
    peak: column((host, resource) => figuresOf(host.load, resource).peak),
    forecast: column((host, resource) => figuresOf(host.load, resource).forecast),
    inverse: column((host, resource) => {
      const capacity = capacityOf(host, resource);
      return capacity > 0 ? 1 / capacity : 0;
    }),
    weight: column((host, resource) => weightOf(host, resource)),
    cores: Float64Array.from(hosts, ({ cpuCores }) => cpuCores),
    allocatedBytes: Float64Array.from(hosts, ({ memoryAllocatedBytes }) => memoryAllocatedBytes),
    memoryLimitBytes: Float64Array.from(
      hosts,
      ({ memoryBytes }) => memoryBytes * (1 - policy.memoryReserveRatio),
    ),
    units: hosts.map(() => []),
  };
}

/** The load a host must be ready for with the unit on it: peak or forecast, whichever is higher. */
export function readyWith(
  { hosts, units, resources }: Board,
  host: number,
  unit: number,
  column: number,
): number {
  const [ofHost, ofUnit] = [host * resources.length + column, unit * resources.length + column];
  return Math.max(
    at(hosts.peak, ofHost) + at(units.peak, ofUnit),
    at(hosts.forecast, ofHost) + at(units.forecast, ofUnit),
  );
}

/** The same without another unit. */
export function readyFor({ hosts, resources }: Board, host: number, column: number): number {
  const place = host * resources.length + column;
  return Math.max(at(hosts.peak, place), at(hosts.forecast, place));
}

/** VMs of each unit: those on one host that rules keep together; every other VM alone. In order of their first VM. */
function unitsOf({ vms }: Snapshot, { bundles }: Rules): number[][] {
  const leader = new Map<number, number>();
  const leaderOf = (vm: number): number => {
    const next = leader.get(vm) ?? vm;
    return next === vm ? vm : leaderOf(next);
  };
  for (const { vms: bundled } of bundles)
    for (const vm of bundled) {
      const first = bundled.find((other) => vms[other]?.hostId === vms[vm]?.hostId) ?? vm;
      const [one, other] = [leaderOf(first), leaderOf(vm)];
      leader.set(Math.max(one, other), Math.min(one, other));
    }
  const units = new Map<number, number[]>();
  vms.forEach((_, vm) => {
    const first = leaderOf(vm);
    const unit = units.get(first);
    if (unit === undefined) units.set(first, [vm]);
    else unit.push(vm);
  });
  return [...units.values()];
}

interface UnitParts {
  readonly resources: readonly LoadResource[];
  readonly members: readonly (readonly number[])[];
  readonly placeOfHost: ReadonlyMap<string, number>;
}

function unitColumns(
  { vms }: Snapshot,
  policy: PlanPolicy,
  { resources, members, placeOfHost }: UnitParts,
): UnitColumns {
  const size = resources.length;
  const count = members.length;
  const columns = {
    count,
    members,
    home: new Int32Array(count),
    origin: new Int32Array(count),
    now: new Float64Array(count * size),
    peak: new Float64Array(count * size),
    forecast: new Float64Array(count * size),
    memoryMaxBytes: new Float64Array(count),
    vcpus: new Float64Array(count),
    migrationSeconds: new Float64Array(count),
    migrationBytes: new Float64Array(count),
  };
  members.forEach((places, unit) => {
    for (const place of places) {
      const vm = vms[place];
      if (vm === undefined) continue;
      columns.home[unit] = placeOfHost.get(vm.hostId) ?? 0;
      resources.forEach((resource, column) => {
        const figures = figuresOf(vm.load, resource);
        add(columns.now, unit * size + column, figures.now);
        add(columns.peak, unit * size + column, figures.peak);
        add(columns.forecast, unit * size + column, figures.forecast);
      });
      add(columns.memoryMaxBytes, unit, vm.memoryMaxBytes);
      columns.vcpus[unit] = Math.max(at(columns.vcpus, unit), vm.vcpus);
      const { durationMs, trafficBytes } = migrationOf(vm, policy);
      add(columns.migrationSeconds, unit, durationMs / 1000);
      add(columns.migrationBytes, unit, trafficBytes);
    }
  });
  columns.origin.set(columns.home);
  return columns;
}

/** Estimates its migration from its memory in use, its dirty rate and the bandwidth. */
export function migrationOf(
  { load, dirtyBytesPerSecond = 0 }: SnapshotVm,
  { bandwidthBytesPerSecond }: PlanPolicy,
): CopyEstimate {
  return estimateCopy({
    memoryBytes: load.memory.now,
    dirtyBytesPerSecond,
    bandwidthBytesPerSecond,
    downtimeMaxMs: DOWNTIME_MAX_MS,
  });
}

/** Books a migrating VM as load of its target too; the target's allocation already includes it. */
function bookMigrations(board: Board): void {
  const { snapshot, placeOfHost, placeOfVm, unitOfVm, hosts, units, resources } = board;
  const size = resources.length;
  for (const { vmUuid, targetHostId } of snapshot.migrations) {
    const vm = placeOfVm.get(vmUuid);
    const target = placeOfHost.get(targetHostId);
    if (vm === undefined || target === undefined) continue;
    const unit = wholeAt(unitOfVm, vm);
    if (wholeAt(units.home, unit) === target) continue;
    for (let resource = 0; resource < size; resource += 1) {
      add(hosts.now, target * size + resource, at(units.now, unit * size + resource));
      add(hosts.peak, target * size + resource, at(units.peak, unit * size + resource));
      add(hosts.forecast, target * size + resource, at(units.forecast, unit * size + resource));
    }
  }
}
