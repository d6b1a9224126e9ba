// Searches for better places for units: a lower cost of all hosts, within the budgets of moves and bytes.
//
// It works on the board alone. A unit away from its start counts as a move; one that goes back returns its move to the budget.
import { burdenOf, reliefOf } from '../board/candidate.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';
import { coreEquivalents, costExchanged, hostCost } from '../board/host-cost.ts';
import { closedTo } from '../board/targets.ts';

// The costliest hosts promise the greatest gain.
const SOURCES_MAX = 8;
// More hosts differ too little to be worth looking at.
const TARGETS_MAX = 64;
// About half a second: later finds are worth little compared with how the loads change meanwhile.
const STEPS_MAX = 3_000_000;
// Smaller gains come from summing in another order.
const GAIN_MIN = 1e-9;

interface Shift {
  readonly unit: number;
  readonly target: number;
  readonly gain: number;
}

export class LocalSearch {
  readonly #draft: Draft;
  /** Hosts whose figures can be acted on. Hot ones may take units too: the cost decides. */
  readonly #hosts: readonly number[];
  readonly #start: Int32Array;
  readonly #moved = new Set<number>();
  readonly #movesMax: number;
  readonly #bytesMax: number;
  readonly #stepsMax: number;
  #moves = 0;
  #bytes = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
    const { board, hot } = draft;
    this.#hosts = board.snapshot.hosts
      .map((_, host) => host)
      .filter((host) => [undefined, 'hot'].includes(closedTo(board, hot, host, 'option')));
    this.#start = board.units.home.slice();
    this.#stepsMax = draft.effort.steps + STEPS_MAX;
    ({ moves: this.#movesMax, bytes: this.#bytesMax } = draft.left());
  }

  /** Units away from where they started, in the order in which they left. */
  moved(): number[] {
    return [...this.#moved];
  }

  /** Makes the best single move again and again, while it is worth its price and the budgets last. */
  descend(): void {
    while (!this.#isOver()) {
      const best = this.#bestShift();
      if (best === undefined) return;
      this.#shift(best);
    }
  }

  /** Repeats until nothing helps: better targets, exchanges, other units in place of moved ones. */
  improve(): void {
    while (!this.#isOver()) {
      const shifts = this.#shiftMoved();
      const exchanges = this.#exchange();
      const replacements = this.#replace();
      if (shifts + exchanges + replacements === 0) return;
      this.descend();
    }
  }

  /** Moves units that have moved to better places, or back. */
  #shiftMoved(): number {
    let count = 0;
    for (const unit of this.moved()) {
      const shift = this.#bestShiftOf(unit);
      if (shift === undefined || shift.gain < GAIN_MIN) continue;
      this.#shift(shift);
      count += 1;
    }
    return count;
  }

  /** Undoes a move and makes a better one instead. */
  #replace(): number {
    let count = 0;
    for (const unit of this.moved()) {
      const { board, fit } = this.#draft;
      const [home, start] = [wholeAt(board.units.home, unit), wholeAt(this.#start, unit)];
      if (this.#isOver() || fit.refuses(unit, start, 'option') !== FIT.ok) continue;
      const back = { unit, target: start, gain: this.#gain(unit, start) };
      this.#shift(back);
      const other = this.#bestShift();
      if (other !== undefined && back.gain + other.gain > GAIN_MIN) {
        this.#shift(other);
        count += 1;
      } else this.#shift({ unit, target: home, gain: -back.gain });
    }
    return count;
  }

  /** Swaps two units. */
  #exchange(): number {
    let count = 0;
    for (const host of this.#sources())
      for (const unit of [...(this.#draft.board.hosts.units[host] ?? [])]) {
        if (this.#isOver()) return count;
        if (!this.#isFree(unit) || !this.#mayMove(unit)) continue;
        const other = this.#bestPartner(unit, host);
        if (other === undefined) continue;
        const target = wholeAt(this.#draft.board.units.home, other);
        this.#shift({ unit, target, gain: 0 });
        this.#shift({ unit: other, target: host, gain: 0 });
        count += 1;
      }
    return count;
  }

  #bestPartner(unit: number, host: number): number | undefined {
    const { board, effort } = this.#draft;
    let best: { other: number; gain: number } | undefined;
    const least = this.#leastGain(unit);
    for (const target of this.#targets()) {
      if (target === host) continue;
      for (const other of board.hosts.units[target] ?? []) {
        if (!this.#mayMove(other)) continue;
        effort.spend(1);
        const gain = this.#exchangeGain(unit, host, other, target);
        if (gain < least || gain <= (best?.gain ?? 0) + GAIN_MIN || !this.#isFree(other)) continue;
        if (gain < this.#leastGain(other)) continue;
        if (this.#isWithinBudgets(unit, target, other, host) && this.#canExchange(unit, other))
          best = { other, gain };
      }
    }
    return best?.other;
  }

  /** Once the budget of moves is used up, only units that have moved may move on. */
  #mayMove(unit: number): boolean {
    return this.#moves < this.#movesMax || this.#moved.has(unit);
  }

  #exchangeGain(unit: number, host: number, other: number, target: number): number {
    const { board } = this.#draft;
    const gain =
      hostCost(board, host) +
      hostCost(board, target) -
      costExchanged(board, host, unit, other) -
      costExchanged(board, target, other, unit);
    return gain - this.#price(unit, target) - this.#price(other, host);
  }

  /** Whether each unit fits in the place of the other. */
  #canExchange(unit: number, other: number): boolean {
    const { board, fit } = this.#draft;
    const [host, target] = [wholeAt(board.units.home, unit), wholeAt(board.units.home, other)];
    this.#draft.shift(other, host);
    const fits = fit.refuses(unit, target, 'option') === FIT.ok;
    this.#draft.shift(unit, target);
    this.#draft.shift(other, target);
    const fitsBack = fit.refuses(other, host, 'option') === FIT.ok;
    this.#draft.shift(unit, host);
    return fits && fitsBack;
  }

  /** The best move of any unit on the costliest hosts. */
  #bestShift(): Shift | undefined {
    let best: Shift | undefined;
    for (const host of this.#sources())
      for (const unit of this.#draft.board.hosts.units[host] ?? []) {
        if (this.#moved.has(unit) || !this.#isFree(unit)) continue;
        const shift = this.#bestShiftOf(unit);
        if (
          shift !== undefined &&
          shift.gain > (best?.gain ?? 0) + GAIN_MIN &&
          shift.gain >= this.#leastGain(unit)
        )
          best = shift;
      }
    return best;
  }

  #bestShiftOf(unit: number): Shift | undefined {
    const { board, fit, effort } = this.#draft;
    const home = wholeAt(board.units.home, unit);
    const targets = this.#targets();
    const relief = reliefOf(board, unit);
    let best: Shift | undefined;
    effort.spend(targets.length);
    for (const target of targets) {
      if (target === home) continue;
      const gain = relief - burdenOf(board, unit, target) - this.#price(unit, target);
      if (best !== undefined && gain <= best.gain + GAIN_MIN) continue;
      if (!this.#isWithinBudgets(unit, target) || fit.refuses(unit, target, 'option') !== FIT.ok) continue;
      best = { unit, target, gain };
    }
    return best;
  }

  #gain(unit: number, target: number): number {
    const { board } = this.#draft;
    return reliefOf(board, unit) - burdenOf(board, unit, target) - this.#price(unit, target);
  }

  /** Change of the price if the unit ends there, not where it is now, as cost over the time that evenness is expected to last. */
  #price(unit: number, target: number): number {
    const { units } = this.#draft.board;
    const { migrationPriceCores, persistenceMaxMs } = this.#draft.board.policy;
    const start = wholeAt(this.#start, unit);
    const migrations = (target === start ? 0 : 1) - (units.home[unit] === start ? 0 : 1);
    return (migrations * migrationPriceCores * at(units.migrationSeconds, unit) * 1000) / persistenceMaxMs;
  }

  /** A new move must gain more than noise could. */
  #leastGain(unit: number): number {
    const { board } = this.#draft;
    if (this.#moved.has(unit)) return GAIN_MIN;
    const home = wholeAt(board.units.home, unit);
    const carried = board.resources.map((_, resource) => coreEquivalents(board, unit, resource, home));
    return Math.max(GAIN_MIN, board.policy.gainMin * Math.max(...carried));
  }

  #isWithinBudgets(unit: number, target: number, other?: number, otherTarget?: number): boolean {
    const change = (each: number, to: number): number =>
      (to === this.#start[each] ? 0 : 1) - (this.#moved.has(each) ? 1 : 0);
    const { migrationBytes, members } = this.#draft.board.units;
    let moves = this.#moves;
    let bytes = this.#bytes;
    const add = (each: number, to: number): void => {
      moves += change(each, to) * (members[each]?.length ?? 0);
      bytes += change(each, to) * at(migrationBytes, each);
    };
    add(unit, target);
    if (other !== undefined && otherTarget !== undefined) add(other, otherTarget);
    return moves <= this.#movesMax && bytes <= this.#bytesMax;
  }

  #isOver(): boolean {
    const { effort } = this.#draft;
    return effort.isOver || effort.steps >= this.#stepsMax;
  }

  #isFree(unit: number): boolean {
    return this.#moved.has(unit) || this.#draft.isMovable(unit);
  }

  /** The costliest hosts. */
  #sources(): number[] {
    const { board } = this.#draft;
    const cost = new Map(this.#hosts.map((host) => [host, hostCost(board, host)]));
    return [...this.#hosts]
      .sort((one, other) => (cost.get(other) ?? 0) - (cost.get(one) ?? 0) || one - other)
      .slice(0, SOURCES_MAX);
  }

  /** All hosts of a small cluster, the emptiest ones of a large cluster. */
  #targets(): readonly number[] {
    if (this.#hosts.length <= TARGETS_MAX) return this.#hosts;
    return [...this.#draft.open.order.subarray(0, TARGETS_MAX)];
  }

  #shift({ unit, target }: Shift): void {
    this.#draft.shift(unit, target);
    if (this.#moved.delete(unit)) this.#count(unit, -1);
    if (target === this.#start[unit]) return;
    this.#moved.add(unit);
    this.#count(unit, 1);
  }

  #count(unit: number, sign: 1 | -1): void {
    const { members, migrationBytes } = this.#draft.board.units;
    this.#moves += sign * (members[unit]?.length ?? 0);
    this.#bytes += sign * at(migrationBytes, unit);
  }
}
