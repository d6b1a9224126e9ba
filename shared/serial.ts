// Runs one piece of work at a time, in the order it was asked for; one that fails does not hold up what follows.

export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all that was asked for before has ended; settles as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was asked for before has ended, by whatever end. */
  async ended(): Promise<void> {
    await this.#last;
  }
}

/** As Serial, for each key by itself; keeps nothing of keys at rest. */
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

  /** Keys for which something runs or waits. */
  get size(): number {
    return this.#lines.size;
  }
}
