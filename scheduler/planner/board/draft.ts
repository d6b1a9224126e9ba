// Builds a plan: the board, the budgets left, and the moves so far with the loads and refusals of the time of their choice.
import { at, wholeAt } from './columns.ts';
import { moveUnit, type Board } from './board.ts';
import type { Effort } from './effort.ts';
import { Fit, holdOf } from './fit.ts';
import { hostCost } from './host-cost.ts';
import { HotHosts } from './hot.ts';
import type { Trigger } from '../contract/plan-types.ts';
import type { Refusal } from '../../../shared/gen/telemetry.ts';
import { Targets } from './targets.ts';
import { Wishes } from './wishes.ts';

/** One unit from its host to another one. */
export interface Step {
  readonly unit: number;
  readonly source: number;
  readonly target: number;
  readonly trigger: Trigger;
  /** The host, rule or VM that the move is made for. */
  readonly cause: string;
  readonly gain: number;
  readonly persistenceSeconds: number;
  /** Load ratios by resource: source before and after, target before and after. */
  readonly ratios: readonly (readonly [number, number, number, number])[];
  readonly refusals: readonly Refusal[];
}

export interface StepWords {
  readonly trigger: Trigger;
  readonly cause: string;
  readonly persistenceSeconds: number;
  readonly refusals: readonly Refusal[];
}

export class Draft {
  readonly board: Board;
  readonly effort: Effort;
  readonly fit: Fit;
  readonly hot: HotHosts;
  readonly wishes: Wishes;
  /** Hosts that take optional moves, and hosts that take duties. */
  readonly open: Targets;
  readonly openToDuty: Targets;
  readonly steps: Step[] = [];
  readonly #stepsAt = new Map<number, Step[]>();
  /** The host with room, now or after the moves, for each pending VM, by the VM's id. */
  readonly roomFor = new Map<string, number>();
  /** Grows with each step taken or undone. */
  changes = 0;
  #movesLeft: number;
  #optionalMovesLeft: number;
  #optionalBytesLeft: number;

  constructor(board: Board, effort: Effort) {
    const { budgets } = board.snapshot;
    this.board = board;
    this.effort = effort;
    this.fit = new Fit(board);
    this.hot = new HotHosts(board);
    this.wishes = new Wishes(board);
    this.open = new Targets(board, this.hot, 'option');
    this.openToDuty = new Targets(board, this.hot, 'duty');
    this.#movesLeft = board.policy.movesMax;
    this.#optionalMovesLeft = budgets.moves ?? Infinity;
    this.#optionalBytesLeft = budgets.bytes ?? Infinity;
  }

  /** Whether the budgets allow the units' moves. Duties are limited by the size of the plan only, not by the hour's budgets. */
  allows(units: readonly number[], trigger: Trigger): boolean {
    const { members, migrationBytes } = this.board.units;
    const moves = units.reduce((sum, unit) => sum + (members[unit]?.length ?? 0), 0);
    const bytes = units.reduce((sum, unit) => sum + at(migrationBytes, unit), 0);
    const isOptional = !isDuty(trigger);
    if (moves > this.#movesLeft || (isOptional && moves > this.#optionalMovesLeft)) {
      this.effort.runOut('move_budget');
      return false;
    }
    if (isOptional && bytes > this.#optionalBytesLeft) {
      this.effort.runOut('byte_budget');
      return false;
    }
    return true;
  }

  /** The evidence that the host was hot when planning began. */
  evidence(host: number): string[] {
    return this.hot.first(host).map(({ evidence }) => evidence);
  }

  /** True if nothing holds the unit against an optional move, and this plan has not moved it yet. */
  isMovable(unit: number): boolean {
    const { units } = this.board;
    if (units.home[unit] !== units.origin[unit] || this.wishes.isBound(unit)) return false;
    return holdOf(this.board, unit, 'option') === undefined;
  }

  /** Makes the move in the board and adds it to the plan. */
  take(unit: number, target: number, words: StepWords): void {
    const { board } = this;
    const source = wholeAt(board.units.home, unit);
    const before = [this.#ratios(source), this.#ratios(target)];
    const costBefore = hostCost(board, source) + hostCost(board, target);
    this.shift(unit, target);
    const after = [this.#ratios(source), this.#ratios(target)];
    this.#charge(unit, words.trigger, 1);
    this.changes += 1;
    const step: Step = {
      ...words,
      unit,
      source,
      target,
      gain: costBefore - hostCost(board, source) - hostCost(board, target),
      ratios: board.resources.map((_, resource) => [
        before[0]?.[resource] ?? 0,
        after[0]?.[resource] ?? 0,
        before[1]?.[resource] ?? 0,
        after[1]?.[resource] ?? 0,
      ]),
    };
    this.steps.push(step);
    for (const host of [source, target]) this.#stepsAt.set(host, [...this.stepsAt(host), step]);
  }

  /** Undoes a step: the unit goes back, and the budgets get back what it used. */
  undo(step: Step): void {
    const place = this.steps.indexOf(step);
    if (place < 0) throw new Error('undo a step: it is not in the plan');
    this.shift(step.unit, step.source);
    this.#charge(step.unit, step.trigger, -1);
    this.changes += 1;
    this.steps.splice(place, 1);
    for (const host of [step.source, step.target])
      this.#stepsAt.set(
        host,
        this.stepsAt(host).filter((other) => other !== step),
      );
  }

  /** The steps from the host and to it, in order. */
  stepsAt(host: number): readonly Step[] {
    return this.#stepsAt.get(host) ?? [];
  }

  /** Optional moves and bytes that the budgets still allow. */
  left(): { readonly moves: number; readonly bytes: number } {
    return { moves: Math.min(this.#movesLeft, this.#optionalMovesLeft), bytes: this.#optionalBytesLeft };
  }

  /** Moves the unit in the board only, to try it out. */
  shift(unit: number, target: number): void {
    const source = wholeAt(this.board.units.home, unit);
    moveUnit(this.board, unit, target);
    for (const targets of [this.open, this.openToDuty]) {
      targets.reorder(source);
      targets.reorder(target);
    }
  }

  #charge(unit: number, trigger: Trigger, sign: 1 | -1): void {
    const moves = sign * (this.board.units.members[unit]?.length ?? 0);
    this.#movesLeft -= moves;
    if (isDuty(trigger)) return;
    this.#optionalMovesLeft -= moves;
    this.#optionalBytesLeft -= sign * at(this.board.units.migrationBytes, unit);
  }

  #ratios(host: number): number[] {
    const { hosts, resources } = this.board;
    return resources.map((_, resource) => {
      const place = host * resources.length + resource;
      return at(hosts.now, place) * at(hosts.inverse, place);
    });
  }
}

function isDuty(trigger: Trigger): boolean {
  return trigger === 'evacuate' || trigger === 'must_rule';
}
