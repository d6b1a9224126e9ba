// Tests the rates of VMs: which readings give them, which give none, and that no VM is counted on two hosts.
import t from 'tap';
import { vmSample, type VmReading } from '../../../agent/telemetry/rates.ts';
import type { VmSample } from '../../../shared/gen/telemetry.ts';
import { GIB, KIB, MIB } from '../../../shared/units.ts';
import { context, description, NOW_MS, reading, UUID } from './vm-readings.ts';

const RATES = ['cpuCores', 'cpuDemandCores', 'stealRatio'] as const;

function hasNoRates(sample: VmSample): boolean {
  const nested = [...sample.disks, ...sample.nics].flatMap((device) => Object.keys(device));
  return (
    RATES.every((rate) => sample[rate] === undefined) && !nested.some((key) => /PerSecond|Latency/.test(key))
  );
}

void t.test('two readings, 5 s apart, give this sample', (t) => {
  const later = reading(6000, {
    cpuTimeMs: 12_500,
    vcpus: [
      { index: 0, delayMs: 1100 },
      { index: 1, delayMs: 1550 },
    ],
    nics: [{ name: 'vnet3', rxBytes: 6000, txBytes: 500, rxPackets: 20, txPackets: 5, txDrops: 2 }],
    disks: [
      {
        name: 'vda',
        readRequests: 150,
        readBytes: 81_920,
        readTimeMs: 350,
        writeRequests: 10,
        writeBytes: 4096,
        writeTimeMs: 30,
        capacityBytes: 10 * GIB,
        allocationBytes: GIB,
      },
    ],
  });
  t.same(vmSample(reading(1000), later, context), {
    uuid: UUID,
    name: 'web',
    libvirtId: 7,
    state: 'VM_STATE_RUNNING',
    stateReason: 'VM_STATE_REASON_UNSPECIFIED',
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
    counted: true,
    stuck: false,
    vcpus: 2,
    cpuTimeMs: 12_500,
    cpuCores: 0.5,
    cpuDemandCores: 1,
    stealRatio: 0.25,
    memoryAssignedBytes: 2 * GIB,
    memoryMaxBytes: 4 * GIB,
    memoryUsedBytes: 900 * MIB,
    memoryUsedSource: 'MEMORY_USED_SOURCE_RSS',
    rssBytes: 900 * MIB,
    disks: [
      {
        device: 'vda',
        readBytes: 81_920,
        writeBytes: 4096,
        readRequests: 150,
        writeRequests: 10,
        readBytesPerSecond: 8192,
        writeBytesPerSecond: 0,
        readRequestsPerSecond: 10,
        writeRequestsPerSecond: 0,
        readLatencyMs: 2,
        capacityBytes: 10 * GIB,
        allocationBytes: GIB,
        unknown: [],
      },
    ],
    nics: [
      {
        device: '52:54:00:aa:bb:cc',
        receiveBytes: 6000,
        transmitBytes: 500,
        receivePackets: 20,
        transmitPackets: 5,
        receiveErrors: 0,
        transmitErrors: 0,
        receiveDrops: 0,
        transmitDrops: 2,
        unknown: ['receive_errors', 'transmit_errors', 'receive_drops'],
        receiveBytesPerSecond: 1000,
        transmitBytesPerSecond: 0,
        receivePacketsPerSecond: 2,
        transmitPacketsPerSecond: 0,
      },
    ],
    metadata: description.metadata,
    obstacles: [],
  });
  t.end();
});

void t.test('a first reading, another QEMU process and a clock that stands still give no rates', (t) => {
  const now = reading(6000);
  t.ok(hasNoRates(vmSample(undefined, now, context)), 'first');
  const otherId = reading(1000, { domain: { name: 'web', uuid: UUID, id: 6 } });
  t.ok(hasNoRates(vmSample(otherId, now, context)), 'libvirt id');
  const otherVm = reading(1000, { domain: { name: 'web', uuid: UUID.replace('c', 'd'), id: 7 } });
  t.ok(hasNoRates(vmSample(otherVm, now, context)), 'uuid');
  t.ok(hasNoRates(vmSample(reading(6000), now, context)), 'no time passed');
  t.notOk(hasNoRates(vmSample(reading(1000), now, context)), 'the same process');
  t.end();
});

void t.test('a counter that was reset gives no rate, and the others still do', (t) => {
  const sample = vmSample(reading(1000), reading(6000, { cpuTimeMs: 9999 }), context);
  t.equal(sample.cpuCores, undefined);
  t.equal(sample.cpuDemandCores, undefined);
  t.equal(sample.stealRatio, 0);
  t.equal(sample.disks[0]?.readBytesPerSecond, 0);
  t.end();
});

