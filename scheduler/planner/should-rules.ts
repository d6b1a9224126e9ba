// Grants wishes: a VM goes where fewer of them stay open, if it leaves every host comfortable.
import { burdenOf, crowded, LOAD } from './candidate.ts';
import { wholeAt } from './columns.ts';
import type { Draft } from './draft.ts';
import { canLeave } from './duty.ts';
import { FIT } from './fit.ts';
import { alternativesTo } from './refusals.ts';

// Smaller differences are those of sums in another order.
const WISH_MIN = 1e-9;

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

/** The comfortable host with fewest open wishes, fewer than now; of those the one that it burdens least. */
function betterHost(draft: Draft, unit: number, openNow: number): number | undefined {
  const { board, fit, open, wishes, effort } = draft;
  let best: { host: number; open: number; burden: number } | undefined;
  effort.spend(open.order.length);
  for (const host of open.order) {
    if (host === board.units.home[unit] || fit.refuses(unit, host, 'option') !== FIT.ok) continue;
    const found = { host, open: wishes.open(unit, host), burden: burdenOf(board, unit, host) };
    if (found.open > openNow - WISH_MIN || crowded(board, unit, host) !== LOAD.ok) continue;
    if (best === undefined || found.open < best.open - WISH_MIN) best = found;
    else if (found.open < best.open + WISH_MIN && found.burden < best.burden) best = found;
  }
  return best?.host;
}
