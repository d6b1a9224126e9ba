// What the operator sees, at 80 and 200 columns, compared with golden files; and the parts that shape it.
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { toJson } from '../../../cli/json.ts';
import { decisionTable, decisionText, explanationText, planText } from '../../../cli/render/decision.ts';
import { bar, bytesOf, duration, time } from '../../../cli/render/format.ts';
import { hostSummary, hostTable, sortHosts } from '../../../cli/render/hosts.ts';
import { isEnded, migrationResult, migrationTable, progressLine } from '../../../cli/render/migration.ts';
import { table } from '../../../cli/render/table.ts';
import { topFrame } from '../../../cli/render/top.ts';
import { cut, paint, plain, widthOf, wrap, type View } from '../../../cli/render/view.ts';
import { vmSheet } from '../../../cli/render/vm.ts';
import { sortVms, vmTable } from '../../../cli/render/vms.ts';
import type { VmNic } from '../../../shared/gen/agent.ts';
import { schedulerService as service } from '../../../shared/proto/load.ts';
import { GIB, MIB } from '../../../shared/units.ts';
import * as cluster from '../cluster.ts';

// Times are shown in the reader's zone.
process.env['TZ'] = 'UTC';

const view: View = { width: 80, colour: false, unicode: true, nowMs: cluster.NOW_MS };
const wide: View = { ...view, width: 200 };

interface Definition<Input, Output> {
  readonly responseSerialize: (input: Input) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Output;
}

/** A message as it arrives, with everything that the wire leaves out filled in as the client does. */
function arrived<Input, Output>(method: Definition<Input, Output>, input: Input): Output {
  return method.responseDeserialize(method.responseSerialize(input));
}

const { hosts } = arrived(service.ListHosts, { hosts: cluster.hosts });
const { vms } = arrived(service.ListVmLoads, { vms: cluster.vms });
const { decisions } = arrived(service.ListDecisions, { decisions: [cluster.decision, cluster.noMove] });
const { migrations } = arrived(service.ListMigrations, {
  migrations: [cluster.copying, cluster.succeeded, cluster.failed],
});
const plan = arrived(service.Plan, { mode: 'MODE_RECOMMEND' as const, decisions: [cluster.decision] });
const explanation = arrived(service.Explain, cluster.explanation);
const shown = arrived(service.GetVm, { vm: cluster.vm, hostName: 'kvm1', obstacles: cluster.obstacles });
const load = arrived(service.WatchLoad, {
  atMs: cluster.NOW_MS,
  hosts: cluster.hosts,
  vms: cluster.vms,
  migrations: [cluster.copying],
});

/** Every command's text for one reader. */
function pages(reader: View): Record<string, string> {
  return {
    hosts: `${hostTable(reader, sortHosts(hosts, 'name'))}\n${hostSummary(reader, hosts)}`,
    vms: vmTable(reader, sortVms(vms, 'name')),
    top: topFrame(reader, load, { rows: 24, order: 'cpu', footer: 'q quit' }),
    plan: planText(reader, plan),
    explain: explanationText(reader, explanation),
    decisions: decisionTable(reader, decisions),
    decision: decisions.map((decision) => decisionText(reader, decision)).join('\n\n'),
    migrations: migrationTable(reader, migrations),
    progress: migrations.map((migration) => progressLine(reader, migration)).join('\n'),
    results: migrations.map((migration) => migrationResult(reader, migration)).join('\n'),
    vm: shown.vm === null ? '' : vmSheet(reader, shown.vm, shown.hostName, shown.obstacles),
  };
}

const readers: Readonly<Record<string, View>> = {
  '80': view,
  '200': wide,
  pipe: { ...view, width: Infinity },
  'ascii-80': { ...view, unicode: false },
  'colour-80': { ...view, colour: true },
};

void t.test('every page reads as in its golden file', (t) => {
  for (const [name, reader] of Object.entries(readers)) {
    const file = new URL(`golden/${name}.txt`, import.meta.url);
    const text = Object.entries(pages(reader))
      .map(([page, body]) => `=== ${page}\n${body}\n`)
      .join('\n');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    t.equal(text, readFileSync(file, 'utf8'), `${name}; UPDATE_GOLDEN=1 writes the files anew`);
  }
  t.end();
});

void t.test('no line is wider than the terminal, and ASCII stays ASCII', (t) => {
  for (const width of [80, 100, 132, 200])
    for (const [page, body] of Object.entries(pages({ ...view, width })))
      for (const line of body.split('\n'))
        t.ok(widthOf(line) <= width, `${page} at ${width}: ${widthOf(line)} columns: ${line}`);

  t.notMatch(Object.values(pages({ ...view, unicode: false })).join(''), /[^\x00-\x7f]/);
  t.end();
});

void t.test('a pipe gets all columns and no cut text', (t) => {
  const body = Object.values(pages({ ...view, width: Infinity })).join('\n');
  t.notMatch(body, '…');
  t.match(body, /^HOST .*CORES .*ADDRESS$/m);
  t.end();
});

