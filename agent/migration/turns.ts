// One at a time for each key: what is seen and then done to a VM is not mixed with what another does to it.

export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when all that was asked for the key before has ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const ended: Promise<void> = result
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#last.get(key) === ended) this.#last.delete(key);
      });
    this.#last.set(key, ended);
    return result;
  }
}
