// Counts the should-rules that a unit's place leaves unmet. A wish never justifies overloading a host, but it breaks ties.
import { wholeAt } from './columns.ts';
import type { Board } from './board.ts';
import type { VmRule } from './rules.ts';

export class Wishes {
  readonly #board: Board;
  readonly #together = new Map<number, VmRule[]>();
  readonly #apart = new Map<number, VmRule[]>();

  /** Must-rules about being together: no move may break one, but some can repair one. */
  readonly #bound = new Map<number, VmRule[]>();
  readonly #isSplit: Int32Array;
  readonly #isWishing: Int32Array;

  constructor(board: Board) {
    this.#board = board;
    note(this.#together, board.rules.wishes.together);
    note(this.#bound, board.rules.together);
    note(this.#apart, board.rules.wishes.apart);
    this.#isSplit = new Int32Array(board.units.count);
    for (const { vms } of board.rules.together) {
      const units = new Set(vms.map((vm) => wholeAt(board.unitOfVm, vm)));
      for (const unit of units) if (units.size > 1) this.#isSplit[unit] = 1;
    }
    this.#isWishing = new Int32Array(board.units.count);
    for (const vm of this.vms()) this.#isWishing[wholeAt(board.unitOfVm, vm)] = 1;
  }

  /** VMs that some wish is about, in order. */
  vms(): number[] {
    const { hosts } = this.#board.rules.wishes;
    return [...new Set([...hosts.keys(), ...this.#together.keys(), ...this.#apart.keys()])].sort(
      (one, other) => one - other,
    );
  }

  /** Sum, over the members' wishes, of the unmet share with the unit on the host; 0 when all are met. */
  open(unit: number, host: number): number {
    if (this.#isWishing[unit] !== 1) return 0;
    let sum = 0;
    for (const vm of this.#board.units.members[unit] ?? []) {
      for (const { hosts, isAgainst } of this.#board.rules.wishes.hosts.get(vm) ?? [])
        if (hosts.has(host) === isAgainst) sum += 1;
      for (const wish of this.#together.get(vm) ?? []) sum += 1 - this.#shareOn(wish, unit, host);
      for (const wish of this.#apart.get(vm) ?? []) sum += this.#shareOn(wish, unit, host);
    }
    return sum;
  }

  /** The hosts for which the unit's wishes make a difference: hosts that they name, and hosts of the VMs that they name. */
  relevantHosts(unit: number): Set<number> {
    const { units, unitOfVm, rules } = this.#board;
    const relevant = new Set<number>();
    for (const vm of units.members[unit] ?? []) {
      for (const { hosts } of rules.wishes.hosts.get(vm) ?? []) for (const host of hosts) relevant.add(host);
      const related = [...(this.#together.get(vm) ?? []), ...(this.#apart.get(vm) ?? [])];
      for (const other of related.flatMap(({ vms }) => vms))
        relevant.add(wholeAt(units.home, wholeAt(unitOfVm, other)));
    }
    return relevant;
  }

  /** True for a unit that a must-rule wants together with other units: the rule is being repaired, or cannot be. */
  isBound(unit: number): boolean {
    return this.#isSplit[unit] === 1;
  }

  /** The same for must-rules about being together: the unmet share with the unit on the host. */
  broken(unit: number, host: number): number {
    if (this.#bound.size === 0) return 0;
    let sum = 0;
    for (const vm of this.#board.units.members[unit] ?? [])
      for (const rule of this.#bound.get(vm) ?? []) sum += 1 - this.#shareOn(rule, unit, host);
    return sum;
  }

  /** The share of the rule's other VMs that is on the host or moves with the unit. */
  #shareOn({ vms, rule }: VmRule, unit: number, host: number): number {
    const { units, unitOfVm } = this.#board;
    const onHost = vms.filter((vm) => {
      const other = wholeAt(unitOfVm, vm);
      return other === unit ? rule.kind === 'affinity' : wholeAt(units.home, other) === host;
    }).length;
    const self = rule.kind === 'affinity' ? 1 : 0;
    return (onHost - self) / (vms.length - 1);
  }
}

function note(byVm: Map<number, VmRule[]>, rules: readonly VmRule[]): void {
  for (const rule of rules) for (const vm of rule.vms) byVm.set(vm, [...(byVm.get(vm) ?? []), rule]);
}
