// Tests how reports become points in InfluxDB, and the round trip of any name through a real influxd.
import fc from 'fast-check';
import { InfluxDB } from 'influx';
import t from 'tap';
import { eventCodec, hostReportCodec } from '../../../shared/proto/load.ts';
import { encodeLine, tagValue } from '../../../scheduler/metrics/line-protocol.ts';
import { pointsOfEvent, pointsOfReport } from '../../../scheduler/metrics/points.ts';
import type { HostReportInput } from '../../../shared/gen/telemetry.ts';
import { skipWithout, startInflux } from '../../services.ts';
import { hostReport, migrationEvents, uuidOf, vmSample } from './reports.ts';

const TICK = 1_700_000_000_000;

const NIC_COUNTERS = ['receive', 'transmit'].flatMap((way) =>
  ['bytes', 'packets', 'errors', 'drops'].map((counter) => `${way}_${counter}`),
);

function linesOf(report: HostReportInput): string[] {
  return pointsOfReport(hostReportCodec.decode(hostReportCodec.encode(report))).map(
    (point) => encodeLine(point) ?? 'no line',
  );
}

t.test('a report is one host point and, for each counted VM, a vm point with its devices', (t) => {
  const incoming = vmSample(0, 2, { counted: false, migrationRole: 'VM_MIGRATION_ROLE_INCOMING' });
  const lines = linesOf(hostReport(0, TICK, [vmSample(0, 0), incoming, vmSample(0, 1)]));
  t.same(
    lines.map((line) => line.split(',')[0]),
    ['host', 'vm', 'vm_disk', 'vm_net', 'vm', 'vm_disk', 'vm_net'],
  );
  t.ok(lines.every((line) => line.endsWith(` ${TICK}`)));
  t.notOk(lines.some((line) => line.includes('vm-0-2')));
  t.end();
});

t.test('floats, integers, texts and tags are written with the type that InfluxDB expects', (t) => {
  const [, vm] = linesOf(hostReport(0, TICK, [vmSample(0, 1)]));
  t.equal(
    vm,
    `vm,host=kvm1,host_id=${uuidOf(0, 1)},name=vm-0-1,uuid=${uuidOf(1, 2)} ` +
      'state=1i,state_reason="unpaused",vcpus=2i,cpu_time_ms=1234570i,cpu_cores=0.3123,' +
      'cpu_demand_cores=0.375,steal_ratio=0.03,memory_assigned_bytes=2147483648i,' +
      'memory_max_bytes=4294967296i,memory_used_bytes=1076887552i,memory_used_source="balloon_usable",' +
      `rss_bytes=1080033280i ${TICK}`,
  );
  t.end();
});

t.test('an unmeasured figure is left out, a measured zero is not', (t) => {
  const bare = {
    uuid: uuidOf(1, 1),
    name: 'new',
    counted: true,
    state: 'VM_STATE_PAUSED',
    cpuCores: 0,
  } as const;
  const [host, vm] = linesOf(hostReport(0, TICK, [bare], { host: null, agent: null, vmsComplete: false }));
  t.match(vm, /state=3i,.*cpu_cores=0,/);
  t.notMatch(vm, /cpu_demand_cores|steal_ratio|memory_used|rss/);
  t.match(host, /interval_ms=5000i,vms_complete=false,vms_counted=1i/);
  t.notMatch(host, /load1|cpu_cores|samples_published/);
  t.end();
});

t.test(
  'a counter that the host could not measure is left out, and a device without any has no point',
  (t) => {
    const nics = [
      { device: 'a', receiveBytes: 7, receiveErrors: 0, unknown: ['transmit_bytes', 'transmit_errors'] },
      { device: 'b', unknown: NIC_COUNTERS },
    ];
    const disks = [{ device: 'vda', readBytes: 0, unknown: ['write_bytes', 'capacity_bytes'] }];
    const lines = linesOf(hostReport(0, TICK, [vmSample(0, 0, { nics, disks })])).slice(2);
    t.match(lines[0], /^vm_disk,.* read_bytes=0i,/);
    t.notMatch(lines[0], /write_bytes|capacity_bytes/);
    t.match(lines[1], /^vm_net,device=a,.* receive_bytes=7i,.*receive_errors=0i/);
    t.notMatch(lines[1], /transmit_bytes|transmit_errors/);
    t.same(lines.slice(2), ['no line']);
    t.end();
  },
);

t.test('events are points of migration and decision', (t) => {
  const lines = migrationEvents(TICK).map((event) =>
    pointsOfEvent(eventCodec.decode(eventCodec.encode(event)))
      .map(encodeLine)
      .join('|'),
  );
  t.match(
    lines[0],
    /^decision,host=kvm1,.*mode=auto,name=vm-0-0,result=move,uuid=.* .*target="kvm2",refusals=1i,/,
  );
  t.match(lines[1], /^decision,host=kvm2,.*result=no_room .*reason="no host has room for any of its VMs"/);
  t.match(lines[2], /^migration,host=kvm1,.*state=copying,target=kvm2,/);
  t.notMatch(lines[2], /ended_at_ms/);
  t.match(
    lines[3],
    /title="vm-0-0: kvm1 to kvm2, succeeded",outcome="runs on kvm2 alone".*downtime_ms=61.5,/,
  );
  t.same(pointsOfEvent(eventCodec.decode(eventCodec.encode({ atMs: TICK }))), []);
  t.end();
});

