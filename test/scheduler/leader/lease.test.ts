// Tests the lease over a store that answers late or not at all, on a manual clock.
import t from 'tap';
import { EvenkeelError } from '../../../shared/errors.ts';
import { createLogger } from '../../../shared/log.ts';
import { Lease, LEASE_TIMEOUT_MS } from '../../../scheduler/leader/lease.ts';
import type { Store } from '../../../scheduler/store/store.ts';
import { ManualClock } from '../../manual-clock.ts';
import { memoryStore } from '../memory-world.ts';

const logger = createLogger('test', 'fatal');

/** The fate of a write: answered, or left without an answer until its deadline, whether it was stored or lost. */
type Fate = 'answered' | 'lost' | 'stored';

class Leading {
  readonly clock = new ManualClock();
  readonly #store = memoryStore();
  readonly #stop = new AbortController();
  /** Fates of the next writes, in order; the last one is repeated. */
  fates: Fate[] = ['answered'];
  terms = 0;
  isLeading = false;

  readonly #lease = new Lease({
    ...{ store: this.#storeOf(), clock: this.clock, random: () => 0.5, logger },
    ...{ self: { name: 's1', address: 's1:7444' }, holderId: 's1-process' },
  });

  readonly ended = this.#lease.run(async (term) => {
    this.terms += 1;
    this.isLeading = true;
    await this.clock.sleep(Number.MAX_SAFE_INTEGER, term).catch(() => undefined);
    this.isLeading = false;
  }, this.#stop.signal);

  #storeOf(): Store {
    return {
      ...this.#store,
      put: async (key, value, revision) => {
        const [fate] = this.fates;
        // A refused write does not use up a fate; the next write gets it.
        const written = fate === 'lost' ? 0 : await this.#store.put(key, value, revision);
        if (this.fates.length > 1) this.fates.shift();
        if (fate === 'answered') return written;
        await this.clock.sleep(LEASE_TIMEOUT_MS);
        throw new EvenkeelError('UNAVAILABLE', 'no answer');
      },
    };
  }

  /** Another scheduler writes the key. */
  async takeAway(): Promise<void> {
    const entry = await this.#store.get('leader');
    const other = { holderId: 's2-process', leader: { name: 's2', address: 's2:7444' } };
    await this.#store.put('leader', new TextEncoder().encode(JSON.stringify(other)), entry?.revision ?? 0);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.clock.pass(10 * LEASE_TIMEOUT_MS);
    await this.ended;
  }
}

for (const fate of ['lost', 'stored'] as const)
  void t.test(`one renewal without an answer, ${fate}, does not end the term`, async (t) => {
    const leading = new Leading();
    await leading.clock.settle();
    t.ok(leading.isLeading);
    // The first renewal is answered, the second is not, the third is, and so on for a minute.
    leading.fates = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? 'answered' : fate));
    leading.fates.push('answered');
    await leading.clock.pass(60_000);
    t.ok(leading.isLeading);
    t.equal(leading.terms, 1, 'it has led throughout');
    await leading.stop();
  });

void t.test('a holder whose store no longer answers stops before its lease ends', async (t) => {
  const leading = new Leading();
  await leading.clock.settle();
  leading.fates = ['lost'];
  await leading.clock.pass(7_999);
  t.ok(leading.isLeading, 'a second before its end the lease is still held');
  await leading.clock.pass(1);
  t.notOk(leading.isLeading);
  leading.fates = ['answered'];
  await leading.clock.pass(15_000);
  t.ok(leading.isLeading, 'and leads again once the store answers');
  t.equal(leading.terms, 2);
  await leading.stop();
});

void t.test('a holder stops when it sees that another scheduler has the lease', async (t) => {
  const leading = new Leading();
  await leading.clock.settle();
  await leading.takeAway();
  await leading.clock.pass(3_000);
  t.notOk(leading.isLeading);
  await leading.stop();
});
