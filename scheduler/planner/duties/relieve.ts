// Relieves hot hosts, the hottest first, by the moves that remove the most cost per second of copying, until each host is
// below its exit level.
import { at } from '../board/columns.ts';
import {
  burdenOf,
  crowded,
  isBearable,
  isRelief,
  LOAD,
  NOBODY,
  priceOf,
  reliefOf,
} from '../board/candidate.ts';
import type { Draft, Step } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';
import { hostCost } from '../board/host-cost.ts';
import { alternativesTo } from '../words/refusals.ts';
import { isSettling } from '../contract/snapshot.ts';
import { closedTo } from '../board/targets.ts';
import { exchangeFor } from './exchange.ts';

// In order of fullness the first hosts that accept a unit are the best ones, apart from differences between resources.
const TARGETS_COMPARED_MAX = 32;

export interface Choice {
  readonly unit: number;
  readonly target: number;
  readonly isComfortable: boolean;
  /** Unmet wishes with the unit there. */
  readonly openWishes: number;
  readonly gain: number;
  /** Gain per second of copying. */
  readonly score: number;
}

export function relieveHotHosts(draft: Draft): void {
  // Hosts that cooled down are targets for hosts that found none; hosts that became full are relieved in turn.
  do judgeTouched(draft);
  while (relieveAll(draft, sourcesOf(draft)) && !draft.effort.isOver);
}

/** True when anything was moved. */
function relieveAll(draft: Draft, waiting: number[]): boolean {
  const before = draft.steps.length;
  while (waiting.length > 0 && !draft.effort.isOver) {
    const source = takeHottest(draft, waiting);
    if (!draft.hot.isStillHot(source)) {
      dropNeedless(draft, source);
      continue;
    }
    const choice = bestMove(draft, source);
    const moves = choice === undefined ? exchangeFor(draft, source) : [choice];
    if (moves === undefined) continue;
    const units = moves.map(({ unit }) => unit);
    if (!draft.allows(units, 'hot_host')) return false;
    for (const { unit, target } of moves) takeMove(draft, source, unit, target);
    waiting.push(source);
  }
  return draft.steps.length > before;
}

/** Re-evaluates the hosts that moves of this plan have changed, as the next plan would. */
export function judgeTouched({ board, hot, open, steps }: Draft): void {
  for (const host of new Set(steps.flatMap(({ source, target }) => [source, target]))) {
    hot.judgeAgain(host);
    open.set(host, closedTo(board, hot, host, 'option') === undefined);
  }
}

/** Indexes of the hot hosts whose figures can be acted on. */
function sourcesOf({ board, hot }: Draft): number[] {
  return board.snapshot.hosts
    .map((_, place) => place)
    .filter((place) => hot.isHot(place) && whyNotNow(board, place) === undefined);
}

/** Why a hot host cannot be relieved now, as a code; undefined when it can. */
export function whyNotNow(
  board: Draft['board'],
  place: number,
): 'unusable' | 'observing' | 'moving' | 'settling' | undefined {
  const host = board.snapshot.hosts[place];
  // Draining hosts give away all their VMs, by another duty.
  if (host === undefined || host.state !== 'ready' || host.service === 'draining') return 'unusable';
  if (host.mode === 'observe') return 'observing';
  if (host.migrationsOut > 0 || host.migrationsIn > 0) return 'moving';
  return isSettling(board.snapshot, host) ? 'settling' : undefined;
}

function takeHottest({ board }: Draft, waiting: number[]): number {
  let best = 0;
  waiting.forEach((host, index) => {
    const by = hostCost(board, host) - hostCost(board, waiting[best] ?? host);
    if (by > 0 || (by === 0 && host < (waiting[best] ?? host))) best = index;
  });
  const [host] = waiting.splice(best, 1);
  return host ?? 0;
}

