// Tests the rates of VMs over random counters: never negative, and in sum what the counters rose by.
import fc from 'fast-check';
import t from 'tap';
import { vmSample } from '../../../agent/telemetry/rates.ts';
import { context, reading } from './vm-readings.ts';

// As libvirt keeps them: whole numbers of 64 bits, and times in nanoseconds.
const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(Number);
const timeMs = count.map((ns) => ns / 1e6);
const anyCounters = fc.record(
  {
    cpuTimeMs: timeMs,
    vcpus: fc
      .array(timeMs, { maxLength: 4 })
      .map((delays) => delays.map((delayMs, index) => ({ index, delayMs }))),
    nics: fc.uniqueArray(
      fc.record(
        { name: fc.constantFrom('vnet1', 'vnet2', 'vnet3'), rxBytes: count, txPackets: count },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 3, selector: ({ name }) => name },
    ),
    disks: fc.uniqueArray(
      fc.record(
        {
          name: fc.constantFrom('vda', 'vdb'),
          readBytes: count,
          readRequests: count,
          readTimeMs: timeMs,
        },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 3, selector: ({ name }) => name },
    ),
    vcpuCurrent: fc.integer({ min: 0, max: 4 }),
  },
  { requiredKeys: ['vcpus', 'nics', 'disks'] },
);

void t.test('no number is ever negative or not finite, and steal is a ratio', (t) => {
  fc.assert(
    fc.property(
      anyCounters,
      anyCounters,
      fc.integer({ min: -10, max: 100_000 }),
      (before, now, elapsedMs) => {
        const sample = vmSample(reading(0, before), reading(elapsedMs, now), context);
        const numbers = [sample, ...sample.disks, ...sample.nics].flatMap((part) =>
          Object.values(part).filter((value) => typeof value === 'number'),
        );
        return numbers.every((n) => Number.isFinite(n) && n >= 0) && (sample.stealRatio ?? 0) <= 1;
      },
    ),
  );
  t.end();
});

void t.test('rates times elapsed time add up to what the counters rose by', (t) => {
  const step = fc.record({
    cpuMs: fc.nat(60_000),
    delayMs: fc.nat(60_000),
    elapsedMs: fc.integer({ min: 1, max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      let previous = reading(0, { cpuTimeMs: 0, vcpus: [{ index: 0, delayMs: 0 }] });
      let usedMs = 0;
      let wantedMs = 0;
      for (const { cpuMs, delayMs, elapsedMs } of steps) {
        const current = reading(previous.atMs + elapsedMs, {
          cpuTimeMs: (previous.counters.cpuTimeMs ?? 0) + cpuMs,
          vcpus: [{ index: 0, delayMs: (previous.counters.vcpus[0]?.delayMs ?? 0) + delayMs }],
        });
        const sample = vmSample(previous, current, context);
        usedMs += (sample.cpuCores ?? 0) * elapsedMs;
        wantedMs += (sample.cpuDemandCores ?? 0) * elapsedMs;
        previous = current;
      }
      const cpuMs = steps.reduce((sum, s) => sum + s.cpuMs, 0);
      const delayMs = steps.reduce((sum, s) => sum + s.delayMs, 0);
      return Math.abs(usedMs - cpuMs) < 1e-3 && Math.abs(wantedMs - cpuMs - delayMs) < 1e-3;
    }),
  );
  t.end();
});
