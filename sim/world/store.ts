// Simulates JetStream's key-value bucket as remote clients see it: one state, written by compare-and-set, behind a network.
import { DeadlineError, EvenkeelError, messageOf } from '../../shared/errors.ts';
import { migrationCodec } from '../../shared/proto/load.ts';
import { isWritten } from '../../scheduler/migrations/journal.ts';
import type { Store, StoredEntry } from '../../scheduler/store/store.ts';
import type { History } from '../migrations/facts.ts';
import type { Network } from './network.ts';
import type { Life } from './node.ts';
import type { Timeline } from './timeline.ts';

export const STORE_PLACE = 'nats';
// How long the NATS client waits for an acknowledgement.
const TIMEOUT_MS = 5_000;

/** Who asks, from where, and how long it waits. */
interface Caller {
  readonly life: Life;
  readonly place: string;
  readonly timeoutMs: number;
}

interface Follower {
  readonly life: Life;
  readonly place: string;
  readonly matches: (key: string) => boolean;
  readonly take: (entry: StoredEntry) => void;
  readonly queue: StoredEntry[];
  isSending: boolean;
}

export class StoreServer {
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #history: History;
  readonly #entries = new Map<string, StoredEntry>();
  readonly #followers = new Set<Follower>();
  #revision = 0;
  /** No quorum, or a full disk: nothing can be read or written. */
  isDown = false;

  constructor(timeline: Timeline, network: Network, history: History) {
    this.#timeline = timeline;
    this.#network = network;
    this.#history = history;
  }

  get entries(): ReadonlyMap<string, StoredEntry> {
    return this.#entries;
  }

  /** The bucket, for one process at `place`. */
  client(life: Life, place: string, timeoutMs = TIMEOUT_MS): Store {
    const ask = <T>(verb: string, work: () => T): Promise<T> =>
      this.#ask({ life, place, timeoutMs }, verb, work);
    return {
      get: (key) => ask('read', () => this.#entries.get(key)),
      put: (key, value, revision) => ask(`write ${key}`, () => this.#write(life.name, key, value, revision)),
      remove: async (key, revision) => {
        await ask(`remove ${key}`, () => this.#write(life.name, key, undefined, revision));
      },
      follow: (pattern, take, signal) => this.#follow(life, place, pattern, take, signal),
    };
  }

  async #ask<T>({ life, place, timeoutMs }: Caller, verb: string, work: () => T): Promise<T> {
    try {
      return await life.outside(`${verb} in the store`, { timeoutMs }, (done, failed) => {
        this.#carry(place, STORE_PLACE, () => {
          if (this.isDown) return;
          let answer: () => void;
          try {
            const value = work();
            answer = () => {
              done(value);
            };
          } catch (error) {
            answer = () => {
              failed(error instanceof Error ? error : new Error(String(error)));
            };
          }
          this.#carry(STORE_PLACE, place, answer);
        });
      });
    } catch (error) {
      if (error instanceof DeadlineError)
        throw new EvenkeelError('UNAVAILABLE', `${verb}: ${messageOf(error)}; check NATS`, error);
      throw error;
    }
  }

  /** The message is lost or arrives after a while; behind a cut longer than the deadline it counts as lost. */
  #carry(from: string, to: string, arrive: () => void): void {
    if (!this.#network.isLost()) this.#network.send(from, to, arrive, () => undefined);
  }

  #write(by: string, key: string, value: Uint8Array | undefined, revision: number): number {
    const last = this.#entries.get(key)?.revision ?? 0;
    if (last !== revision)
      throw new EvenkeelError('ABORTED', `write ${key}: revision is ${last}, not ${revision}`);
    this.#revision += 1;
    const entry = { key, value: value?.slice(), revision: this.#revision };
    this.#entries.set(key, entry);
    if (key.startsWith('migration.') && isWritten(entry))
      this.#history.add({ kind: 'record', by, migration: migrationCodec.decode(entry.value) });
    else this.#history.note('store', by, `${key} r${this.#revision} ${textOf(value)}`);
    for (const follower of this.#followers) if (follower.matches(key)) this.#tell(follower, entry);
    return this.#revision;
  }

  async #follow(
    life: Life,
    place: string,
    pattern: string,
    take: (entry: StoredEntry) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const follower: Follower = {
      life,
      place,
      matches: matcher(pattern),
      take,
      queue: [],
      isSending: false,
    };
    const stored = await this.#ask({ life, place, timeoutMs: TIMEOUT_MS }, 'follow', () => {
      this.#followers.add(follower);
      return [...this.#entries.values()].filter(({ key }) => follower.matches(key));
    });
    for (const entry of stored) take(entry);
    signal.addEventListener('abort', () => this.#followers.delete(follower), { once: true });
  }

  /** Delivers changes in order, each some time after it was made. */
  #tell(follower: Follower, entry: StoredEntry): void {
    follower.queue.push(entry);
    if (follower.isSending) return;
    follower.isSending = true;
    this.#network.send(
      STORE_PLACE,
      follower.place,
      () => {
        follower.isSending = false;
        if (!follower.life.isAlive) this.#followers.delete(follower);
        else for (const next of follower.queue.splice(0)) follower.take(next);
      },
      () => {
        // The NATS client reconnects by itself and continues where it was.
        follower.isSending = false;
        const [next] = follower.queue.splice(0, 1);
        if (next !== undefined && follower.life.isAlive) this.#tell(follower, next);
      },
    );
  }
}

/** Matches as NATS subjects do: "*" stands for one word, ">" for the rest. */
function matcher(pattern: string): (key: string) => boolean {
  const words = pattern.split('.');
  return (key) => {
    const parts = key.split('.');
    for (const [at, word] of words.entries()) {
      if (word === '>') return parts.length > at;
      if (parts[at] === undefined || (word !== '*' && word !== parts[at])) return false;
    }
    return parts.length === words.length;
  };
}

function textOf(value: Uint8Array | undefined): string {
  return value === undefined ? 'removed' : Buffer.from(value).toString('utf8').slice(0, 200);
}
