// Limits the search: by steps, so that a replay stops at the same place, and by a deadline from outside.
import type { PlanLimits, Stopped } from '../contract/plan-types.ts';

// Asking for the time costs more than looking at a candidate; this many candidates take well under a millisecond.
const STEPS_BETWEEN_LOOKS = 4_096;

export class Effort {
  readonly #limits: PlanLimits;
  #steps = 0;
  #looksAt = STEPS_BETWEEN_LOOKS;
  #stopped: Stopped = 'complete';

  constructor(limits: PlanLimits) {
    this.#limits = limits;
  }

  get steps(): number {
    return this.#steps;
  }

  get stopped(): Stopped {
    return this.#stopped;
  }

  get isOver(): boolean {
    return this.#stopped === 'steps' || this.#stopped === 'deadline';
  }

  /** Counts steps that were taken; returns false once the search must stop. */
  spend(steps: number): boolean {
    this.#steps += steps;
    if (this.isOver) return false;
    if (this.#limits.steps !== undefined && this.#steps >= this.#limits.steps) this.#stopped = 'steps';
    else if (this.#steps >= this.#looksAt) {
      this.#looksAt = this.#steps + STEPS_BETWEEN_LOOKS;
      if (this.#limits.isOver?.() === true) this.#stopped = 'deadline';
    }
    return !this.isOver;
  }

  /** Notes that a budget prevented a move; the first reason is the one reported. */
  runOut(budget: 'move_budget' | 'byte_budget'): void {
    if (this.#stopped === 'complete') this.#stopped = budget;
  }
}
