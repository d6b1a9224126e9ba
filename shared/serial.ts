// Runs one task at a time, in the order of the calls; a task that fails does not block the next.

export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once all earlier work has ended; settles as `work` does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all earlier work has ended, successfully or not. */
  async ended(): Promise<void> {
    await this.#last;
  }
}

/** As Serial, separately for each key; keeps no state for idle keys. */
export class SerialByKey {
  readonly #lines = new Map<string, { readonly serial: Serial; waiting: number }>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key) ?? { serial: new Serial(), waiting: 0 };
    this.#lines.set(key, line);
    line.waiting += 1;
    return line.serial.run(async () => {
      try {
        return await work();
      } finally {
        line.waiting -= 1;
        if (line.waiting === 0) this.#lines.delete(key);
      }
    });
  }

  /** Number of keys for which work runs or waits. */
  get size(): number {
    return this.#lines.size;
  }
}
