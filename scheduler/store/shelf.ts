// What schedulers share in a bucket under one prefix, as a map in memory: read at once, followed, written by key.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
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
  readonly logger: Logger;
}

export class Shelf<T> {
  readonly #options: ShelfOptions<T>;
  readonly #entries = new Map<string, T>();
  readonly #revisions = new Map<string, number>();
  /** Called after each change, also one made through another scheduler. */
  onChange: () => void = () => undefined;

  private constructor(options: ShelfOptions<T>) {
    this.#options = options;
  }

  /** Reads all that is there and follows it until the signal aborts. */
  static async open<T>(options: ShelfOptions<T>, signal: AbortSignal): Promise<Shelf<T>> {
    const shelf = new Shelf(options);
    const { store, prefix, logger, what } = options;
    const onEnd = (error: unknown): void => {
      logger.error({ err: error, what }, 'no longer follows what other schedulers write');
    };
    await store.follow(
      `${prefix}.>`,
      ({ key, value, revision }) => {
        shelf.#take(key.slice(prefix.length + 1), value, revision);
      },
      { signal, onEnd },
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
    this.#take(key, bytes, revision);
  }

  /** Does nothing when it is gone already. */
  async remove(key: string): Promise<void> {
    const { store, prefix } = this.#options;
    await removeKey(store, `${prefix}.${key}`);
    if (this.#entries.delete(key)) this.onChange();
  }

  /** A change may be told before or after our own write of it has returned: the later revision is the truth. */
  #take(key: string, bytes: Uint8Array | undefined, revision: number): void {
    if (revision <= (this.#revisions.get(key) ?? 0)) return;
    this.#revisions.set(key, revision);
    if (bytes === undefined) this.#entries.delete(key);
    else this.#entries.set(key, this.#options.codec.decode(bytes));
    this.onChange();
  }
}
