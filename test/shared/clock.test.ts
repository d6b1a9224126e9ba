// Tests waiting for an abort and polling for a condition.
import t from 'tap';
import { aborted, until } from '../../shared/clock.ts';
import { ManualClock } from '../manual-clock.ts';

void t.test('an abort is heard once, before or after it happened', async (t) => {
  const stopping = new AbortController();
  let isHeard = false;
  const heard = aborted(stopping.signal).then(() => {
    isHeard = true;
  });
  await Promise.resolve();
  t.equal(isHeard, false, 'not before');
  stopping.abort();
  await heard;
  await aborted(stopping.signal);
  t.equal(isHeard, true);
});

void t.test('looks again until the condition holds, at once or later', async (t) => {
  const clock = new ManualClock();
  let looks = 0;
  const results: string[] = [];
  const look = async (name: string, isSo: () => boolean): Promise<void> => {
    const count = (): boolean => {
      looks += 1;
      return isSo();
    };
    const found = await until(clock, count, { everyMs: 100, timeoutMs: 1_000 });
    results.push(`${name} ${String(found)} at ${clock.monotonicMs()}`);
  };
  void look('now', () => true);
  void look('later', () => clock.monotonicMs() >= 250);
  await clock.pass(5_000);
  t.same(results, ['now true at 0', 'later true at 300']);
  t.equal(looks, 5, 'and no look after that');
});

void t.test('gives up when the time is up, having looked once more at the end', async (t) => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const waiting = until(clock, () => seen.push(clock.monotonicMs()) === 0, {
    everyMs: 400,
    timeoutMs: 1_000,
  });
  await clock.pass(5_000);
  t.equal(await waiting, false);
  t.same(seen, [0, 400, 800, 1_200]);
});

void t.test('an abort ends the polling with its reason', async (t) => {
  const stopping = new AbortController();
  const waiting = until(new ManualClock(), () => false, {
    ...{ everyMs: 100, timeoutMs: 1_000 },
    signal: stopping.signal,
  });
  await Promise.resolve();
  stopping.abort(new Error('stops'));
  await t.rejects(waiting, { message: 'stops' });
});
