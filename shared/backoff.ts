// Says how long to wait before the next try of what failed: exponential with full jitter, so that many who failed together
// do not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

export interface BackoffOptions {
  /** The first wait is random below this; the limit doubles with each failure. */
  readonly firstMs: number;
  /** The limit grows no further. */
  readonly maxMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #limitMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#limitMs = options.firstMs;
  }

  /** Counts one more failure; wait so long on the clock before the next try. */
  nextMs(): number {
    const { maxMs, random } = this.#options;
    const limitMs = Math.min(this.#limitMs, maxMs);
    this.#limitMs = 2 * limitMs;
    return limitMs * random();
  }

  /** The work itself has succeeded. That a connection came up is not enough: it may end at once, again and again. */
  reset(): void {
    this.#limitMs = this.#options.firstMs;
  }
}
