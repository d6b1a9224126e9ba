// Tells those who wait that something has changed; they read what it is themselves.

export class Notice {
  readonly #waiters = new Set<() => void>();
  #version = 0;

  /** Grows with each change, so that a slow reader knows whether it has seen the newest. */
  get version(): number {
    return this.#version;
  }

  tell(): void {
    this.#version += 1;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves at the next change, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
