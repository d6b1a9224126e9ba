// Forecasts one series a short time ahead, by the one of four simple models with the smallest error on that series. Pure.

/** Simplest first: of two models with the same error the earlier one is chosen. */
export type ForecastModel = 'last' | 'ar' | 'holt' | 'local';

export interface Prediction {
  readonly value: number;
  /** Root mean square error of the chosen model at this horizon, in the unit of the series. */
  readonly error: number;
  readonly model: ForecastModel;
  /** Past forecasts behind the error; 0: too few values to judge by, and the error is the whole range of the series. */
  readonly scored: number;
}

// Older values say little about the next minute, and a bound keeps a forecast at microseconds.
const VALUES_MAX = 60;
// A line through fewer values, or a correlation of fewer, is noise.
const WARM_UP = 8;
// This many past forecasts must be scored before their error means anything.
const SCORED_MIN = 8;
// A model's error must be this share of that of "no change", or less: of several tries one is better by luck.
const BETTER_RATIO = 0.9;

/**
 * Forecasts the series `horizonSteps` of its own steps after its newest value; that need not be a whole number.
 * `values` are evenly spaced, oldest first, and never negative; undefined when there are none.
 */
export function predict(values: ArrayLike<number>, horizonSteps: number): Prediction | undefined {
  const count = Math.min(values.length, VALUES_MAX);
  if (count === 0) return undefined;
  const run = new Float64Array(count).map((_, at) => values[values.length - count + at] ?? 0);
  const steps = Math.max(0, horizonSteps);
  const scoredSteps = Math.max(1, Math.round(steps));
  const scored = count - scoredSteps - (WARM_UP - 1);
  if (scored < SCORED_MIN) return stays(run);
  return chosen(run, steps, scoredSteps, scored);
}

function stays(run: Float64Array): Prediction {
  return { value: run.at(-1) ?? 0, error: Math.max(...run) - Math.min(...run), model: 'last', scored: 0 };
}

function chosen(run: Float64Array, steps: number, scoredSteps: number, scored: number): Prediction {
  let best: Prediction | undefined;
  for (const model of [new Last(), new Autoregression(), new Holt(), new LocalLine()]) {
    const error = Math.sqrt(squaredErrors(model, run, scoredSteps) / scored);
    const limit = best === undefined ? Infinity : best.error * (best.model === 'last' ? BETTER_RATIO : 1);
    if (error < limit) best = { value: Math.max(0, model.ahead(steps)), error, model: model.name, scored };
  }
  return best ?? stays(run);
}

/** Feeds the whole run to the model and sums up its squared errors; the model has then seen all values. */
function squaredErrors(model: Model, run: Float64Array, steps: number): number {
  let sum = 0;
  run.forEach((value, at) => {
    model.add(value);
    const later = run[at + steps];
    if (at < WARM_UP - 1 || later === undefined) return;
    const error = Math.max(0, model.ahead(steps)) - later;
    sum += error * error;
  });
  return sum;
}

interface Model {
  readonly name: ForecastModel;
  add(value: number): void;
  /** The forecast for that many steps after the newest value. */
  ahead(steps: number): number;
}

class Last implements Model {
  readonly name = 'last';
  #value = 0;

  add(value: number): void {
    this.#value = value;
  }

  ahead(): number {
    return this.#value;
  }
}

// Above this a series is a random walk, for which "no change" is the better model.
const CORRELATION_MAX = 0.99;

/** Returns towards the mean, the faster the less successive values correlate: AR(1). */
class Autoregression implements Model {
  readonly name = 'ar';
  // Sums of distances from the first value: squares of plain bytes would drown the variance.
  #first = 0;
  #newest = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #products = 0;