t.test('an enum value of a newer version neither hides the sample nor stops the writer', (t) => {
  const report = hostReportCodec.decode(hostReportCodec.encode(hostReport(0, TICK, [vmSample(0, 0)])));
  // The decoder's result for an unknown enum number.
  const newer: unknown = {
    ...report,
    vms: report.vms.map((vm) => ({ ...vm, state: 99, memoryUsedSource: 99 })),
  };
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  const lines = pointsOfReport(newer as typeof report).map((point) => encodeLine(point) ?? '');
  t.match(lines[1], / state=0i,/);
  t.end();
});

t.test('no number that InfluxDB would refuse is ever written', (t) => {
  const gauge = /^-?\d+(\.\d+)?(e[+-]\d+)?$/;
  fc.assert(
    fc.property(fc.double(), fc.double(), (cores, counter) => {
      const line = encodeLine({
        measurement: 'vm',
        tags: { uuid: 'u' },
        fields: { state: 1, cpu_time_ms: counter, cpu_cores: cores },
        atMs: TICK,
      });
      const match = /^vm,uuid=u state=1i(?:,cpu_time_ms=([^,]+)i)?(?:,cpu_cores=([^,]+))? \d+$/.exec(
        line ?? '',
      );
      const [whole, integer, float] = match ?? [];
      return (
        whole !== undefined &&
        (integer === undefined || (BigInt(integer) <= 2n ** 63n - 1n && BigInt(integer) >= -(2n ** 63n))) &&
        (float === undefined
          ? !Number.isFinite(cores)
          : gauge.test(float) && Object.is(Number(float), cores + 0))
      );
    }),
  );
  t.equal(encodeLine({ measurement: 'vm', tags: {}, fields: { cpu_cores: NaN }, atMs: TICK }), undefined);
  t.end();
});

// Every character with a meaning to InfluxDB, libvirt or a shell, and some without.
const SPECIAL = [
  '\\',
  '\\',
  ',',
  '=',
  ' ',
  '"',
  "'",
  '/',
  '#',
  '%',
  '$',
  '{',
  ';',
  'a',
  '\t',
  '\n',
  'ä',
  '中',
  '😀',
];
const NAME = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 40,
    unit: fc.constantFrom(...SPECIAL),
  }),
  fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
);

t.test('two VM names never become one tag value', (t) => {
  // libvirt refuses "/" and a line end in a name.
  const unit = fc.constantFrom('\\', ',', '=', ' ', 'a', '"');
  const name = fc.string({ minLength: 1, maxLength: 6, unit });
  fc.assert(fc.property(name, name, (one, other) => one === other || tagValue(one) !== tagValue(other)));
  t.end();
});

t.test('any name comes back from InfluxDB as it was', { skip: skipWithout('influxd') }, async (t) => {
  const service = await startInflux();
  t.teardown(() => service.remove());
  const influx = new InfluxDB(`${service.url}/names`);
  await influx.createDatabase('names');
  const roundTrip = async (names: readonly string[], atMs: number): Promise<string[]> => {
    const lines = names.map((name, index) =>
      encodeLine({ measurement: 'vm', tags: { uuid: uuidOf(1, index), name }, fields: { state: 1 }, atMs }),
    );
    const url = `${service.url}/write?db=names&precision=ms`;
    const answer = await fetch(url, { method: 'POST', body: lines.join('\n') });
    if (answer.status !== 204) throw new Error(await answer.text());
    const rows = await influx.query<{ name: string; uuid: string }>(
      `SELECT state, "name", "uuid" FROM vm WHERE time = ${atMs}ms`,
    );
    return [...rows].sort((one, other) => (one.uuid < other.uuid ? -1 : 1)).map((row) => row.name);
  };
  const plain = [
    'web-1',
    'with space',
    'a,b',
    'k=v',
    '"quoted"',
    "it's",
    ' lead',
    'trail ',
    'C:\\x',
    '\\\\srv',
    '#1',
    '中文😀',
  ];
  t.same(await roundTrip(plain, TICK), plain, 'exactly');
  t.same(await roundTrip(['end\\', 'a\\,b', '\\ ', 'two\nlines'], TICK + 1), [
    'end/',
    'a/,b',
    '/ ',
    'two lines',
  ]);
  let runs = 1;
  await fc.assert(
    fc.asyncProperty(fc.array(NAME, { minLength: 1, maxLength: 50 }), async (names) => {
      runs += 1;
      const returned = await roundTrip(names, TICK + runs);
      return JSON.stringify(returned) === JSON.stringify(names.map(tagValue));
    }),
    { numRuns: 60 },
  );
});