void t.test('a screen of few rows shows the hot host first and counts what it leaves out', (t) => {
  const many = arrived(service.WatchLoad, {
    atMs: cluster.NOW_MS,
    hosts: [
      ...Array.from({ length: 1_000 }, (_, index) => ({ hostName: `cool${index}`, cpuDemandRatio: 0.99 })),
      ...cluster.hosts,
    ],
    vms: Array.from({ length: 20_000 }, (_, index) => ({ sample: { name: `vm${index}`, vcpus: 1 } })),
  });
  const frame = topFrame(view, many, { rows: 24, order: 'cpu', footer: 'q quit' }).split('\n');
  t.equal(frame.length, 24);
  t.match(frame[3], /^kvm1 +hot cpu/);
  t.ok(frame.includes('and 996 more'));
  t.ok(frame.some((line) => /^and 199\d\d more$/.test(line)));
  t.equal(frame.at(-1), 'q quit');
  t.end();
});

void t.test('foreign text cannot steer the terminal', (t) => {
  t.equal(plain('web\u001b[2J\u0007\u202e1\n2'), 'web [2J 1 2');
  const control = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(control, (text) => {
      return !/[\u0000-\u001f\u007f-\u009f]/.test(plain(text));
    }),
  );
  t.notMatch(pages(wide)['vms'], '\u001b');
  t.end();
});

void t.test('width counts what a terminal shows', (t) => {
  for (const [text, width] of [
    ['kvm1', 4],
    ['█▎░', 3],
    ['負荷', 4],
    ['한글', 4],
    // Emoji: joined, with a skin tone, a flag, a keycap, and a sign that only the variation selector makes one.
    ['👩‍💻', 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['1️⃣', 2],
    ['⚠️', 2],
    ['⚠', 1],
    // Marks take no column of their own.
    ['e\u0301', 1],
    ['n\u0303\u0331', 1],
    ['\u200b', 0],
    [paint({ ...view, colour: true }, 'red', 'hot'), 3],
  ] as const)
    t.equal(widthOf(text), width, JSON.stringify(text));
  t.end();
});

void t.test('cut text never takes more than its columns, and no letter is halved', (t) => {
  t.equal(cut(view, '負荷テスト', 5), '負荷…');
  t.equal(cut(view, '負荷テスト', 4), '負…');
  t.equal(cut(view, '負荷テスト', 2), '…');
  t.equal(cut(view, '負荷テスト', 1), '…');
  t.equal(cut(view, 'a👩‍💻b👩‍💻', 4), 'a👩‍💻…');
  t.equal(cut({ ...view, unicode: false }, 'kvm-in-the-cellar', 6), 'kvm-i~');
  const colour = { ...view, colour: true };
  t.equal(cut(colour, paint(colour, 'red', 'one two three'), 8), `${paint(colour, 'red', 'one two')}…`);

  const letters = fc.constantFrom('a', ' ', '負', '한', '👩‍💻', '1️⃣', 'e\u0301', '\u0301', '\u200b', 'ﾞ');
  const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: letters }));
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
      return widthOf(cut(view, plain(text), width)) <= width;
    }),
  );
  t.end();
});

void t.test('text is wrapped by columns, colours and all', (t) => {
  const narrow = { ...view, width: 24, colour: true };
  t.equal(wrap(narrow, 'one two three four five', 4), 'one two three four\n    five');
  t.equal(wrap(narrow, ' one \t two\nthree ', 0), 'one two three');
  t.equal(wrap(narrow, '負荷 テスト 負荷テスト 負荷', 0), '負荷 テスト 負荷テスト\n負荷');
  t.equal(
    wrap(narrow, 'see /var/lib/libvirt/images/a.qcow2 now', 0),
    'see\n/var/lib/libvirt/images/a.qcow2\nnow',
  );
  t.equal(
    wrap(narrow, paint(narrow, 'red', 'one two three four five'), 4),
    `${paint(narrow, 'red', 'one two three four')}\n    ${paint(narrow, 'red', 'five')}`,
    'each line has its colour, and the indent has none',
  );
  t.equal(wrap({ ...view, width: Infinity }, 'one  two\n', 4), 'one  two\n', 'a pipe gets the text as it is');
  t.end();
});

void t.test('columns stay in line under wide letters, marks and colours', (t) => {
  const columns = [
    { title: 'NAME', shrinkTo: 4, text: (row: string) => row, style: () => 'red' as const },
    { title: 'SIZE', align: 'right' as const, text: () => '12' },
  ];
  const rows = ['web1', '負荷', '👩‍💻', 'cafe\u0301', '負荷テスト'];
  for (const colour of [false, true])
    for (const width of [80, 13]) {
      const lines = table({ ...view, width, colour }, columns, rows).split('\n');
      t.strictSame(new Set(lines.map(widthOf)), new Set([Math.min(width, '負荷テスト'.length * 2 + 6)]));
    }
  t.end();
});

