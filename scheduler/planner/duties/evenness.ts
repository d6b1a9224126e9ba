// Evens hosts out within the budgets: the best single moves one after the other, then a local search over which units move and
// where to, then a safe order of the moves.
import { wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';
import { LocalSearch } from './local-search.ts';
import { alternativesTo } from '../words/refusals.ts';

export function evenOut(draft: Draft): void {
  const { units } = draft.board;
  const start = units.home.slice();
  const search = new LocalSearch(draft);
  search.descend();
  search.improve();
  const moved = search.moved();
  const targets = moved.map((unit) => wholeAt(units.home, unit));
  for (const unit of moved) draft.shift(unit, wholeAt(start, unit));
  takeInSafeOrder(draft, new Map(moved.map((unit, place) => [unit, targets[place] ?? 0])));
}

/** Takes each move once it fits. Moves that never fit, because their units wait for each other's room, are left out. */
function takeInSafeOrder(draft: Draft, targets: Map<number, number>): void {
  const { board, fit } = draft;
  for (let before = Infinity; targets.size < before;) {
    before = targets.size;
    for (const [unit, target] of [...targets]) {
      if (fit.refuses(unit, target, 'option') !== FIT.ok) continue;
      if (!draft.allows([unit], 'evenness')) return;
      targets.delete(unit);
      draft.take(unit, target, {
        trigger: 'evenness',
        cause: board.snapshot.hosts[wholeAt(board.units.home, unit)]?.hostId ?? '',
        persistenceSeconds: board.policy.persistenceMaxMs / 1000,
        refusals: alternativesTo(draft, unit, target, 'option'),
      });
    }
  }
}
