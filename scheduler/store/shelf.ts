// Holds what schedulers share in a bucket under one prefix as a map in memory: read at the start, followed, written by key.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Codec } from '../../shared/proto/load.ts';
import { changeKey, removeKey, type Store } from './store.ts';

export interface ShelfOptions<T> {
  readonly store: Store;
  /** Keys are `prefix.key`. */
  readonly prefix: string;
  readonly codec: Codec<NoInfer<T>, T>;
  /** The most entries that are kept; further ones are refused. */
  readonly entriesMax: number;
  /** The entry's name in error texts, such as "rule". */
  readonly what: string;
}

export class Shelf<T> {
  readonly #options: ShelfOptions<T>;
  readonly #entries = new Map<string, T>();
  /** Revisions of our own writes that following has not delivered yet. */
  readonly #ahead = new Map<string, number>();
  #followedRevision = 0;
  /** Called after each change, including those of other schedulers. */
  onChange: () => void = () => undefined;

  private constructor(options: ShelfOptions<T>) {
    this.#options = options;
  }

  /** Reads all entries and follows their changes until the signal aborts. */
  static async open<T>(options: ShelfOptions<T>, signal: AbortSignal): Promise<Shelf<T>> {
    const shelf = new Shelf(options);
    const { store, prefix } = options;
    await store.follow(
      `${prefix}.>`,
      ({ key, value, revision }) => {
        shelf.#follow(key.slice(prefix.length + 1), value, revision);
      },
      signal,
    );
    return shelf;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /** In order of key. */
  entries(): [key: string, value: T][] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  list(): T[] {
    return this.entries().map(([, value]) => value);
  }

  /** Stores it for all schedulers, across restarts. Throws RESOURCE_EXHAUSTED when full, UNAVAILABLE without NATS. */
  async put(key: string, value: T): Promise<void> {
    const { store, prefix, codec, entriesMax, what } = this.#options;
    if (!this.#entries.has(key) && this.#entries.size >= entriesMax)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `${what}: the limit of ${entriesMax} is reached; remove some`,
      );
    const bytes = codec.encode(value);
    const revision = await changeKey(store, `${prefix}.${key}`, () => bytes);
    // Following may have delivered it, and later changes, before the answer came.
    if (revision <= this.#followedRevision) return;
    this.#ahead.set(key, revision);
    this.#take(key, bytes);
  }

  /** Does nothing when it is already gone. */
  async remove(key: string): Promise<void> {
    const { store, prefix } = this.#options;
    const removed = this.#entries.get(key);
    await removeKey(store, `${prefix}.${key}`);
    // Another scheduler may have put it there again meanwhile.
    if (removed !== undefined && this.#entries.get(key) === removed) this.#take(key, undefined);
  }

  /** Takes the store's changes in order, but none older than our own last write of the key. */
  #follow(key: string, bytes: Uint8Array | undefined, revision: number): void {
    // The watch has restarted and delivers the last value of each key, which includes our own writes.
    if (revision < this.#followedRevision) this.#ahead.clear();
    this.#followedRevision = revision;
    const ahead = this.#ahead.get(key) ?? 0;
    if (revision >= ahead) this.#ahead.delete(key);
    if (revision > ahead) this.#take(key, bytes);
  }

  #take(key: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#entries.delete(key);
    else this.#entries.set(key, this.#options.codec.decode(bytes));
    this.onChange();
  }
}
