// Which moves must have ended before another one starts: each is safe in the order of the plan, some also at once.
import { add, at } from './columns.ts';
import type { Board } from './board.ts';
import type { Step } from './draft.ts';

/**
 * For each step the earlier ones it must wait for. The board must be as it was before the first step. A copy counts on
 * its target from its start and on its source to its end, so that a step which fits beside all copies of earlier ones,
 * with nothing gone from anywhere, need not wait; any other waits for all that leave its target before it.
 */
export function waitsOf(steps: readonly Step[], before: Board): number[][] {
  const { hosts, units, resources } = before;
  const size = resources.length;
  const allocated = hosts.allocatedBytes.slice();
  const peak = hosts.peak.slice();
  const leaversOf = new Map<number, number[]>();
  return steps.map(({ unit, source, target }, place) => {
    add(allocated, target, at(units.memoryMaxBytes, unit));
    for (let resource = 0; resource < size; resource += 1)
      add(peak, target * size + resource, at(units.peak, unit * size + resource));
    const leavers = [...(leaversOf.get(target) ?? [])];
    leaversOf.set(source, [...(leaversOf.get(source) ?? []), place]);
    if (leavers.length === 0) return [];
    const limitBytes = at(hosts.memoryLimitBytes, target);
    const fits = at(allocated, target) <= limitBytes && at(peak, target * size + MEMORY) <= limitBytes;
    return fits && !isApart(steps, leavers, unit, before) ? [] : leavers;
  });
}

// The order of LOAD_RESOURCES.
const MEMORY = 1;

/** One of those that leave the target must not be on one host with the unit. */
function isApart(
  steps: readonly Step[],
  leavers: readonly number[],
  unit: number,
  { rules, units }: Board,
): boolean {
  const members = units.members[unit] ?? [];
  const leaving = leavers.flatMap((place) => units.members[steps[place]?.unit ?? -1] ?? []);
  return rules.apart.some(
    ({ vms }) => vms.some((vm) => members.includes(vm)) && vms.some((vm) => leaving.includes(vm)),
  );
}