void t.test('a table drops what ranks lowest, then cuts what may be cut', (t) => {
  const columns = [
    { title: 'NAME', shrinkTo: 6, text: (row: string) => row },
    { title: 'SIZE', align: 'right' as const, rank: 1, text: () => '12' },
    { title: 'NOTE', rank: 2, text: () => 'a long note' },
  ];
  const rows = ['kvm-in-the-cellar'];
  t.equal(
    table({ ...view, width: 40 }, columns, rows).split('\n')[1],
    'kvm-in-the-cellar    12  a long note',
  );
  t.equal(table({ ...view, width: 25 }, columns, rows).split('\n')[1], 'kvm-i…    12  a long note');
  t.equal(table({ ...view, width: 20 }, columns, rows).split('\n')[1], 'kvm-in-the-ce…    12');
  t.equal(table({ ...view, width: 8 }, columns, rows).split('\n')[1], 'kvm-in-…');
  t.end();
});

void t.test('numbers read as people write them', (t) => {
  t.equal(bar(view, 0.55, 6), '███▎░░');
  t.equal(bar(view, 2, 6), '██████');
  t.equal(bar({ ...view, unicode: false }, 0.5, 6), '###...');
  t.equal(bar(view, undefined, 6), '–');
  t.equal(bytesOf(view, 1.24 * GIB, 2 * GIB), '1.2/2.0 GiB');
  t.equal(bytesOf(view, undefined, 256 * MIB), '–/256 MiB');
  for (const [ms, text] of [
    [0, '0 ms'],
    [850, '850 ms'],
    [14_200, '14.2 s'],
    [59_990, '1 min 0 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [356_400_000, '4 d 3 h'],
  ] as const)
    t.equal(duration(ms), text);
  t.equal(time(view, cluster.NOW_MS), '14:32:05');
  t.equal(time(view, cluster.NOW_MS - 86_400_000), '2026-03-01 14:32');
  t.end();
});

void t.test('JSON has words for enums, no markers of the decoder, and leaves names alone', (t) => {
  const [first, second] = arrived(service.ListVmLoads, {
    vms: [
      { sample: { name: 'VM_STATE_RUNNING', state: 'VM_STATE_SHUTTING_DOWN' as const, cpuCores: 0 } },
      {},
    ],
  }).vms.map(toJson);
  t.match(first, {
    sample: { name: 'VM_STATE_RUNNING', state: 'shutting_down', migrationRole: null, cpuCores: 0 },
  });
  t.notMatch(JSON.stringify(first), /"_|stealRatio/);
  t.match(second, { sample: null, hostId: '', coolDownUntilMs: 0 });
  t.end();
});

void t.test('every state of a migration is shown as what it means to an operator', (t) => {
  const [copying] = migrations;
  if (copying === undefined) throw new Error('there is one');
  const result = (state: typeof copying.state): string => migrationResult(wide, { ...copying, state });
  for (const state of [
    'MIGRATION_STATE_ADMITTED',
    'MIGRATION_STATE_INTENT',
    'MIGRATION_STATE_PREPARING',
    'MIGRATION_STATE_ABORTING',
    'MIGRATION_STATE_SWITCHING',
    'MIGRATION_STATE_CLEANUP',
  ] as const) {
    t.match(result(state), /is moving from/, state);
    t.notOk(isEnded({ ...copying, state }));
  }
  t.match(result('MIGRATION_STATE_CRASHED'), /stopped during the migration and runs nowhere now/);
  t.match(result('MIGRATION_STATE_SPLIT'), /ran on BOTH .* Nothing was destroyed/);
  t.match(result('MIGRATION_STATE_UNKNOWN'), /It is unknown where/);
  for (const state of [
    'MIGRATION_STATE_CRASHED',
    'MIGRATION_STATE_SPLIT',
    'MIGRATION_STATE_UNKNOWN',
  ] as const)
    t.ok(isEnded({ ...copying, state }), state);
  t.end();
});

void t.test('what a NIC is plugged into is shown as what it is', (t) => {
  const none = {
    bridge: '',
    network: '',
    kind: '',
    device: '',
    macvtapMode: '',
    virtualPort: '',
    portgroup: '',
  };
  const cases: readonly (readonly [Partial<VmNic>, RegExp])[] = [
    [{ bridge: 'br0' }, /m on bridge br0$/m],
    [
      { kind: 'bridge', bridge: 'ovsbr0', virtualPort: 'openvswitch', vlans: [42] },
      /m on Open vSwitch bridge ovsbr0, VLAN 42$/m,
    ],
    [{ kind: 'network', network: 'lan' }, /m on network lan$/m],
    [
      { kind: 'bridge', network: 'ovs', bridge: 'ovsbr0', virtualPort: 'openvswitch', portgroup: 'g' },
      /m on network ovs \(Open vSwitch bridge ovsbr0\), portgroup g$/m,
    ],
    [
      { kind: 'direct', device: 'eth1', macvtapMode: 'bridge' },
      /m on interface eth1 as macvtap, mode bridge$/m,
    ],
    [{ kind: 'user' }, /m on user device$/m],
  ];
  const { vm } = shown;
  if (vm === null) throw new Error('there is a VM to show');
  for (const [nic, text] of cases)
    t.match(vmSheet(wide, { ...vm, nics: [{ ...none, vlans: [], mac: 'm', ...nic }] }, 'kvm1', []), text);
  t.end();
});
