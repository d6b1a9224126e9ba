// Tests the steering of a copy: the ladder of pauses, the detection of stalls, and the advice on them.
import fc from 'fast-check';
import t from 'tap';
import {
  beginConverging,
  converge,
  ladderMs,
  type Advice,
  type ConvergeLimits,
  type Converging,
  type CopySight,
} from '../../../../agent/migration/source/converge.ts';
import { MIB } from '../../../../shared/units.ts';

const limits: ConvergeLimits = { downtimeMaxMs: 500, postCopy: false };

/** What is advised, each with the pass at which it was; what only goes on is left out. */
function advised(limits: ConvergeLimits, sights: readonly CopySight[]): string[] {
  let state: Converging = beginConverging(limits);
  const all: string[] = [];
  for (const sight of sights) {
    const { state: next, advice } = converge(state, sight);
    state = next;
    if (advice.kind !== 'go_on') all.push(`${sight.iteration} ${textOf(advice)}`);
  }
  return all;
}

function textOf(advice: Advice): string {
  return advice.kind === 'set_downtime' ? `${advice.downtimeMs} ms` : advice.kind;
}

/** Passes of 10 s with this remainder at the beginning of each, looked at twice: in the middle it is always less. */
function passes(remainders: readonly number[], throttles: readonly number[] = []): CopySight[] {
  return remainders.flatMap((remainingBytes, index) => {
    const sight = { iteration: index + 1, throttlePercent: throttles[index] ?? 0 };
    return [
      { ...sight, nowMs: index * 10_000, remainingBytes },
      { ...sight, nowMs: index * 10_000 + 5_000, remainingBytes: remainingBytes / 2 },
    ];
  });
}

void t.test('the pause allowed grows with the passes, up to the limit of the VM', (t) => {
  const cases: [limitMs: number, ladder: number[]][] = [
    [500, [100, 100, 150, 200, 300, 400, 400, 500, 500]],
    [300, [100, 100, 150, 200, 300, 300, 300, 300, 300]],
    [50, [50, 50, 50, 50, 50, 50, 50, 50, 50]],
    [1_000, [200, 200, 300, 400, 600, 800, 800, 1_000, 1_000]],
    [1, [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ];
  for (const [limitMs, ladder] of cases)
    t.strictSame(
      ladder.map((_, iteration) => ladderMs(limitMs, iteration)),
      ladder,
      `limit ${limitMs} ms`,
    );
  t.strictSame(
    advised(limits, passes([1000, 500, 250, 125, 60, 30, 15].map((mib) => mib * MIB))),
    ['2 150 ms', '3 200 ms', '4 300 ms', '5 400 ms', '7 500 ms'],
    'a copy that gains is only given more time to pause',
  );
  t.end();
});

void t.test('a copy that does not gain is ended, and told so once', (t) => {
  const flat = passes([1000, 400, 400, 401, 399, 398, 400, 400, 400].map((mib) => mib * MIB));
  t.strictSame(advised({ ...limits, downtimeMaxMs: 50 }, flat), ['6 abort']);
  t.end();
});

void t.test('a gain of 4 % now and then is no stall', (t) => {
  const slow = passes([1000, 950, 905, 865, 825, 790, 755, 720, 690, 660].map((mib) => mib * MIB));
  t.strictSame(advised({ ...limits, downtimeMaxMs: 50 }, slow), []);
  t.end();
});

void t.test('one long pass over a slow link is no stall', (t) => {
  const sights = [0, 30_000, 60_000, 90_000].map((nowMs) => ({
    nowMs,
    iteration: 1,
    remainingBytes: 4_000 * MIB - nowMs * 1_000,
    throttlePercent: 0,
  }));
  t.strictSame(advised({ ...limits, downtimeMaxMs: 50 }, sights), []);
  t.end();
});

void t.test('figures of a job that does not count yet are no best that could never be reached again', (t) => {
  const early = { nowMs: 0, iteration: 0, remainingBytes: 0, throttlePercent: 0 };
  const gains = passes([1000, 500, 250, 125, 60, 30].map((mib) => mib * MIB));
  t.strictSame(advised({ ...limits, downtimeMaxMs: 50 }, [early, ...gains]), []);
  t.end();
});

void t.test('a guest that is slowed down more and more gets the time to show it', (t) => {
  const flat = Array.from({ length: 12 }, () => 400 * MIB);
  const throttles = [0, 0, 20, 20, 30, 30, 40, 40, 50, 50, 60, 60];
  t.strictSame(advised({ ...limits, downtimeMaxMs: 50 }, passes(flat, throttles)), []);
  t.end();
});

void t.test('post-copy comes only where it is allowed, after a full pass, at a minimum', (t) => {
  const opted = { downtimeMaxMs: 50, postCopy: true };
  const wave = [1000, 400, 600, 600, 600, 600, 600, 405, 600].map((mib) => mib * MIB);
  t.strictSame(advised(opted, passes(wave)), ['8 post_copy']);
  const never = [1000, 400, ...Array.from({ length: 12 }, () => 600)].map((mib) => mib * MIB);
  t.strictSame(advised(opted, passes(never)), ['10 post_copy'], 'nor is a minimum waited for without end');
  t.strictSame(advised({ ...opted, postCopy: false }, passes(wave)), ['6 abort']);
  t.end();
});

const sight = fc.record({
  stepMs: fc.integer({ min: 0, max: 30_000 }),
  isNext: fc.boolean(),
  remainingBytes: fc.integer({ min: 0, max: 2 ** 34 }),
  throttlePercent: fc.integer({ min: 0, max: 99 }),
});

void t.test(
  'whatever QEMU tells: the pause never shrinks nor exceeds the limit, and the copy is ended once',
  (t) => {
    const holds = (): void => {
      fc.assert(
        fc.property(
          fc.record({ downtimeMaxMs: fc.integer({ min: 1, max: 5_000 }), postCopy: fc.boolean() }),
          fc.array(sight, { maxLength: 60 }),
          (limits, steps) => {
            let state = beginConverging(limits);
            let [nowMs, iteration, lastMs, ends] = [0, 0, state.downtimeMs, 0];
            for (const { stepMs, isNext, remainingBytes, throttlePercent } of steps) {
              nowMs += stepMs;
              iteration += isNext ? 1 : 0;
              const { state: next, advice } = converge(state, {
                nowMs,
                iteration,
                remainingBytes,
                throttlePercent,
              });
              state = next;
              if (advice.kind === 'set_downtime') {
                if (advice.downtimeMs <= lastMs || advice.downtimeMs > limits.downtimeMaxMs) return false;
                lastMs = advice.downtimeMs;
              }
              if (advice.kind === 'post_copy' && (!limits.postCopy || iteration < 2)) return false;
              if (advice.kind === 'abort' && limits.postCopy) return false;
              if (advice.kind === 'abort' || advice.kind === 'post_copy') ends += 1;
            }
            return ends <= 1;
          },
        ),
      );
    };
    t.doesNotThrow(holds);
    t.end();
  },
);
