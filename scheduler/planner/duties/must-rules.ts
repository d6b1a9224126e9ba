// Repairs broken must-rules: VMs on forbidden hosts, VMs that must be together or apart. A rule that holds moves nothing.
import { moveUnit } from '../board/board.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { canLeave, placeUnit } from './duty.ts';
import { FIT } from '../board/fit.ts';
import type { Trigger } from '../contract/plan-types.ts';
import { alternativesTo } from '../words/refusals.ts';
import type { VmRule } from '../board/rules.ts';

export function repairMustRules(draft: Draft): void {
  const { rules } = draft.board;
  for (const together of joined(rules.together))
    if (homesOf(draft, together).length > 1) bringTogether(draft, together, 'must_rule', together.rule.id);
  for (const [vm, { rules: asking }] of rules.allowed)
    if (!isAllowed(draft, vm))
      placeUnit(draft, unitOf(draft, vm), 'must_rule', asking.map(({ id }) => id).join(', '));
  for (const rule of rules.apart) takeApart(draft, rule);
}

export function isAllowed({ board }: Draft, vm: number): boolean {
  const allowed = board.rules.allowed.get(vm);
  return allowed === undefined || allowed.allows(wholeAt(board.units.home, wholeAt(board.unitOfVm, vm)));
}

function unitOf({ board }: Draft, vm: number): number {
  return wholeAt(board.unitOfVm, vm);
}

/** Hosts of a rule's VMs, each once, in the order of the VMs. */
export function homesOf({ board }: Draft, { vms }: VmRule): number[] {
  return [...new Set(vms.map((vm) => wholeAt(board.units.home, wholeAt(board.unitOfVm, vm))))];
}

/** Merges rules that share a VM: all of their VMs must be together. */
export function joined(rules: readonly VmRule[]): VmRule[] {
  const groups: VmRule[] = [];
  for (const { rule, vms } of rules) {
    const sharing = groups.filter((group) => group.vms.some((vm) => vms.includes(vm)));
    for (const group of sharing) groups.splice(groups.indexOf(group), 1);
    const all = new Set([...sharing.flatMap((group) => group.vms), ...vms]);
    groups.push({ rule: sharing[0]?.rule ?? rule, vms: [...all] });
  }
  return groups;
}

/** Moves the VMs to the host that needs the fewest bytes copied; preferably one that already has some of them, if all fit there. */
export function bringTogether(draft: Draft, together: VmRule, trigger: Trigger, cause: string): void {
  const homes = homesOf(draft, together);
  const { board } = draft;
  const units = [...new Set(together.vms.map((vm) => unitOf(draft, vm)))];
  const bytesTo = (host: number): number =>
    units
      .filter((unit) => board.units.home[unit] !== host)
      .reduce((sum, unit) => sum + at(board.units.migrationBytes, unit), 0);
  const open = [...draft.openToDuty.order];
  const hosts = [
    ...homes
      .filter((host) => open.includes(host))
      .sort((one, other) => bytesTo(one) - bytesTo(other) || one - other),
    ...open.filter((host) => !homes.includes(host)),
  ];
  const target = hosts.find((host) => fitsAll(draft, units, host));
  const leaving = units.filter((unit) => board.units.home[unit] !== target);
  if (target === undefined || !draft.allows(leaving, trigger)) return;
  for (const unit of leaving)
    draft.take(unit, target, {
      trigger,
      cause,
      persistenceSeconds: board.policy.persistenceMaxMs / 1000,
      refusals: alternativesTo(draft, unit, target, 'duty'),
    });
}

/** Tries the units one after the other in the board, and undoes that. */
function fitsAll(draft: Draft, units: readonly number[], host: number): boolean {
  const { board, fit, effort } = draft;
  const moved: { unit: number; home: number }[] = [];
  const fits = units.every((unit) => {
    const home = wholeAt(board.units.home, unit);
    // A unit that is there already must be allowed to stay.
    if (home === host) return fit.row(unit)[host] === FIT.ok;
    effort.spend(1);
    if (!canLeave(draft, unit)) return false;
    if (fit.refuses(unit, host, 'duty') !== FIT.ok) return false;
    moved.push({ unit, home });
    moveUnit(board, unit, host);
    return true;
  });
  for (const { unit, home } of moved.reverse()) moveUnit(board, unit, home);
  return fits;
}

/** Of the units on one host the most expensive to move stays. Units that are being brought together with others come later. */
function takeApart(draft: Draft, apart: VmRule): void {
  const { board } = draft;
  const seconds = (unit: number): number => at(board.units.migrationSeconds, unit);
  for (const host of homesOf(draft, apart)) {
    const units = [...new Set(apart.vms.map((vm) => unitOf(draft, vm)))].filter(
      (unit) => board.units.home[unit] === host,
    );
    const movable = units.filter((unit) => !draft.wishes.isBound(unit));
    const cheapestFirst = movable.sort((one, other) => seconds(one) - seconds(other) || one - other);
    let left = units.length;
    for (const unit of cheapestFirst)
      if (left > 1 && placeUnit(draft, unit, 'must_rule', apart.rule.id)) left -= 1;
  }
}
