// Waiting on the clock: for an abort, and until something is so.
import t from 'tap';
import { aborted } from '../../shared/clock.ts';

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
