// The book of decisions in JetStream: the latest ones in a ring, so that it never grows; each also goes out as an event.
import type { Decision } from '../../shared/gen/telemetry.ts';
import type { Events } from './events.ts';
import type { Shelf } from '../store/shelf.ts';

// A thousand decisions of at most some 50 kB; a hot host writes one on each change and every few minutes.
export const DECISIONS_MAX = 1_000;

export class DecisionBook {
  readonly #shelf: Shelf<Decision>;
  readonly #events: Events;

  constructor(shelf: Shelf<Decision>, events: Events) {
    this.#shelf = shelf;
    this.#events = events;
  }

  /** Keeps the decision; throws UNAVAILABLE when it cannot: it must then not be acted upon. */
  async record(decision: Decision): Promise<void> {
    await this.#shelf.put(String(this.#nextSlot()), decision);
    this.#events.decision(decision);
  }

  /** Newest first. */
  list(): Decision[] {
    return this.#shelf.list().sort((a, b) => b.atMs - a.atMs);
  }

  /** After the newest one, whoever wrote it. */
  #nextSlot(): number {
    let newest = { slot: -1, atMs: -1 };
    for (const [key, { atMs }] of this.#shelf.entries()) {
      const slot = Number(key);
      // Decisions of one turn bear one time: the one that was written last is in the higher slot.
      if (atMs > newest.atMs || (atMs === newest.atMs && isAfter(slot, newest.slot))) newest = { slot, atMs };
    }
    return (newest.slot + 1) % DECISIONS_MAX;
  }
}

/** Whether the slot follows the other one in the ring, where 0 follows the last. */
function isAfter(slot: number, other: number): boolean {
  return (slot - other + DECISIONS_MAX) % DECISIONS_MAX < DECISIONS_MAX / 2;
}
