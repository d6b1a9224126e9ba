// Opens JetStream's key-value buckets as stores, and follows their changes in order while the scheduler runs.
import type { KV, KvEntry, NatsConnection } from 'nats';
import { Backoff } from '../../shared/backoff.ts';
import { isAborted, pause, type Clock } from '../../shared/clock.ts';
import * as v from 'valibot';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Following } from './following.ts';
import type { Store, StoredEntry } from './store.ts';

// The NATS client's own default.
const TIMEOUT_MS = 5 * SECOND_MS;
// For a deleted bucket or a cluster without quorum: retry soon, but without hammering.
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 10 * SECOND_MS;

export interface KvParts {
  readonly nats: NatsConnection;
  /** Is told of entries that cannot be read, and of changes that no longer arrive. */
  readonly following: Following;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
}

/**
 * Opens the bucket as a Store, and creates it if it does not exist. Entries are forgotten `keepMs` after their last
 * write. Each call waits at most `timeoutMs` for its answer.
 */
export async function openStore(
  parts: KvParts,
  bucket: string,
  keepMs: number | undefined,
  timeoutMs = TIMEOUT_MS,
): Promise<Store> {
  const kv = await parts.nats.jetstream({ timeout: timeoutMs }).views.kv(bucket, {
    history: 1,
    // Read from the server that writes: a replica may not have the last claim yet.
    allow_direct: false,
    ...(keepMs === undefined ? {} : { ttl: keepMs }),
  });
  return storeOf(kv, bucket, parts);
}

function storeOf(kv: KV, bucket: string, parts: KvParts): Store {
  return {
    get: async (key) => {
      const entry = await telling(`read ${key}`, () => kv.get(key));
      return entry === null ? undefined : storedEntry(entry);
    },
    put: (key, value, revision) =>
      telling(`write ${key}`, () => kv.put(key, value, { previousSeq: revision })),
    remove: (key, revision) => telling(`remove ${key}`, () => kv.delete(key, { previousSeq: revision })),
    follow: (pattern, take, signal) =>
      follow({ ...parts, kv, what: `${bucket} ${pattern}`, pattern, take, signal }),
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
      `${what}: ${messageOf(error)}; nothing is moved without its record; check NATS`,
      error,
    );
  }
}

// JetStream's error for an update whose expected last sequence is wrong (nats-server errors.json).
const WRONG_LAST_SEQUENCE = 10071;

function isWrongRevision(error: unknown): boolean {
  return v.is(v.object({ api_error: v.object({ err_code: v.literal(WRONG_LAST_SEQUENCE) }) }), error);
}

interface Follower extends Omit<KvParts, 'nats'> {
  readonly kv: KV;
  /** The follower's name in logs. */
  readonly what: string;
  readonly pattern: string;
  readonly take: (entry: StoredEntry) => void;
  readonly signal: AbortSignal;
}

/** Takes what is stored, then each change. A watch that ends is started again until the signal aborts. */
async function follow(follower: Follower): Promise<void> {
  const { what } = follower;
  const watch = await telling(`follow ${what}`, () => startWatch(follower));
  await telling(`follow ${what}`, () => watch.caughtUp);
  void keepFollowing(follower, watch);
}

async function keepFollowing(follower: Follower, first: Watch): Promise<void> {
  const { what, clock, random, following, signal } = follower;
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  let watch: Watch | undefined = first;
  for (;;) {
    let cause: unknown = new Error('the watch ended');
    try {
      watch ??= await startWatch(follower);
      await watch.caughtUp;
      following.found(what);
      backoff.reset();
      await watch.ended;
    } catch (error) {
      cause = error;
    }
    if (isAborted(signal)) return;
    following.lost(what, cause);
    watch = undefined;
    if (!(await pause(clock, backoff.nextMs(), signal))) return;
  }
}

interface Watch {
  /** Resolves when everything stored at the start has been taken; rejects when the watch ends before that. */
  readonly caughtUp: Promise<void>;
  /** Resolves when the watch ends, by the signal or by itself; rejects when it breaks. */
  readonly ended: Promise<void>;
}

/** Starts one watch of the bucket; an entry that `take` rejects is skipped. */
async function startWatch({ kv, what, pattern, take, following, signal }: Follower): Promise<Watch> {
  let isInitialized = false;
  let taken = 0;
  let markCaughtUp: () => void = () => undefined;
  let markMissed: (error: unknown) => void = () => undefined;
  const caughtUp = new Promise<void>((resolve, reject) => {
    markCaughtUp = resolve;
    markMissed = reject;
  });
  let received = (): number => Infinity;
  // The client may report that all has arrived before, or while, the loop below takes it.
  const look = (): void => {
    if (isInitialized && taken >= received()) markCaughtUp();
  };
  const watch = await kv.watch({
    key: pattern,
    initializedFn: () => {
      isInitialized = true;
      look();
    },
  });
  received = () => watch.getReceived();
  const stop = (): void => {
    watch.stop();
  };
  const drain = async (): Promise<void> => {
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      look();
      for await (const entry of watch) {
        try {
          take(storedEntry(entry));
        } catch (error) {
          following.skipped(what, entry.key, error);
        }
        taken += 1;
        look();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      markMissed(new Error('the watch ended before all was read'));
    }
  };
  const ended = drain();
  // A caller may await only one of the two; the other must not become an unhandled rejection.
  caughtUp.catch(() => undefined);
  ended.catch(() => undefined);
  return { caughtUp, ended };
}
