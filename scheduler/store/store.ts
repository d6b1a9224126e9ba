// Defines the key-value bucket with compare-and-set that the journal and the lease rely on. kv.ts implements it on NATS,
// the simulator in memory.
import { EvenkeelError } from '../../shared/errors.ts';

// A key has few writers: the leader, and a scheduler that has just been deposed.
const CAS_TRIES = 8;

export interface StoredEntry {
  readonly key: string;
  /** Undefined when the key was deleted or has expired. */
  readonly value: Uint8Array | undefined;
  /** Grows with each write to the bucket. */
  readonly revision: number;
}

export interface Store {
  /** The newest entry, from the server that writes; undefined when there never was one. */
  get(key: string): Promise<StoredEntry | undefined>;
  /**
   * Writes if the key's last revision still is `revision` (0: there is none); resolves with the new one. Throws
   * ABORTED when another writer was first, UNAVAILABLE when it is unknown whether it was written.
   */
  put(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** Removes the key if its last revision still is `revision`. Throws as `put`. */
  remove(key: string, revision: number): Promise<void>;
  /**
   * Delivers what matches `pattern`, a NATS subject ("vm.*", "migration.>"), then each change, in order, until the signal
   * aborts. Resolves once everything stored has been taken; rejects when it cannot be read. After an interruption each
   * current entry is delivered again. An entry for which `take` throws is skipped.
   */
  follow(pattern: string, take: (entry: StoredEntry) => void, signal: AbortSignal): Promise<void>;
}

/** Changes one key by compare-and-set; decides again from the new value each time another writer was first. */
export async function changeKey(
  store: Store,
  key: string,
  decide: (bytes: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): Promise<number> {
  for (let tried = 1; ; tried += 1) {
    const held = await store.get(key);
    const next = await decide(held?.value);
    const revision = held?.revision ?? 0;
    if (next === undefined) return revision;
    try {
      return await store.put(key, next, revision);
    } catch (error) {
      if (!isBeaten(error) || tried >= CAS_TRIES) throw error;
    }
  }
}

/** Removes the key whatever it holds by then; does nothing when it is already gone. */
export async function removeKey(store: Store, key: string): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    const held = await store.get(key);
    if (held?.value === undefined) return;
    try {
      await store.remove(key, held.revision);
      return;
    } catch (error) {
      if (!isBeaten(error) || tried >= CAS_TRIES) throw error;
    }
  }
}

export function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** True if another writer was first. */
export function isBeaten(error: unknown): boolean {
  return error instanceof EvenkeelError && error.code === 'ABORTED';
}
