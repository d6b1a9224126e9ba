// Tests the host's counters from a recorded /proc, and the sample from two readings.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { hostSample, type CpuTicks, type HostCounters } from '../../../agent/telemetry/host-rates.ts';
import { readHostCounters, readPageBytes } from '../../../agent/telemetry/host.ts';
import type { VmSample } from '../../../shared/gen/telemetry.ts';

const fixtures = join(import.meta.dirname, 'fixtures/proc');
const PAGE_BYTES = 4096;

function counters(name: string): HostCounters {
  return readHostCounters(join(fixtures, name), PAGE_BYTES);
}

function ticks(changes: Partial<CpuTicks>): CpuTicks {
  return { ...counters('bare').cpuTicks, ...changes };
}

const bareVm: VmSample = {
  uuid: '',
  name: '',
  libvirtId: 1,
  state: 'VM_STATE_RUNNING',
  stateReason: 'VM_STATE_REASON_UNSPECIFIED',
  migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  counted: true,
  stuck: false,
  obstacles: [],
  vcpus: 1,
  cpuTimeMs: 0,
  memoryAssignedBytes: 0,
  memoryMaxBytes: 0,
  memoryUsedSource: 'MEMORY_USED_SOURCE_UNSPECIFIED',
  disks: [],
  nics: [],
  metadata: null,
};

void t.test('two readings of /proc, 5 s apart, give this sample', (t) => {
  const first = { counters: counters('first'), atMs: 1000 };
  const second = { counters: counters('second'), atMs: 6000 };
  t.same(hostSample(first, second, []), {
    cpuCores: 4,
    // 1,320 of 2,000 ticks of 4 cores; guest time is in user already.
    cpuUsedCores: 2.64,
    cpuDemandCores: 2.64,
    cpuStealCores: 0.16,
    cpuIowaitCores: 0.2,
    memoryBytes: 65_842_412 * 1024,
    memoryAvailableBytes: 41_730_188 * 1024,
    swapInBytesPerSecond: (1280 * PAGE_BYTES) / 5,
    cpuPressureRatio: 0.1,
    memoryPressureRatio: 0.05,
    memoryFullPressureRatio: 0.02,
    ioPressureRatio: 0.01,
    load1: 3.27,
    load5: 2.8,
    load15: 2.05,
  });
  t.end();
});

void t.test('the first reading gives no rates', (t) => {
  const sample = hostSample(undefined, { counters: counters('first'), atMs: 1000 }, []);
  t.same(Object.keys(sample).sort(), [
    'cpuCores',
    'load1',
    'load15',
    'load5',
    'memoryAvailableBytes',
    'memoryBytes',
  ]);
  t.end();
});

void t.test('what the kernel does not report is absent, not zero', (t) => {
  const first = { counters: counters('bare'), atMs: 1000 };
  const second = { counters: { ...counters('bare'), cpuTicks: ticks({ user: 900_000 }) }, atMs: 6000 };
  const sample = hostSample(first, second, []);
  for (const field of [
    'swapInBytesPerSecond',
    'cpuPressureRatio',
    'memoryPressureRatio',
    'memoryFullPressureRatio',
    'ioPressureRatio',
  ])
    t.notOk(field in sample, field);
  t.end();
});

void t.test("demand is what is used plus what the host's VMs waited for", (t) => {
  const first = { counters: counters('first'), atMs: 1000 };
  const second = { counters: counters('second'), atMs: 6000 };
  const vms = [
    { cpuCores: 0.5, cpuDemandCores: 1 },
    { cpuCores: 0.25, cpuDemandCores: 0.5 },
  ].map((rates) => ({ ...bareVm, ...rates }));
  t.equal(hostSample(first, second, [...vms, bareVm]).cpuDemandCores, 2.64 + 0.75);
  t.end();
});

void t.test('CPU ratios are never negative and never more than the host, whatever the counters do', (t) => {
  const anyTicks = fc.record({
    user: fc.nat(),
    nice: fc.nat(),
    system: fc.nat(),
    idle: fc.nat(),
    iowait: fc.nat(),
    irq: fc.nat(),
    softirq: fc.nat(),
    steal: fc.nat(),
  });
  fc.assert(
    fc.property(anyTicks, anyTicks, fc.integer({ min: 1, max: 100_000 }), (before, now, elapsedMs) => {
      const base = counters('bare');
      const sample = hostSample(
        { counters: { ...base, cpuTicks: before }, atMs: 0 },
        { counters: { ...base, cpuTicks: now }, atMs: elapsedMs },
        [],
      );
      const shares = [sample.cpuUsedCores, sample.cpuStealCores, sample.cpuIowaitCores].map((v) => v ?? 0);
      const sum = shares.reduce((total, share) => total + share, 0);
      return shares.every((share) => share >= 0) && sum <= sample.cpuCores * (1 + 1e-9);
    }),
  );
  t.end();
});

void t.test('a root without /proc is named in the error, with the setting to check', (t) => {
  t.throws(() => counters('nowhere'), { message: /nowhere\/stat.*check sampling\.procRoot/ });
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-proc-'));
  for (const file of ['stat', 'meminfo', 'loadavg']) writeFileSync(join(folder, file), 'nonsense');
  t.throws(() => readHostCounters(folder, PAGE_BYTES), { message: /check sampling\.procRoot/ });
  t.end();
});

void t.test("this machine's own /proc can be read", { skip: process.platform !== 'linux' }, (t) => {
  const own = readHostCounters('/proc', readPageBytes());
  t.ok(own.cpuCores >= 1);
  t.ok(own.memoryAvailableBytes <= own.memoryBytes);
  t.equal(Math.log2(readPageBytes()) % 1, 0);
  t.end();
});
