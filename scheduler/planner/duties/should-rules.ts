// Grants wishes: moves a VM to where fewer of them stay unmet, if every host stays comfortable.
import { burdenOf, crowded, LOAD } from '../board/candidate.ts';
import { wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { canLeave } from './duty.ts';
import { FIT } from '../board/fit.ts';
import { alternativesTo } from '../words/refusals.ts';

// Smaller differences come from summing in another order.
const WISH_MIN = 1e-9;
// In order of fullness the first hosts that accept a unit are the best ones, apart from differences between resources.
const TARGETS_COMPARED_MAX = 32;

export function grantWishes(draft: Draft): void {
  const { board, wishes } = draft;
  for (const vm of wishes.vms()) {
    const unit = wholeAt(board.unitOfVm, vm);
    const open = wishes.open(unit, wholeAt(board.units.home, unit));
    if (open < WISH_MIN || !draft.isMovable(unit) || !canLeave(draft, unit)) continue;
    const target = betterHost(draft, unit, open);
    if (target === undefined) continue;
    if (!draft.allows([unit], 'should_rule') || draft.effort.isOver) return;
    draft.take(unit, target, {
      trigger: 'should_rule',
      cause: board.snapshot.vms[vm]?.uuid ?? '',
      persistenceSeconds: board.policy.persistenceMaxMs / 1000,
      refusals: alternativesTo(draft, unit, target, 'option'),
    });
  }
}

interface Place {
  readonly host: number;
  readonly open: number;
  readonly burden: number;
}

/**
 * The comfortable host with the fewest unmet wishes, fewer than now; of several, the one with the least burden. Wishes make no
 * difference for most hosts: those differ in fullness only, so few of them are tried.
 */
function betterHost(draft: Draft, unit: number, openNow: number): number | undefined {
  const { open, wishes } = draft;
  const relevant = wishes.relevantHosts(unit);
  let best: Place | undefined;
  for (const host of relevant) if (open.has(host)) best = better(best, placeOn(draft, unit, host, openNow));
  let accepted = 0;
  for (const host of open.order) {
    if (relevant.has(host)) continue;
    if (accepted >= TARGETS_COMPARED_MAX || wishes.open(unit, host) > openNow - WISH_MIN) break;
    const place = placeOn(draft, unit, host, openNow);
    if (place !== undefined) accepted += 1;
    best = better(best, place);
  }
  return best?.host;
}

/** Undefined where the unit may not go, where it meets no more wishes, or where the host would not stay comfortable. */
function placeOn(draft: Draft, unit: number, host: number, openNow: number): Place | undefined {
  const { board, fit, wishes, effort } = draft;
  effort.spend(1);
  if (host === board.units.home[unit] || fit.refuses(unit, host, 'option') !== FIT.ok) return undefined;
  const open = wishes.open(unit, host);
  if (open > openNow - WISH_MIN || crowded(board, unit, host) !== LOAD.ok) return undefined;
  return { host, open, burden: burdenOf(board, unit, host) };
}

function better(one: Place | undefined, other: Place | undefined): Place | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (Math.abs(one.open - other.open) > WISH_MIN) return one.open < other.open ? one : other;
  return other.burden < one.burden ? other : one;
}