void t.test('devices are followed by name when their order changes, new ones start without rates', (t) => {
  const old = { name: 'vda', readBytes: 5000, writeBytes: 0 };
  const added = { name: 'sda', readBytes: 100, writeBytes: 0 };
  const before = reading(1000, { disks: [old], nics: [{ name: 'vnet3', rxBytes: 10 }] });
  const now = reading(2000, {
    disks: [added, { ...old, readBytes: 5100 }],
    nics: [
      { name: 'vnet9', rxBytes: 900 },
      { name: 'vnet3', rxBytes: 30 },
    ],
  });
  const { disks, nics } = vmSample(before, now, context);
  t.same(
    disks.map(({ device, readBytesPerSecond }) => [device, readBytesPerSecond]),
    [
      ['sda', undefined],
      ['vda', 100],
    ],
  );
  t.same(
    nics.map(({ device, receiveBytesPerSecond }) => [device, receiveBytesPerSecond]),
    [
      ['vnet9', undefined],
      ['52:54:00:aa:bb:cc', 20],
    ],
  );
  t.end();
});

void t.test('a tap name that passed to another NIC is not mistaken for the same NIC', (t) => {
  const moved = { ...description, macByTap: new Map([['vnet3', '52:54:00:00:00:99']]) };
  const { nics } = vmSample(reading(1000), reading(2000, {}, moved), context);
  t.same(
    nics.map(({ device, receiveBytesPerSecond }) => [device, receiveBytesPerSecond]),
    [['52:54:00:00:00:99', undefined]],
  );
  t.end();
});

void t.test('demand equals use where libvirt does not report the delay, and steal is then unknown', (t) => {
  const vcpus = [{ index: 0 }, { index: 1 }];
  const sample = vmSample(reading(1000, { vcpus }), reading(6000, { vcpus, cpuTimeMs: 12_500 }), context);
  t.match(sample, { cpuCores: 0.5, cpuDemandCores: 0.5 });
  t.equal(sample.stealRatio, undefined);
  t.end();
});

void t.test(
  'CPU time is that of the vCPUs where libvirt makes no control groups, and never compared with the other',
  (t) => {
    const of = (atMs: number, timeMs: number): VmReading => {
      const { counters, description } = reading(atMs);
      const vcpus = [{ index: 0, timeMs, delayMs: timeMs }];
      return {
        atMs,
        description,
        counters: { domain: counters.domain, vcpus, vcpuCurrent: 1, nics: [], disks: [] },
      };
    };
    t.match(vmSample(of(1000, 2000), of(6000, 4500), context), {
      cpuTimeMs: 4500,
      cpuCores: 0.5,
      cpuDemandCores: 1,
    });
    t.equal(vmSample(of(1000, 2000), reading(6000), context).cpuCores, undefined);
    t.equal(vmSample(reading(1000), of(6000, 20_000), context).cpuCores, undefined);
    t.end();
  },
);

void t.test('a vCPU plugged in between is left out until the next reading', (t) => {
  const before = reading(1000, { vcpus: [{ index: 0, delayMs: 100 }] });
  const now = reading(2000, {
    vcpus: [
      { index: 0, delayMs: 200 },
      { index: 1, delayMs: 5000 },
    ],
  });
  t.equal(vmSample(before, now, context).cpuDemandCores, 0.1);
  t.end();
});

void t.test('memory used comes from the best source that is fresh', (t) => {
  const guest = { unusedBytes: GIB, availableBytes: 3 * GIB, usableBytes: 2 * GIB, rssBytes: 1000 * KIB };
  const nowS = NOW_MS / 1000;
  const cases = [
    { name: 'usable', balloon: { ...guest, lastUpdateS: nowS }, bytes: GIB, source: 'BALLOON_USABLE' },
    {
      name: 'unused where the guest has no usable',
      balloon: { unusedBytes: GIB, availableBytes: 3 * GIB, rssBytes: 1, lastUpdateS: nowS },
      bytes: 2 * GIB,
      source: 'BALLOON_UNUSED',
    },
    { name: '60 s old', balloon: { ...guest, lastUpdateS: nowS - 60 }, bytes: GIB, source: 'BALLOON_USABLE' },
    { name: '61 s old', balloon: { ...guest, lastUpdateS: nowS - 61 }, bytes: 1000 * KIB, source: 'RSS' },
    { name: 'never', balloon: { ...guest, lastUpdateS: 0 }, bytes: 1000 * KIB, source: 'RSS' },
    { name: 'future', balloon: { ...guest, lastUpdateS: nowS + 3600 }, bytes: 1000 * KIB, source: 'RSS' },
    {
      name: 'nonsense from the guest',
      balloon: { ...guest, usableBytes: 9 * GIB, unusedBytes: 9 * GIB, lastUpdateS: nowS },
      bytes: 1000 * KIB,
      source: 'RSS',
    },
    { name: 'nothing', balloon: {}, bytes: undefined, source: 'UNSPECIFIED' },
  ];
  for (const { name, balloon, bytes, source } of cases) {
    const sample = vmSample(undefined, reading(1000, { balloon }), context);
    t.equal(sample.memoryUsedBytes, bytes, name);
    t.equal(sample.memoryUsedSource, `MEMORY_USED_SOURCE_${source}`, name);
  }
  const slow = { ...context, intervalMs: 60_000 };
  const balloon = { ...guest, lastUpdateS: nowS - 180 };
  t.equal(
    vmSample(undefined, reading(1000, { balloon }), slow).memoryUsedSource,
    'MEMORY_USED_SOURCE_BALLOON_USABLE',
    'three intervals, where that is more than 60 s',
  );
  const huge = reading(1000, { balloon: { rssBytes: MIB } }, { ...description, usesHugePages: true });
  t.equal(
    vmSample(undefined, huge, context).memoryUsedBytes,
    undefined,
    'huge pages are not in the resident size',
  );
  t.end();
});

