// Keeps the latest decisions in JetStream, in a ring of fixed size, and publishes each as an event.
import type { Decision } from '../../shared/gen/telemetry.ts';
import type { Events } from './events.ts';
import type { Shelf } from '../store/shelf.ts';

// A decision has at most some 50 kB; a hot host causes one at each change and every few minutes.
export const DECISIONS_MAX = 1_000;

export class DecisionBook {
  readonly #shelf: Shelf<Decision>;
  readonly #events: Events;

  constructor(shelf: Shelf<Decision>, events: Events) {
    this.#shelf = shelf;
    this.#events = events;
  }

  /** Stores the decision; throws UNAVAILABLE when it cannot, and the decision must then not be acted on. */
  async record(decision: Decision): Promise<void> {
    await this.#shelf.put(String(this.#nextSlot()), decision);
    this.#events.decision(decision);
  }

  /** Newest first. */
  list(): Decision[] {
    return this.#shelf.list().sort((a, b) => b.atMs - a.atMs);
  }

  /** The slot after the newest decision, whichever scheduler wrote it. */
  #nextSlot(): number {
    let newest = { slot: -1, atMs: -1 };
    for (const [key, { atMs }] of this.#shelf.entries()) {
      const slot = Number(key);
      // Decisions of one turn have the same time: the one written last is in the later slot.
      if (atMs > newest.atMs || (atMs === newest.atMs && isAfter(slot, newest.slot))) newest = { slot, atMs };
    }
    return (newest.slot + 1) % DECISIONS_MAX;
  }
}

/** True if the slot comes after the other one in the ring, in which 0 follows the last slot. */
function isAfter(slot: number, other: number): boolean {
  return (slot - other + DECISIONS_MAX) % DECISIONS_MAX < DECISIONS_MAX / 2;
}
