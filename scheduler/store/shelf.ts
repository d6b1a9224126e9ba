// What schedulers share in a bucket under one prefix, as a map in memory: read at once, followed, written by key.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Codec } from '../../shared/proto/load.ts';
import { changeKey, removeKey, type Store } from './store.ts';

export interface ShelfOptions<T> {
  readonly store: Store;
  /** Keys are `prefix.key`. */
  readonly prefix: string;
  readonly codec: Codec<NoInfer<T>, T>;
  /** Most entries that are kept: what is written beyond that is refused. */
  readonly entriesMax: number;
  /** In error texts: "rule". */
  readonly what: string;
}

export class Shelf<T> {
  readonly #options: ShelfOptions<T>;
  readonly #entries = new Map<string, T>();
  /** Of our own writes that following has not brought yet. */
  readonly #ahead = new Map<string, number>();
  #followedRevision = 0;
  /** Called after each change, also one made through another scheduler. */
  onChange: () => void = () => undefined;

  private constructor(options: ShelfOptions<T>) {
    this.#options = options;
  }

  /** Reads all that is there and follows it until the signal aborts. */
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

  /** Keeps it for all schedulers and restarts. Throws RESOURCE_EXHAUSTED when full, UNAVAILABLE without NATS. */
  async put(key: string, value: T): Promise<void> {
    const { store, prefix, codec, entriesMax, what } = this.#options;
    if (!this.#entries.has(key) && this.#entries.size >= entriesMax)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `${what}: ${entriesMax} are kept and there are as many; remove some`,
      );
    const bytes = codec.encode(value);
    const revision = await changeKey(store, `${prefix}.${key}`, () => bytes);
    // Following may have brought it, and what came after it, before the answer.
    if (revision <= this.#followedRevision) return;
    this.#ahead.set(key, revision);
    this.#take(key, bytes);
  }

  /** Does nothing when it is gone already. */
  async remove(key: string): Promise<void> {
    const { store, prefix } = this.#options;
    const removed = this.#entries.get(key);
    await removeKey(store, `${prefix}.${key}`);
    // Another scheduler may have put it there again meanwhile.
    if (removed !== undefined && this.#entries.get(key) === removed) this.#take(key, undefined);
  }

  /** Takes what the store hands over, in order; what is older than our own last write of the key is no news. */
  #follow(key: string, bytes: Uint8Array | undefined, revision: number): void {
    // The watch began again, and brings the last value of each key: our own writes are in it.
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
