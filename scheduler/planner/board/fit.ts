// Decides whether a unit may be on a host, gain aside: traits, rules, cores, memory, earlier refusals.
//
// What does not change during planning is computed once for each class of VMs (same needs, same rules about hosts) and
// host, at first use; memory and the other VMs there are checked each time.
import { at, wholeAt } from './columns.ts';
import { readyWith, type Board } from './board.ts';
import type { Hold } from '../contract/snapshot.ts';

/** Why a unit does not fit on a host; 0 when it does. */
export const FIT = {
  ok: 0,
  trait: 1,
  rule: 2,
  cores: 3,
  allocation: 4,
  memoryUse: 5,
  apart: 6,
  refused: 7,
  left: 8,
} as const;

/** A duty, such as emptying a host, overrides cool-downs and "no way back", but never memory or must-rules. */
export type Need = 'duty' | 'option';

export class Fit {
  readonly #board: Board;
  /** Rows of the matrix, by class; each has an entry for every host. */
  readonly #rows = new Map<string, Int32Array>();
  readonly #rowOfUnit: (Int32Array | undefined)[];
  /** VMs that must not be on one host with a member of the unit. */
  readonly #apartFrom = new Map<number, number[]>();
  /** Hosts that refused a member, and hosts that a member left recently. */
  readonly #refused = new Map<number, Set<number>>();
  readonly #left = new Map<number, Set<number>>();
  /** Targets of migrations under way, by VM. */
  readonly #arriving = new Map<number, number>();

  constructor(board: Board) {
    this.#board = board;
    this.#rowOfUnit = new Array<Int32Array | undefined>(board.units.count);
    this.#noteApart();
    this.#notePast();
    for (const { vmUuid, targetHostId } of board.snapshot.migrations) {
      const [vm, host] = [board.placeOfVm.get(vmUuid), board.placeOfHost.get(targetHostId)];
      if (vm !== undefined && host !== undefined) this.#arriving.set(vm, host);
    }
  }

  /** Why the unit may not be on the host in the board's present state; FIT.ok when it may. */
  refuses(unit: number, host: number, need: Need): number {
    const { hosts, units } = this.#board;
    const row = wholeAt(this.row(unit), host);
    if (row !== FIT.ok) return row;
    const limitBytes = at(hosts.memoryLimitBytes, host);
    // A figure that is missing is NaN, and no comparison with it is true: it must not pass for room.
    if (!(at(hosts.allocatedBytes, host) + at(units.memoryMaxBytes, unit) <= limitBytes))
      return FIT.allocation;
    if (!(readyWith(this.#board, host, unit, MEMORY) <= limitBytes)) return FIT.memoryUse;
    return this.#refusesSpecially(unit, host, need);
  }

  /** True when nothing but lack of memory can keep the unit off the host. */
  lacksOnlyMemory(unit: number, host: number): boolean {
    return this.row(unit)[host] === FIT.ok && this.#refusesSpecially(unit, host, 'duty') === FIT.ok;
  }

  /** Checks that concern few units only. */
  #refusesSpecially(unit: number, host: number, need: Need): number {
    if (!(at(this.#board.units.vcpus, unit) <= at(this.#board.hosts.cores, host))) return FIT.cores;
    if (this.#apartFrom.size > 0 && this.neighbour(unit, host) !== undefined) return FIT.apart;
    if (this.#refused.size > 0 && this.#refused.get(unit)?.has(host) === true) return FIT.refused;
    if (need === 'option' && this.#left.size > 0 && this.#left.get(unit)?.has(host) === true) return FIT.left;
    return FIT.ok;
  }

  /** The unit's row of unchanging results: FIT.ok, FIT.trait or FIT.rule for each host. */
  row(unit: number): Int32Array {
    const known = this.#rowOfUnit[unit];
    if (known !== undefined) return known;
    const members = this.#board.units.members[unit] ?? [];
    const key = members.map((vm) => this.#classOf(vm)).join('|');
    const row = this.#rows.get(key) ?? this.#makeRow(members);
    this.#rows.set(key, row);
    this.#rowOfUnit[unit] = row;
    return row;
  }

  /** A VM on the host, or on its way there, that a rule keeps apart from a member of the unit. */
  neighbour(unit: number, host: number): number | undefined {
    const { units, unitOfVm } = this.#board;
    return this.#apartFrom
      .get(unit)
      ?.find((vm) => wholeAt(units.home, wholeAt(unitOfVm, vm)) === host || this.#arriving.get(vm) === host);
  }

  #classOf(vm: number): string {
    const { snapshot, rules } = this.#board;
    const needs = [...(snapshot.vms[vm]?.needs ?? [])].sort().join(',');
    const hostRules = rules.allowed.get(vm)?.rules.map(({ id }) => id) ?? [];
    return `${needs};${hostRules.join(',')}${hostRules.length > 0 ? `;${vm}` : ''}`;
  }

  #makeRow(members: readonly number[]): Int32Array {
    const { snapshot, rules } = this.#board;
    const needs = [...new Set(members.flatMap((vm) => snapshot.vms[vm]?.needs ?? []))];
    const allowed = members.flatMap((vm) => rules.allowed.get(vm) ?? []);
    const row = new Int32Array(snapshot.hosts.length);
    snapshot.hosts.forEach(({ traits }, host) => {
      if (needs.some((need) => !traits.includes(need))) row[host] = FIT.trait;
      else if (!allowed.every(({ allows }) => allows(host))) row[host] = FIT.rule;
    });
    return row;
  }

  #noteApart(): void {
    const { rules, unitOfVm } = this.#board;
    for (const { vms } of rules.apart)
      for (const vm of vms) {
        const unit = wholeAt(unitOfVm, vm);
        const others = vms.filter((other) => wholeAt(unitOfVm, other) !== unit);
        this.#apartFrom.set(unit, [...(this.#apartFrom.get(unit) ?? []), ...others]);
      }
  }

  #notePast(): void {
    const { snapshot, placeOfHost, unitOfVm } = this.#board;
    const note = (sets: Map<number, Set<number>>, vm: number, hostId: string): void => {
      const host = placeOfHost.get(hostId);
      if (host === undefined) return;
      const unit = wholeAt(unitOfVm, vm);
      sets.set(unit, (sets.get(unit) ?? new Set()).add(host));
    };
    snapshot.vms.forEach(({ refusedTargets, leftHosts }, vm) => {
      for (const { hostId, untilMs } of refusedTargets ?? [])
        if (untilMs > snapshot.atMs) note(this.#refused, vm, hostId);
      for (const { hostId } of leftHosts ?? []) note(this.#left, vm, hostId);
    });
  }
}

// The order of LOAD_RESOURCES.
const MEMORY = 1;

/** Why a member of the unit stays where it is, whatever the target. */
export function holdOf({ snapshot, units, rules }: Board, unit: number, need: Need): Hold | undefined {
  for (const place of units.members[unit] ?? []) {
    const vm = snapshot.vms[place];
    const holds = [vm?.held, rules.held.get(place), vm?.mode === 'observe' ? OBSERVED : undefined];
    const hold = holds.find(
      (each) => each !== undefined && (need === 'option' || each.against === 'every_move'),
    );
    if (hold !== undefined) return hold;
  }
  return undefined;
}

const OBSERVED: Hold = {
  code: 'observing',
  reason: 'its mode is observe',
  cure: 'set its mode to recommend or auto',
  against: 'every_move',
};
