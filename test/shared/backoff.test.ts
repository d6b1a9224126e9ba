// Tests the backoff: waits grow to a limit, are random below it, and are short again only after success.
import fc from 'fast-check';
import t from 'tap';
import { Backoff } from '../../shared/backoff.ts';

const ALMOST_ONE = 1 - Number.EPSILON;

void t.test('the limit of the wait doubles with each failure, up to the largest', (t) => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 500, random: () => 0.5 });
  t.same(
    Array.from({ length: 6 }, () => backoff.nextMs()),
    [50, 100, 200, 250, 250, 250],
  );
  backoff.reset();
  t.equal(backoff.nextMs(), 50, 'short again after success');
  t.end();
});

void t.test('the jitter is full: from no wait at all to the limit', (t) => {
  for (const random of [0, ALMOST_ONE]) {
    const backoff = new Backoff({ firstMs: 100, maxMs: 500, random: () => random });
    const waits = Array.from({ length: 4 }, () => Math.round(backoff.nextMs()));
    t.same(waits, random === 0 ? [0, 0, 0, 0] : [100, 200, 400, 500]);
  }
  t.end();
});

void t.test('however long it fails, no wait is longer than the largest', (t) => {
  const settings = fc.record({
    firstMs: fc.integer({ min: 1, max: 1_000 }),
    maxMs: fc.integer({ min: 1, max: 60_000 }),
    draws: fc.array(fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }), { maxLength: 2_000 }),
  });
  // A failure prints the seed that replays it.
  fc.assert(
    fc.property(settings, ({ firstMs, maxMs, draws }) => {
      const left = draws.values();
      const backoff = new Backoff({ firstMs, maxMs, random: () => left.next().value ?? 0 });
      return draws.every(() => {
        const waitMs = backoff.nextMs();
        return waitMs >= 0 && waitMs <= maxMs;
      });
    }),
  );
  t.end();
});