  add(value: number): void {
    if (this.#count === 0) this.#first = value;
    const distance = value - this.#first;
    this.#products += distance * this.#newest;
    this.#newest = distance;
    this.#count += 1;
    this.#sum += distance;
    this.#squares += distance * distance;
  }

  ahead(steps: number): number {
    const mean = this.#sum / this.#count;
    const variance = this.#squares - this.#count * mean * mean;
    // The first value's distance is 0, so the sums without the first and without the newest value follow.
    const pairs = this.#count - 1;
    const covariance = this.#products - mean * (2 * this.#sum - this.#newest) + pairs * mean * mean;
    const correlation = variance > 0 ? Math.min(CORRELATION_MAX, Math.max(0, covariance / variance)) : 0;
    return this.#first + mean + (this.#newest - mean) * correlation ** steps;
  }
}

// Half of each surprise goes into the level, a fifth of that into the trend, and a trend fades by a tenth a step: middle values
// of what Gardner (2006, "Exponential smoothing: the state of the art") reports as robust; measured errors do the rest.
const HOLT_LEVEL = 0.5;
const HOLT_TREND = 0.2;
const HOLT_DAMPING = 0.9;

/** Continues the recent trend, ever more weakly: Holt's exponential smoothing with a damped trend. */
class Holt implements Model {
  readonly name = 'holt';
  #level: number | undefined;
  #trend = 0;
  /** What a trend of 1 adds up to in `#reachSteps` steps, kept to save a power for each value. */
  #reach = 0;
  #reachSteps = 0;

  add(value: number): void {
    if (this.#level === undefined) {
      this.#level = value;
      return;
    }
    const expected = this.#level + HOLT_DAMPING * this.#trend;
    const level = expected + HOLT_LEVEL * (value - expected);
    this.#trend =
      HOLT_DAMPING * this.#trend + HOLT_TREND * (level - this.#level - HOLT_DAMPING * this.#trend);
    this.#level = level;
  }

  ahead(steps: number): number {
    if (steps !== this.#reachSteps) {
      this.#reach = (HOLT_DAMPING * (1 - HOLT_DAMPING ** steps)) / (1 - HOLT_DAMPING);
      this.#reachSteps = steps;
    }
    return (this.#level ?? 0) + this.#trend * this.#reach;
  }
}

// Neat and Sandpiper fit their lines to about ten samples; shorter ones follow noise, longer ones miss the turn.
const LINE_VALUES = 10;

/** A straight line through the latest values, the newest counting most: Cleveland's local regression. */
class LocalLine implements Model {
  readonly name = 'local';
  /** The latest values, in a ring. */
  readonly #ring = new Float64Array(LINE_VALUES);
  #count = 0;
  /** Weight of the value of each age in the forecast; depends on the steps only, once the ring is full. */
  #shares: readonly number[] = [];
  #sharesSteps = -1;

  add(value: number): void {
    this.#ring[this.#count % LINE_VALUES] = value;
    this.#count += 1;
  }

  ahead(steps: number): number {
    const filled = Math.min(this.#count, LINE_VALUES);
    if (this.#shares.length !== filled || this.#sharesSteps !== steps) {
      this.#shares = lineShares(filled, steps);
      this.#sharesSteps = steps;
    }
    let sum = 0;
    for (let age = 0; age < filled; age += 1)
      sum += (this.#shares[age] ?? 0) * (this.#ring[(this.#count - 1 - age) % LINE_VALUES] ?? 0);
    return sum;
  }
}

/** The weighted least-squares line, `steps` ahead, as weights of the values it is fitted to (newest first). */
function lineShares(count: number, steps: number): readonly number[] {
  const line = LINES[count];
  if (count < 2 || line === undefined) return [1];
  const { weights, w, wx, wxx } = line;
  const slopeOver = w * wxx - wx * wx;
  return weights.map((weight, age) => (weight * (wxx + wx * age + steps * (w * -age - wx))) / slopeOver);
}

// By number of values: the weight of each age, and the sums that the line follows from. Each forecast fits several lines.
const LINES = Array.from({ length: LINE_VALUES + 1 }, (_, count) => {
  const weights = Array.from({ length: count }, (_each, age) => (1 - (age / count) ** 3) ** 3);
  const total = (power: number): number =>
    weights.reduce((sum, weight, age) => sum + weight * (-age) ** power, 0);
  return { weights, w: total(0), wx: total(1), wxx: total(2) };
});
