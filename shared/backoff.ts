// Computes how long to wait before a retry: exponential backoff with full jitter, so that many clients that failed
// together do not retry together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

export interface BackoffOptions {
  /** The first wait is random below this limit, which doubles with each failure. */
  readonly firstMs: number;
  /** The limit does not grow beyond this. */
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

  /** Counts a failure and returns how long to wait before the next try. */
  nextMs(): number {
    const { maxMs, random } = this.#options;
    const limitMs = Math.min(this.#limitMs, maxMs);
    this.#limitMs = 2 * limitMs;
    return limitMs * random();
  }

  /** Call when the work itself has succeeded. A connection that came up is not enough: it may end at once, again and again. */
  reset(): void {
    this.#limitMs = this.#options.firstMs;
  }
}
