// A key-value bucket with compare-and-set: what the journal and the lease stand on. NATS is the real one (kv.ts), the
// simulator has another.

export interface StoredEntry {
  readonly key: string;
  /** Undefined when the key was deleted or its time is over. */
  readonly value: Uint8Array | undefined;
  /** Grows with each write to the bucket. */
  readonly revision: number;
}

export interface Store {
  /** The newest entry, from the server that writes; undefined when there never was one. */
  get(key: string): Promise<StoredEntry | undefined>;
  /** Keys that have a value. `pattern` is a NATS subject: "vm.*", "migration.>". */
  keys(pattern: string): Promise<string[]>;
  /**
   * Writes if the key's last revision still is `revision` (0: there is none); resolves with the new one. Throws
   * ABORTED when another writer was first, UNAVAILABLE when it is unknown whether it was written.
   */
  put(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** Removes the key if its last revision still is `revision`. Throws as `put`. */
  remove(key: string, revision: number): Promise<void>;
  /** First what matches, then each change, in order, until the signal aborts. Resolves once all that was stored was taken. */
  follow(
    pattern: string,
    take: (entry: StoredEntry) => void,
    options: { readonly signal: AbortSignal; readonly onEnd: (error: unknown) => void },
  ): Promise<void>;
}
