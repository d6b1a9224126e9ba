// Places a unit that must move on the best of all hosts that can take it, comfortable or not, making room if necessary.
import { burdenOf, crowded, LOAD } from '../board/candidate.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft, StepWords } from '../board/draft.ts';
import { FIT, holdOf, type Need } from '../board/fit.ts';
import { makeRoom, type Demand } from './make-room.ts';
import type { Trigger } from '../contract/plan-types.ts';
import { alternativesTo } from '../words/refusals.ts';

// In order of fullness the first hosts that can take it are the best ones, apart from rules and differences between resources.
const TARGETS_COMPARED_MAX = 64;

interface DutyTarget {
  readonly host: number;
  /** Must-rules about being together that stay broken. */
  readonly broken: number;
  /** 0 is best: comfortable; then crowded; then hot. */
  readonly tier: number;
  readonly openWishes: number;
  readonly burden: number;
}

/** Moves the unit to the best host, making room there first if necessary; false when that is not possible. */
export function placeUnit(draft: Draft, unit: number, trigger: Trigger, cause: string): boolean {
  if (!canLeave(draft, unit)) return false;
  const need: Need = 'duty';
  const words = (): StepWords => ({
    trigger,
    cause,
    persistenceSeconds: draft.board.policy.persistenceMaxMs / 1000,
    refusals: [],
  });
  let target = bestDutyTarget(draft, unit, need);
  if (target === undefined && makeRoom(draft, demandOf(draft, unit), words()) !== undefined)
    target = bestDutyTarget(draft, unit, need);
  if (target === undefined || !draft.allows([unit], trigger)) return false;
  draft.take(unit, target, { ...words(), refusals: alternativesTo(draft, unit, target, need) });
  return true;
}

/** True if nothing holds the unit against a duty, this plan has not moved it yet, and its host is ready and not in observe. */
export function canLeave({ board }: Draft, unit: number): boolean {
  if (board.units.home[unit] !== board.units.origin[unit]) return false;
  if (holdOf(board, unit, 'duty') !== undefined) return false;
  const host = board.snapshot.hosts[wholeAt(board.units.home, unit)];
  return host?.state === 'ready' && host.mode !== 'observe';
}

export function bestDutyTarget(draft: Draft, unit: number, need: Need): number | undefined {
  const { board, fit, hot, wishes, effort } = draft;
  const home = wholeAt(board.units.home, unit);
  let best: DutyTarget | undefined;
  let accepted = 0;
  for (const host of draft.openToDuty.order) {
    effort.spend(1);
    if (host === home || fit.refuses(unit, host, need) !== FIT.ok) continue;
    const tier = hot.isHot(host) ? 2 : crowded(board, unit, host) === LOAD.ok ? 0 : 1;
    const found = {
      host,
      broken: wishes.broken(unit, host),
      tier,
      openWishes: wishes.open(unit, host),
      burden: burdenOf(board, unit, host),
    };
    if (best === undefined || isBetter(found, best)) best = found;
    accepted += 1;
    if (accepted >= TARGETS_COMPARED_MAX && best.tier === 0) break;
  }
  return best?.host;
}

function isBetter(one: DutyTarget, other: DutyTarget): boolean {
  if (one.broken !== other.broken) return one.broken < other.broken;
  if (one.tier !== other.tier) return one.tier < other.tier;
  if (one.openWishes !== other.openWishes) return one.openWishes < other.openWishes;
  if (Math.abs(one.burden - other.burden) > 1e-9) return one.burden < other.burden;
  return one.host < other.host;
}

/** What a host must offer for the unit. */
function demandOf({ board, fit }: Draft, unit: number): Demand {
  const { units, resources } = board;
  const home = wholeAt(units.home, unit);
  const memory = unit * resources.length + 1;
  return {
    memoryMaxBytes: at(units.memoryMaxBytes, unit),
    memoryUsedBytes: Math.max(at(units.peak, memory), at(units.forecast, memory)),
    canBeOn: (host) => host !== home && fit.lacksOnlyMemory(unit, host),
  };
}
