// Relieves a hot host that no single move helps: swaps two units, or makes room on a target by moving a unit on to a third host.
import { moveUnit } from '../board/board.ts';
import { crowded, isBearable, isRelief, LOAD, NOBODY, reliefOf } from '../board/candidate.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';
import { costExchanged, costWith, hostCost } from '../board/host-cost.ts';

export interface Relocation {
  readonly unit: number;
  readonly target: number;
}

interface Exchange {
  /** In a safe order. */
  readonly moves: readonly Relocation[];
  readonly score: number;
}

// The units with the most relief per second, and the emptiest targets; the work grows with the product of the two.
const UNITS_TRIED_MAX = 16;
const TARGETS_TRIED_MAX = 16;

/** The exchange with the greatest gain per second of copying; undefined when none helps. */
export function exchangeFor(draft: Draft, source: number): readonly Relocation[] | undefined {
  const { board, hot, open } = draft;
  const leaving = (board.hosts.units[source] ?? [])
    .filter((unit) => draft.isMovable(unit) && isRelief(board, hot, unit))
    .map((unit) => ({ unit, score: reliefOf(board, unit) / at(board.units.migrationSeconds, unit) }))
    .sort((one, other) => other.score - one.score || one.unit - other.unit)
    .slice(0, UNITS_TRIED_MAX);
  let best: Exchange | undefined;
  const targets = open.order.subarray(0, TARGETS_TRIED_MAX).filter((target) => target !== source);
  for (const target of targets)
    for (const making of [...(board.hosts.units[target] ?? [])]) {
      if (!draft.effort.spend(2 * leaving.length)) return best?.moves;
      if (!draft.isMovable(making)) continue;
      const third = thirdHost(draft, making, source);
      for (const { unit } of leaving) {
        best = better(best, swap(draft, unit, making), draft);
        best = better(best, third === undefined ? undefined : chain(draft, unit, making, third), draft);
      }
    }
  return best?.moves;
}

/** The better of the two, if the new one can be carried out. */
function better(found: Exchange | undefined, made: Exchange | undefined, draft: Draft): Exchange | undefined {
  if (made === undefined || (found !== undefined && made.score <= found.score + 1e-9)) return found;
  const order = [made.moves, [...made.moves].reverse()].find((moves) => isSafe(draft, moves));
  return order === undefined ? found : { ...made, moves: order };
}

/** Tries the moves one after the other in the board, and undoes them. */
function isSafe({ board, fit }: Draft, moves: readonly Relocation[]): boolean {
  const done: Relocation[] = [];
  const isFitting = moves.every(({ unit, target }) => {
    if (fit.refuses(unit, target, 'option') !== FIT.ok) return false;
    done.push({ unit, target: wholeAt(board.units.home, unit) });
    moveUnit(board, unit, target);
    return true;
  });
  for (const { unit, target } of done.reverse()) moveUnit(board, unit, target);
  return isFitting;
}

function swap(draft: Draft, unit: number, making: number): Exchange | undefined {
  const { board } = draft;
  const source = wholeAt(board.units.home, unit);
  const target = wholeAt(board.units.home, making);
  const gain =
    hostCost(board, source) +
    hostCost(board, target) -
    costExchanged(board, source, unit, making) -
    costExchanged(board, target, making, unit);
  return exchange(draft, { unit, making, target, makingTarget: source, gain });
}

function chain(draft: Draft, unit: number, making: number, third: number): Exchange | undefined {
  const { board } = draft;
  const target = wholeAt(board.units.home, making);
  const gain =
    reliefOf(board, unit) +
    hostCost(board, target) -
    costExchanged(board, target, making, unit) +
    hostCost(board, third) -
    costWith(board, third, making, 1);
  return exchange(draft, { unit, making, target, makingTarget: third, gain });
}

interface Parts {
  readonly unit: number;
  readonly making: number;
  readonly target: number;
  readonly makingTarget: number;
  readonly gain: number;
}

/** The exchange, if it is worth both migrations and leaves the target in a state that a single move would be allowed to. */
function exchange(draft: Draft, { unit, making, target, makingTarget, gain }: Parts): Exchange | undefined {
  const { board, hot } = draft;
  const source = wholeAt(board.units.home, unit);
  const seconds = at(board.units.migrationSeconds, unit) + at(board.units.migrationSeconds, making);
  if (gain * hot.persistenceSeconds(source) <= seconds * board.policy.migrationPriceCores) return undefined;
  if (!isBearable(board, hot, { unit, host: target, gone: making, gain })) return undefined;
  return {
    moves: [
      { unit: making, target: makingTarget },
      { unit, target },
    ],
    score: gain / seconds,
  };
}

/** The emptiest other host that takes the unit and stays comfortable. */
function thirdHost({ board, fit, open, effort }: Draft, unit: number, source: number): number | undefined {
  const home = wholeAt(board.units.home, unit);
  const tried = open.order.subarray(0, TARGETS_TRIED_MAX);
  effort.spend(tried.length);
  return tried.find(
    (host) =>
      host !== home &&
      host !== source &&
      fit.refuses(unit, host, 'option') === FIT.ok &&
      crowded(board, unit, host, NOBODY) === LOAD.ok,
  );
}
