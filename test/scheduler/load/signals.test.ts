// Tests the detection of hot hosts from samples, with and without a forecast.
import fc from 'fast-check';
import t from 'tap';
import { heatAfter, isHot, type Heat, type LevelPoint } from '../../../scheduler/load/hot-hosts.ts';
import { hotResources } from '../../../scheduler/load/heat.ts';
import { emptyView, foldReport } from '../../../scheduler/cluster/view.ts';
import type { Prediction } from '../../../scheduler/load/forecast.ts';
import { MIB } from '../../../shared/units.ts';
import { DETECTION, INTERVAL_MS, LIMITS, observe, reportOf, T0, type ModelHost } from '../model-cluster.ts';

const LEVELS = { entryRatio: 0.9, exitRatio: 0.75 };
const RULES = { hotSamples: 3, windowSamples: 5, sustainedMs: 60_000 };
const STEP_MS = 10_000;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** The heat after each of the ratios, one every 10 s. */
function heatsOf(ratios: readonly number[], forecast: () => Prediction | undefined = () => undefined) {
  const points: LevelPoint[] = [];
  let heat: Heat | undefined;
  return ratios.map((ratio, at) => {
    points.push({ tickAtMs: at * STEP_MS, ratio, isCritical: ratio >= 0.95 });
    heat = heatAfter(heat, points, LEVELS, RULES, forecast);
    return heat;
  });
}

function repeat(ratio: number, times: number): number[] {
  return Array.from({ length: times }, () => ratio);
}

void t.test('a host is hot once k of n samples have been over the entry level for long enough', (t) => {
  const states = heatsOf([0.5, ...repeat(0.91, 8)]).map((heat) => heat?.state);
  t.strictSame(states, [...repeat(0, 3).map(() => undefined), 'over', 'over', 'over', 'over', 'hot', 'hot']);
  t.equal(
    heatsOf([0.5, ...repeat(0.91, 8)]).at(-1)?.sinceMs,
    STEP_MS,
    'since its first sample over the level',
  );
  t.end();
});

void t.test('a critical host is hot at once after k of n samples', (t) => {
  t.strictSame(
    heatsOf([0.5, 1.2, 1.2, 1.2]).map((heat) => heat?.state),
    [undefined, undefined, undefined, 'critical'],
  );
  t.equal(heatsOf([...repeat(1.2, 3), ...repeat(0.92, 3)]).at(-1)?.state, 'hot', 'and calms down to hot');
  t.end();
});

void t.test('a spike and a short burst make nothing hot', (t) => {
  t.notOk(heatsOf([0.5, 0.5, 3, 0.5, 0.5, 0.5]).some(isHot), 'one sample');
  t.notOk(heatsOf([0.5, 3, 3, 0.5, 0.5, 0.5, 3, 0.5]).some(isHot), 'two of five');
  t.notOk(heatsOf([...repeat(0.91, 5), ...repeat(0.6, 5), ...repeat(0.91, 5)]).some(isHot), 'runs that end');
  t.end();
});

void t.test('a hot host stays so between the levels and cools below the exit level', (t) => {
  const heated = [...repeat(0.92, 8)];
  t.ok(isHot(heatsOf([...heated, ...repeat(0.8, 20)]).at(-1)));
  t.ok(isHot(heatsOf([...heated, 0.7, 0.7]).at(-1)), 'two samples below it are not enough');
  t.equal(heatsOf([...heated, 0.7, 0.7, 0.7]).at(-1), undefined);
  t.end();
});

void t.test('a forecast shortens the wait of a rising host, and starts none', (t) => {
  const rising = (): Prediction => ({ value: 1.1, error: 0.1, model: 'holt', scored: 20 });
  const unsure = (): Prediction => ({ value: 1.1, error: 0.3, model: 'holt', scored: 20 });
  t.match(heatsOf(repeat(0.91, 3), rising).at(-1), { state: 'hot', hastenedBy: { model: 'holt' } });
  t.equal(
    heatsOf(repeat(0.91, 3), unsure).at(-1)?.state,
    'over',
    'a forecast whose error includes the level does not',
  );
  t.equal(heatsOf(repeat(0.89, 20), rising).at(-1), undefined, 'nor below the entry level');
  t.equal(heatsOf([0.5, 0.5, 0.94], rising).at(-1), undefined, 'nor after a single sample');
  t.end();
});

void t.test('guests that wait for memory make a host critical where much of it is in use', (t) => {
  const isMemoryHot = (usedRatio: number, pressure: object): boolean => {
    const view = emptyView();
    const host: ModelHost = { name: 'h1', cores: 4, memoryBytes: 1024 * MIB, vms: [] };
    for (let tick = 1; tick <= 3; tick += 1) {
      const report = reportOf(host, tick, T0 + tick * INTERVAL_MS);
      if (report.host === null) return false;
      const memoryAvailableBytes = (1 - usedRatio) * 1024 * MIB;
      const pressed = { ...report, host: { ...report.host, memoryAvailableBytes, ...pressure } };
      foldReport(view, pressed, T0 + tick * INTERVAL_MS, { ...DETECTION, sustainedMs: 600_000 }, LIMITS);
    }
    return [...view.hosts.values()].some((seen) => hotResources(seen).includes('memory'));
  };
  t.notOk(isMemoryHot(0.85, {}));
  t.ok(isMemoryHot(0.85, { memoryFullPressureRatio: 0.2 }));
  t.ok(isMemoryHot(0.85, { swapInBytesPerSecond: 5 * MIB }));
  t.notOk(
    isMemoryHot(0.5, { swapInBytesPerSecond: 5 * MIB }),
    "a VM's own memory limit is not relieved by a move",
  );
  t.notOk(isMemoryHot(0.85, { memoryFullPressureRatio: 0.01, swapInBytesPerSecond: 4096 }));
  t.end();
});

void t.test(
  'however many idle or average hosts there are, a hot one is found, with the same evidence',
  (t) => {
    t.comment(`SEED=${SEED}`);
    const burning: ModelHost = { name: 'burning', cores: 4, vms: [{ name: 'a', cores: 4.4 }] };
    const property = fc.property(
      fc.array(fc.double({ min: 0, max: 0.74, noNaN: true }), { maxLength: 200 }),
      (loads) => {
        const others = loads.map((load, at) => ({
          name: `calm${at}`,
          cores: 4,
          vms: [],
          ownCores: 4 * load,
        }));
        const view = observe([...others, burning]);
        const alone = observe([burning]);
        t.strictSame(view.hosts.get('burning')?.heats, alone.hosts.get('burning')?.heats);
        return [...view.hosts.values()].every(
          (host) => hotResources(host).length > 0 === (host.hostId === 'burning'),
        );
      },
    );
    const details = fc.check(property, { seed: SEED, numRuns: 30 });
    t.notOk(details.failed, `replay with SEED=${SEED}`);
    t.end();
  },
);