// [phase, source state and reason, target state and reason, hosts that count it]; undefined: libvirt does not list it as active.
const PHASES = [
  ['before', [1, 1], undefined, 1],
  ['copying', [1, 1], [3, 2], 1],
  ['switching', [3, 2], [3, 2], 0],
  ['target runs, source not yet confirmed', [3, 2], [1, 2], 1],
  ['done', undefined, [1, 2], 1],
  ['post-copy', [3, 12], [1, 10], 1],
  ['post-copy failed', [3, 13], [1, 11], 1],
  ['paused by its user while copying', [3, 1], [3, 2], 1],
  ['cancelled', [1, 6], undefined, 1],
] as const;

void t.test('a migrating VM is never counted on both hosts', (t) => {
  for (const [phase, source, target, hosts] of PHASES) {
    const counted = [source, target]
      .filter((side) => side !== undefined)
      .map(([state, reason]) => vmSample(undefined, reading(1000, { state, reason }), context).counted);
    t.equal(counted.filter(Boolean).length, hosts, phase);
  }
  t.end();
});

void t.test('roles in a migration', (t) => {
  const role = (state: number, reason: number, isMigratingOut = false): string =>
    vmSample(undefined, reading(1000, { state, reason }), { ...context, isMigratingOut }).migrationRole;
  t.equal(role(3, 2), 'VM_MIGRATION_ROLE_INCOMING');
  t.equal(role(1, 1), 'VM_MIGRATION_ROLE_UNSPECIFIED');
  t.equal(role(1, 1, true), 'VM_MIGRATION_ROLE_OUTGOING');
  t.equal(role(3, 2, true), 'VM_MIGRATION_ROLE_OUTGOING', 'the source at the switch');
  t.equal(role(3, 12), 'VM_MIGRATION_ROLE_OUTGOING', 'the source in post-copy');
  t.end();
});

void t.test('a stuck VM is shown and not counted', (t) => {
  t.match(vmSample(undefined, reading(1000), { ...context, isStuck: true }), { stuck: true, counted: false });
  t.end();
});

void t.test('time in which a quota keeps a vCPU from running is no demand', (t) => {
  // 5 s in which two vCPUs used half a core and waited for half a core.
  const later = reading(6000, {
    cpuTimeMs: 12_500,
    vcpus: [
      { index: 0, delayMs: 1100 },
      { index: 1, delayMs: 1550 },
    ],
  });
  const capped = (cpuLimitCores: number | undefined, quotas: object = {}): Partial<VmSample> => {
    const current: VmReading = { ...later, description: { ...description, ...quotas } };
    return vmSample(reading(1000), current, { ...context, cpuLimitCores });
  };
  t.match(capped(undefined), { cpuLimitCores: undefined, cpuDemandCores: 1, stealRatio: 0.25 });
  t.match(capped(0.6), { cpuLimitCores: 0.6, cpuCores: 0.5, cpuDemandCores: 0.6, stealRatio: 0.05 });
  t.match(
    capped(0.4),
    { cpuLimitCores: 0.4, cpuCores: 0.5, cpuDemandCores: 0.5, stealRatio: 0 },
    'used is used',
  );
  t.match(capped(undefined, { vcpuQuotaCores: 0.3 }), { cpuLimitCores: 0.6, cpuDemandCores: 0.6 });
  t.match(capped(0.7, { quotaCores: 0.6 }), { cpuLimitCores: 0.6 }, 'the strictest');
  t.match(capped(2, { vcpuQuotaCores: 1 }), { cpuLimitCores: undefined }, 'no limit below its vCPUs');
  t.end();
});
