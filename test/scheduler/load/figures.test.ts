// Tests the figures of a VM from its points: which points count, and the results.
import fc from 'fast-check';
import t from 'tap';
import { vmFigures } from '../../../scheduler/load/figures.ts';
import type { VmPoint } from '../../../scheduler/load/load.ts';
import { evenPoints, settledPoints } from '../../../scheduler/load/points.ts';
import { DETECTION, INTERVAL_MS, T0 } from '../model-cluster.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

function pointAt(tickAtMs: number, amount: number): VmPoint {
  return { tickAtMs, intervalMs: INTERVAL_MS, cpuDemandCores: amount, memoryBytes: amount };
}

void t.test(`at most a twentieth of the samples exceed a peak of CPU (seed ${SEED})`, (t) => {
  const amounts = fc.array(fc.double({ min: 0, max: 64, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(amounts, (wanted) => {
      const points = wanted.map((amount, at) => pointAt(T0 + at * INTERVAL_MS, amount));
      const load = vmFigures(points, DETECTION, false);
      const cpuPeak = load?.cpu.peak ?? -1;
      const above = wanted.filter((amount) => amount > cpuPeak).length;
      const atOrAbove = wanted.filter((amount) => amount >= cpuPeak).length;
      return (
        above <= wanted.length / 20 &&
        atOrAbove > wanted.length / 20 &&
        load?.memory.peak === Math.max(...wanted)
      );
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.end();
});

void t.test(`adding points one by one keeps those since the last gap (seed ${SEED})`, (t) => {
  const steps = fc.array(fc.constantFrom(1, 1, 1, 2, 3, 4, 60), { maxLength: 40 });
  const pointsMax = 10;
  fc.assert(
    fc.property(steps, (stepsAhead) => {
      let tickAtMs = T0;
      const all = stepsAhead.map((step) => pointAt((tickAtMs += step * INTERVAL_MS), 1));
      const kept = all.reduce<readonly VmPoint[]>((points, next) => evenPoints(points, next, pointsMax), []);
      const ticks = (points: readonly VmPoint[]): string => points.map((point) => point.tickAtMs).join();
      return ticks(kept) === ticks(settledPoints(all, 0).slice(-pointsMax));
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.end();
});
