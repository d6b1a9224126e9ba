// Key-value buckets of JetStream: the Store that journal and lease stand on, and following a bucket in order.
import { setImmediate as turn } from 'node:timers/promises';
import type { KV, KvEntry, NatsConnection } from 'nats';
import * as v from 'valibot';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Store, StoredEntry } from './store.ts';

// As long as the client of NATS itself waits.
const TIMEOUT_MS = 5 * SECOND_MS;

/**
 * Opens the bucket as a Store, making it when it is not there. Entries are forgotten `keepMs` after their last write.
 * Each call waits at most `timeoutMs` for its answer.
 */
export async function openStore(
  nats: NatsConnection,
  bucket: string,
  keepMs: number | undefined,
  timeoutMs = TIMEOUT_MS,
): Promise<Store> {
  const kv = await nats.jetstream({ timeout: timeoutMs }).views.kv(bucket, {
    history: 1,
    // Read from the server that writes: a replica may not have heard of the last claim.
    allow_direct: false,
    ...(keepMs === undefined ? {} : { ttl: keepMs }),
  });
  return storeOf(kv);
}

function storeOf(kv: KV): Store {
  return {
    get: async (key) => {
      const entry = await telling(`read ${key}`, () => kv.get(key));
      return entry === null ? undefined : storedEntry(entry);
    },
    put: (key, value, revision) =>
      telling(`write ${key}`, () => kv.put(key, value, { previousSeq: revision })),
    remove: (key, revision) => telling(`remove ${key}`, () => kv.delete(key, { previousSeq: revision })),
    follow: (pattern, take, options) =>
      followKv(
        kv,
        pattern,
        (entry) => {
          take(storedEntry(entry));
        },
        options,
      ),
  };
}

function storedEntry({ key, operation, value, revision }: KvEntry): StoredEntry {
  return { key, value: operation === 'PUT' ? value : undefined, revision };
}

async function telling<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWrongRevision(error))
      throw new EvenkeelError(
        'ABORTED',
        `${what}: another writer was first; see "evenkeel migrations"`,
        error,
      );
    throw new EvenkeelError(
      'UNAVAILABLE',
      `${what}: ${messageOf(error)}; nothing is moved without its record, check NATS`,
      error,
    );
  }
}

// JetStream's error for an update whose expected last sequence is not the last (nats-server errors.json).
const WRONG_LAST_SEQUENCE = 10071;

function isWrongRevision(error: unknown): boolean {
  return v.is(v.object({ api_error: v.object({ err_code: v.literal(WRONG_LAST_SEQUENCE) }) }), error);
}

/**
 * Calls `take` for each entry of `key` ("*" or "prefix.>") and for each later change until the signal aborts.
 * Resolves once all that was stored at the start has been taken. `onEnd` hears when following ends by a failure.
 */
export async function followKv(
  kv: KV,
  key: string,
  take: (entry: KvEntry) => void,
  { signal, onEnd }: { signal: AbortSignal; onEnd: (error: unknown) => void },
): Promise<void> {
  let markInitialized: () => void = () => undefined;
  const initialized = new Promise<void>((resolve) => {
    markInitialized = resolve;
  });
  const watch = await kv.watch({ key, initializedFn: markInitialized });
  const stop = (): void => {
    watch.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let taken = 0;
  const follow = async (): Promise<void> => {
    for await (const entry of watch) {
      take(entry);
      taken += 1;
    }
  };
  follow()
    .catch(onEnd)
    .finally(() => {
      signal.removeEventListener('abort', stop);
    });
  await initialized;
  // The client may tell that all has arrived before the loop above has seen it.
  const stored = watch.getReceived();
  while (taken < stored && !signal.aborted) await turn();
}
