// Finds the moves that must end before another one starts. In the plan's order each is safe; most may run at the same time.
import type { Board } from '../board/board.ts';
import { add, at } from '../board/columns.ts';
import type { Step } from '../board/draft.ts';

/** Memory booked on each host: what VMs may grow to, and what they use at their peak. */
export interface MemoryBooked {
  readonly allocatedBytes: Float64Array;
  readonly peakBytes: Float64Array;
  readonly forecastBytes: Float64Array;
}

// The order of LOAD_RESOURCES.
const MEMORY = 1;

export function memoryOf({ hosts, resources }: Board): MemoryBooked {
  const ofMemory = (column: Float64Array): Float64Array =>
    column.filter((_, place) => place % resources.length === MEMORY);
  return {
    allocatedBytes: hosts.allocatedBytes.slice(),
    peakBytes: ofMemory(hosts.peak),
    forecastBytes: ofMemory(hosts.forecast),
  };
}

/**
 * For each step the earlier ones it must wait for, given the memory before the first step. A copy counts on its target from
 * its start and on its source until its end. So a step that fits in addition to all earlier copies, before any VM has left
 * its host, need not wait; any other waits for all earlier steps that leave its target.
 */
export function waitsOf(board: Board, steps: readonly Step[], before: MemoryBooked): number[][] {
  const { hosts, units, resources } = board;
  const { allocatedBytes, peakBytes, forecastBytes } = before;
  const leaversOf = new Map<number, number[]>();
  return steps.map(({ unit, source, target }, place) => {
    add(allocatedBytes, target, at(units.memoryMaxBytes, unit));
    add(peakBytes, target, at(units.peak, unit * resources.length + MEMORY));
    add(forecastBytes, target, at(units.forecast, unit * resources.length + MEMORY));
    const leavers = [...(leaversOf.get(target) ?? [])];
    leaversOf.set(source, [...(leaversOf.get(source) ?? []), place]);
    if (leavers.length === 0) return [];
    const limitBytes = at(hosts.memoryLimitBytes, target);
    const fits = [allocatedBytes, peakBytes, forecastBytes].every(
      (column) => at(column, target) <= limitBytes,
    );
    const leaving = leavers.flatMap((leaver) => units.members[steps[leaver]?.unit ?? -1] ?? []);
    return fits && !isApart(board, units.members[unit] ?? [], leaving) ? [] : leavers;
  });
}

/** True if a rule keeps one of the leaving VMs apart from one of the coming VMs. */
function isApart({ rules }: Board, coming: readonly number[], leaving: readonly number[]): boolean {
  return rules.apart.some(
    ({ vms }) => vms.some((vm) => coming.includes(vm)) && vms.some((vm) => leaving.includes(vm)),
  );
}