function takeMove(draft: Draft, source: number, unit: number, target: number): void {
  const { board, hot } = draft;
  draft.take(unit, target, {
    trigger: 'hot_host',
    cause: board.snapshot.hosts[source]?.hostId ?? '',
    persistenceSeconds: hot.persistenceSeconds(source),
    refusals: alternativesTo(draft, unit, target, 'option'),
  });
}

/** The best single move off the host; undefined when none helps. */
function bestMove(draft: Draft, source: number): Choice | undefined {
  const { board } = draft;
  const units = (board.hosts.units[source] ?? [])
    .filter((unit) => draft.isMovable(unit) && isRelief(board, draft.hot, unit))
    .map((unit) => ({ unit, bound: reliefOf(board, unit) / secondsOf(draft, unit) }))
    .sort((one, other) => other.bound - one.bound || one.unit - other.unit);
  let best: Choice | undefined;
  for (const { unit, bound } of units) {
    // No target gains more than the unit's relief, so none of the remaining units can beat this choice.
    if (best !== undefined && best.isComfortable && best.openWishes === 0 && bound < best.score) break;
    const choice = bestTarget(draft, unit);
    if (choice !== undefined && (best === undefined || isBetter(choice, best))) best = choice;
    if (draft.effort.isOver) break;
  }
  return best;
}

function bestTarget(draft: Draft, unit: number): Choice | undefined {
  const { board, fit, hot, open, wishes } = draft;
  const relief = reliefOf(board, unit);
  const price = priceOf(board, hot, unit);
  let best: Choice | undefined;
  let looked = 0;
  let accepted = 0;
  for (const host of relief > price ? open.order : []) {
    looked += 1;
    if (board.units.home[unit] === host || fit.refuses(unit, host, 'option') !== FIT.ok) continue;
    const gain = relief - burdenOf(board, unit, host);
    if (gain <= price || !isBearable(board, hot, { unit, host, gone: NOBODY, gain })) continue;
    const choice = {
      unit,
      target: host,
      isComfortable: crowded(board, unit, host) === LOAD.ok,
      openWishes: wishes.open(unit, host),
      gain,
      score: gain / secondsOf(draft, unit),
    };
    if (best === undefined || isBetter(choice, best)) best = choice;
    accepted += 1;
    if (accepted >= TARGETS_COMPARED_MAX) break;
  }
  draft.effort.spend(looked);
  return best;
}

function secondsOf({ board }: Draft, unit: number): number {
  return at(board.units.migrationSeconds, unit);
}

/** A comfortable target beats a crowded one; then fewer unmet wishes, then the score, then the order of the snapshot decide. */
function isBetter(one: Choice, other: Choice): boolean {
  if (one.isComfortable !== other.isComfortable) return one.isComfortable;
  if (one.openWishes !== other.openWishes) return one.openWishes < other.openWishes;
  // Summing the same figures in another order changes the last digits.
  if (Math.abs(one.score - other.score) > 1e-9) return one.score > other.score;
  return one.unit !== other.unit ? one.unit < other.unit : one.target < other.target;
}

/** Undoes moves that later ones have made needless, those with the least gain per second first. */
function dropNeedless(draft: Draft, source: number): void {
  const own = draft.stepsAt(source).filter((step) => step.source === source && step.trigger === 'hot_host');
  if (own.length < 2) return;
  const single = own.filter((step) => !isPartOfExchange(draft, step));
  if (single.length < 2) return;
  const score = (step: Step): number => step.gain / secondsOf(draft, step.unit);
  for (const step of single.sort((one, other) => score(one) - score(other)))
    if (!draft.hot.isStillHot(source, step.unit)) draft.undo(step);
}

/** True if another step of the plan may rely on this one, or this one on another. */
function isPartOfExchange(draft: Draft, { source, target }: Step): boolean {
  return (
    draft.stepsAt(target).some((other) => other.source === target) ||
    draft.stepsAt(source).some((other) => other.target === source)
  );
}
