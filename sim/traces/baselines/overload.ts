// Tests whether a host is over-utilised, by the rules of Beloglazov and Buyya (2012) as implemented in CloudSim 3.0.3.
import type { SimVm } from '../cluster.ts';
import type { TrialHost } from './trial.ts';

/** True if the host, with `extra` on it, is over-utilised. */
export type OverloadTest = (host: TrialHost, extra?: SimVm) => boolean;

// Used while there are too few samples; CloudSim's own fallback.
const FALLBACK_RATIO = 0.7;
const SPREAD_VALUES_MIN = 12;
const LINE_VALUES = 10;

export function threshold(ratio: number): OverloadTest {
  return (host, extra) => host.requestedRatio(extra) > ratio;
}

const fallback = threshold(FALLBACK_RATIO);

/** The more the load varies, the lower the threshold: 1 - safety x median absolute deviation. */
export function medianDeviation(safety: number): OverloadTest {
  return spreadTest((values) => {
    const middle = median(values);
    return safety * median(values.map((value) => Math.abs(middle - value)));
  });
}

/** The same with the distance between the quartiles, whose positions are rounded as in CloudSim. */
export function quartileRange(safety: number): OverloadTest {
  return spreadTest((values) => {
    const sorted = Float64Array.from(values).sort();
    const at = (share: number): number => sorted[Math.round(share * (sorted.length + 1)) - 1] ?? 0;
    return safety * (at(0.75) - at(0.25));
  });
}

function spreadTest(marginOf: (values: Float64Array) => number): OverloadTest {
  return (host, extra) => {
    const values = host.history(extra);
    if (values.length < SPREAD_VALUES_MIN) return fallback(host, extra);
    return host.requestedRatio(extra) > 1 - marginOf(values);
  };
}

/**
 * Over-utilised when safety x the line through the last 10 samples reaches 1 at the next step. The paper's tricube weights
 * never take effect in CloudSim 3.0.3, so this is an ordinary least-squares line; every migration takes less than one step.
 */
export function localRegression(safety: number): OverloadTest {
  return (host, extra) => {
    const values = host.history(extra);
    if (values.length < LINE_VALUES) return fallback(host, extra);
    return safety * lineAhead(values) >= 1;
  };
}

/** The line's value one step after the newest of the values (newest first), summed in the order of commons-math. */
function lineAhead(values: Float64Array): number {
  let [xMean, yMean, xSquares, products, ySum] = [0, 0, 0, 0, 0];
  for (let count = 0; count < LINE_VALUES; count += 1) {
    const y = values[LINE_VALUES - 1 - count] ?? 0;
    const [dx, dy] = count === 0 ? [0, 0] : [count + 1 - xMean, y - yMean];
    if (count === 0) [xMean, yMean] = [1, y];
    const share = count / (1 + count);
    xSquares += dx * dx * share;
    products += dx * dy * share;
    xMean += dx / (1 + count);
    yMean += dy / (1 + count);
    ySum += y;
  }
  const slope = products / xSquares;
  const xSum = (LINE_VALUES * (LINE_VALUES + 1)) / 2;
  return (ySum - slope * xSum) / LINE_VALUES + slope * (LINE_VALUES + 1);
}

function median(values: Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return lower + 0.5 * (upper - lower);
}
