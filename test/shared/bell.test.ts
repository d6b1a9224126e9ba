// Tests the bell: a waiter is woken once for everything that happened, in time, and nothing is left behind.
import { getEventListeners } from 'node:events';
import t from 'tap';
import { Bell } from '../../shared/bell.ts';
import { ManualClock } from '../manual-clock.ts';

const never = new AbortController().signal;

void t.test('wakes all waiters, and none that come later', async (t) => {
  const clock = new ManualClock();
  const bell = new Bell(clock);
  const woken: string[] = [];
  const wait = async (name: string, timeoutMs?: number): Promise<void> => {
    await bell.next(bell.count, never, timeoutMs);
    woken.push(name);
  };
  void wait('a');
  void wait('b', 1_000);
  await clock.settle();
  t.same(woken, [], 'not before it rings');
  bell.ring();
  await clock.settle();
  t.same(woken, ['a', 'b']);
  void wait('late');
  await clock.settle();
  t.same(woken, ['a', 'b']);
});

void t.test('a ring between two waits is not missed, and many count as one', async (t) => {
  const clock = new ManualClock();
  const bell = new Bell(clock);
  const seen = bell.count;
  bell.ring();
  bell.ring();
  await bell.next(seen, never);
  let isWoken = false;
  void bell.next(bell.count, never).then(() => {
    isWoken = true;
  });
  await clock.settle();
  t.equal(isWoken, false, 'both rings count as one');
});

void t.test('ends at its time', async (t) => {
  const clock = new ManualClock();
  const bell = new Bell(clock);
  let endedAtMs: number | undefined;
  void bell.next(bell.count, never, 1_000).then(() => {
    endedAtMs = clock.monotonicMs();
  });
  await clock.pass(5_000);
  t.equal(endedAtMs, 1_000);
});

void t.test('an abort ends the wait with its reason, whatever rang before', async (t) => {
  const bell = new Bell(new ManualClock());
  const stopping = new AbortController();
  const waits = [bell.next(0, stopping.signal), bell.next(0, stopping.signal, 1_000)];
  stopping.abort(new Error('stops'));
  for (const wait of waits) await t.rejects(wait, { message: 'stops' });
  bell.ring();
  await t.rejects(bell.next(0, stopping.signal), { message: 'stops' });
});

void t.test('leaves no listener on a signal that lives long', async (t) => {
  const clock = new ManualClock();
  const bell = new Bell(clock);
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round += 1) {
    const waits = [bell.next(bell.count, signal), bell.next(bell.count, signal, 1_000)];
    bell.ring();
    await Promise.all(waits);
  }
  t.equal(getEventListeners(signal, 'abort').length, 0);
});
