// Tests the short forecast: right about simple shapes, honest about its error, and no better than chance on noise.
import fc from 'fast-check';
import t from 'tap';
import { predict } from '../../../scheduler/load/forecast.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

function series(length: number, at: (index: number) => number): number[] {
  return Array.from({ length }, (_, index) => at(index));
}

/** Numbers from 0 to 1, the same for the same seed (Lehmer's generator). */
function numbers(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

void t.test('a constant series is forecast to stay, without error', (t) => {
  t.strictSame(
    predict(
      series(30, () => 5),
      3,
    ),
    { value: 5, error: 0, model: 'last', scored: 20 },
  );
  t.end();
});

void t.test('a steady rise continues', (t) => {
  const rise = predict(
    series(40, (index) => 10 + 2 * index),
    5,
  );
  t.match(rise, { model: 'local' });
  t.ok(Math.abs((rise?.value ?? 0) - 98) < 1e-6);
  t.ok((rise?.error ?? 1) < 1e-6);
  t.end();
});

void t.test('a series that swings about its mean falls back to it', (t) => {
  const next = numbers(7);
  const values = series(60, () => 50 + 10 * (next() - 0.5));
  values[59] = 58;
  const swing = predict(values, 4);
  t.equal(swing?.model, 'ar');
  t.ok(Math.abs((swing?.value ?? 0) - 50) < 2, 'not to the outlier it ends with');
  t.end();
});

/** Root mean square errors over 200 series: of the forecast, of "it stays as it is", and the error that the forecast predicts. */
function outOfSample(make: (next: () => number) => (index: number) => number) {
  const made: number[] = [];
  const stays: number[] = [];
  const told: number[] = [];
  for (let seed = 1; seed <= 200; seed += 1) {
    const values = series(64, make(numbers(seed * 7919)));
    const [known, later] = [values.slice(0, 60), values[63] ?? 0];
    const forecast = predict(known, 4);
    made.push((forecast?.value ?? 0) - later);
    stays.push((known[59] ?? 0) - later);
    told.push(forecast?.error ?? 0);
  }
  const rms = (errors: readonly number[]): number =>
    Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
  return { made: rms(made), stays: rms(stays), told: rms(told) };
}

void t.test('on unseen values it beats "it stays as it is", and its error is as large as it says', (t) => {
  const noise = outOfSample((next) => () => 50 + 10 * (next() - 0.5));
  t.ok(noise.made < 0.85 * noise.stays, `noise: ${noise.made} against ${noise.stays}`);
  const walk = outOfSample((next) => {
    let at = 50;
    return () => (at += next() - 0.5);
  });
  t.ok(walk.made < 1.1 * walk.stays, `a random walk, which cannot be forecast: ${walk.made}, ${walk.stays}`);
  const tide = outOfSample((next) => {
    const phase = 7 * next();
    return (index) => 50 + 20 * Math.sin(index / 10 + phase) + next();
  });
  t.ok(tide.made < 0.7 * tide.stays, `a tide: ${tide.made} against ${tide.stays}`);
  for (const { made, told } of [noise, walk, tide])
    t.ok(made < 1.3 * told && made > told / 1.3, `its error was ${made}, it said ${told}`);
  t.end();
});

void t.test('with too few values to score, the error is the whole range of the series', (t) => {
  t.equal(predict([], 1), undefined);
  t.strictSame(predict([2, 9, 4], 1), { value: 4, error: 7, model: 'last', scored: 0 });
  const far = predict(
    series(30, (index) => index),
    25,
  );
  t.match(far, { model: 'last', scored: 0, error: 29 }, 'also when the horizon is too far to be scored');
  t.end();
});

void t.test('bytes are forecast as well as ratios', (t) => {
  const next = numbers(5);
  const ratios = series(60, () => 0.5 + 0.01 * next());
  const inBytes = predict(
    ratios.map((ratio) => ratio * 1e12),
    3,
  );
  const asRatio = predict(ratios, 3);
  t.equal(inBytes?.model, asRatio?.model);
  t.ok(Math.abs((inBytes?.value ?? 0) / 1e12 - (asRatio?.value ?? 0)) < 1e-9);
  t.end();
});

void t.test('every forecast is finite, not negative, and depends on the series alone', (t) => {
  t.comment(`SEED=${SEED}`);
  const values = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 80 });
  const property = fc.property(values, fc.double({ min: 0, max: 40, noNaN: true }), (given, steps) => {
    const made = predict(given, steps);
    t.strictSame(made, predict(Float64Array.from(given), steps));
    return made !== undefined && Number.isFinite(made.value) && made.value >= 0 && made.error >= 0;
  });
  const details = fc.check(property, { seed: SEED, numRuns: 300 });
  t.notOk(details.failed, `replay with SEED=${SEED}`);
  t.end();
});

void t.test('the chosen model errs no more than "it stays as it is" did on the same series', (t) => {
  t.comment(`SEED=${SEED}`);
  const next = numbers(SEED);
  for (let run = 0; run < 50; run += 1) {
    const swing = 10 * next();
    const noise = next();
    const values = series(60, (index) => 50 + swing * Math.sin(index / 6) + noise * next());
    let squares = 0;
    for (let at = 7; at + 4 < 60; at += 1) squares += ((values[at + 4] ?? 0) - (values[at] ?? 0)) ** 2;
    const stays = Math.sqrt(squares / 49);
    t.ok((predict(values, 4)?.error ?? Infinity) <= stays + 1e-9, `run ${run}; replay with SEED=${SEED}`);
  }
  t.end();
});
