// Simulates the network between places (hosts, schedulers, the store): one-way cuts, delays, and TCP that keeps trying.
import type { History } from '../migrations/facts.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** How rough the network is; drawn once for a world. */
export interface Weather {
  /** Milliseconds that a message takes: most up to `delayMs`, some up to `slowMs`. */
  readonly delayMs: number;
  readonly slowMs: number;
  readonly slowRatio: number;
  /** Share of calls whose answer never comes although nothing is cut. */
  readonly lossRatio: number;
  /** Share of calls that arrive a second time, up to `lateMs` later. */
  readonly duplicateRatio: number;
  readonly lateMs: number;
}

export const CALM_WEATHER: Weather = {
  delayMs: 1,
  slowMs: 2,
  slowRatio: 0,
  lossRatio: 0,
  duplicateRatio: 0,
  lateMs: 0,
};

// gRPC's keepalive gives up a connection over a cut link after 20 s + 10 s.
const GIVE_UP_MS = 30_000;
// TCP retries ever more rarely; all that matters is that data arrives some time after the link is back.
const RETRY_MS = 400;

export class Network {
  weather: Weather = CALM_WEATHER;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #history: History;
  readonly #cuts = new Map<string, number>();

  constructor(timeline: Timeline, random: Random, history: History) {
    this.#timeline = timeline;
    this.#random = random;
    this.#history = history;
  }

  isUp(from: string, to: string): boolean {
    return from === to || !this.#cuts.has(`${from}>${to}`);
  }

  /** True if both directions are up, as needed by anything that waits for an answer. */
  isConnected(a: string, b: string): boolean {
    return this.isUp(a, b) && this.isUp(b, a);
  }

  cut(from: string, to: string): void {
    this.#cuts.set(`${from}>${to}`, this.#timeline.nowMs);
    this.#history.note('fault', `${from}>${to}`, 'cut');
  }

  heal(from: string, to: string): void {
    if (this.#cuts.delete(`${from}>${to}`)) this.#history.note('heal', `${from}>${to}`, 'joined');
  }

  healAll(): void {
    for (const link of [...this.#cuts.keys()]) {
      const [from = '', to = ''] = link.split('>');
      this.heal(from, to);
    }
  }

  delayMs(): number {
    const { delayMs, slowMs, slowRatio } = this.weather;
    return this.#random.chance(slowRatio)
      ? this.#random.between(delayMs, slowMs)
      : this.#random.between(0.2, delayMs);
  }

  isLost(): boolean {
    return this.#random.chance(this.weather.lossRatio);
  }

  /** How long after the first a second copy of a message arrives; undefined if none does. */
  duplicateAfterMs(): number | undefined {
    const { duplicateRatio, lateMs } = this.weather;
    return this.#random.chance(duplicateRatio) ? this.#random.between(0, lateMs) : undefined;
  }

  /** Carries one message: calls `arrive` once it is there, `broken` if the connection is given up. */
  send(from: string, to: string, arrive: () => void, broken: () => void, giveUpMs = GIVE_UP_MS): void {
    const startedAtMs = this.#timeline.nowMs;
    const attempt = (): void => {
      if (this.isUp(from, to)) arrive();
      else if (this.#timeline.nowMs - startedAtMs > giveUpMs) broken();
      else this.#timeline.after(RETRY_MS, attempt);
    };
    this.#timeline.after(this.delayMs(), attempt);
  }
}
