// Tests the snapshot of the live cluster: host reports, restraint from migrations, operators' orders.
import fc from 'fast-check';
import t from 'tap';
import { hotSpotsOf } from '../../../scheduler/load/evidence.ts';
import { ownUseOf } from '../../../scheduler/load/reconcile.ts';
import { snapshotOf, type SnapshotInput } from '../../../scheduler/cluster/snapshot.ts';
import { type ClusterView, foldReport, foldSight, settleHost } from '../../../scheduler/cluster/view.ts';
import { parseQuietWindow } from '../../../scheduler/restraint/quiet-windows.ts';
import { readSnapshot } from '../../../scheduler/planner/contract/snapshot.ts';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { GIB, MIB, MINUTE_MS } from '../../../shared/units.ts';
import {
  DETECTION,
  INTERVAL_MS,
  ledger,
  LIMITS,
  migration,
  observe,
  reportOf,
  T0,
  type ModelHost,
} from '../model-cluster.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const A = { name: 'a', cores: 2.5, memoryMaxBytes: 4 * GIB, rssBytes: GIB, vcpus: 4 };
const B = { name: 'b', cores: 2 };
const H1: ModelHost = { name: 'h1', cores: 4, vms: [A, B] };
const H2: ModelHost = { name: 'h2', cores: 8, vms: [] };

function take(view: ClusterView, more: Partial<SnapshotInput> = {}) {
  const snapshot = snapshotOf({
    view,
    ledger: ledger(),
    detection: DETECTION,
    nowMs: T0,
    modes: { cluster: 'auto', byHost: new Map(), byVm: new Map() },
    drainingHostIds: new Set(),
    rules: [],
    pending: [],
    quietWindows: [],
    controlPlaneVms: new Set(),
    ...more,
  });
  const host = (hostId: string) => snapshot.hosts.find((each) => each.hostId === hostId);
  const vm = (uuid: string) => snapshot.vms.find((each) => each.uuid === uuid);
  return { snapshot, host, vm };
}

void t.test('a snapshot holds the demand of hosts and VMs, and its reader accepts it', (t) => {
  const { snapshot, host, vm } = take(observe([H2, H1]));
  t.strictSame(
    snapshot.hosts.map(({ hostId }) => hostId),
    ['h1', 'h2'],
    'in order of id',
  );
  t.match(host('h1'), {
    state: 'ready',
    service: 'in_service',
    cpuCores: 4,
    load: { cpu: { now: 4.55, peak: 4.55, forecast: 4.55 } },
    memoryAllocatedBytes: 4 * GIB + 512 * MIB,
    hot: [{ resource: 'cpu', level: 'critical' }],
    traits: ['pool:shared', 'bridge:br0'],
  });
  t.equal(host('h1')?.settlingUntilMs, undefined);
  t.match(vm('a'), { hostId: 'h1', vcpus: 4, load: { cpu: { now: 2.5 }, memory: { peak: GIB } } });
  t.equal(vm('a')?.held, undefined);
  t.strictSame(readSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot);
  t.end();
});

void t.test('a migration that waits for an operator holds its VM, but no host', (t) => {
  const inState = (state: Migration['state']) =>
    take(observe([H1, H2]), {
      ledger: ledger([
        migration({ vmUuid: 'a', sourceHostId: 'h1', targetHostId: 'h2', state, endedAtMs: 0 }),
      ]),
    });
  const unknown = inState('MIGRATION_STATE_UNKNOWN');
  t.match(unknown.vm('a')?.held, { code: 'unknown_outcome', against: 'every_move' });
  t.strictSame([unknown.snapshot.migrations, unknown.host('h1')?.migrationsOut], [[], 0]);
  const copying = inState('MIGRATION_STATE_COPYING');
  t.strictSame([copying.snapshot.migrations.length, copying.host('h1')?.migrationsOut], [1, 1]);
  t.end();
});

void t.test('whatever hosts report, the reader accepts the snapshot', (t) => {
  t.comment(`SEED=${SEED}`);
  const vms = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 3 }),
      cores: fc.double({ min: 0, max: 99, noNaN: true }),
      stuck: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 8 },
  );
  const cluster = fc.record({
    vms,
    cores: fc.integer({ min: 1, max: 64 }),
    ticks: fc.integer({ min: 1, max: 9 }),
  });
  const property = fc.property(cluster, fc.boolean(), ({ vms: of, cores, ticks }, vmsComplete) => {
    const view = observe([{ name: 'h1', cores, vms: of, vmsComplete }], { ticks });
    const { snapshot } = take(view);
    t.strictSame(readSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot);
  });
  const details = fc.check(property, { seed: SEED, numRuns: 100 });
  t.notOk(details.failed, `replay with SEED=${SEED}`);
  t.end();
});

void t.test('a host whose agent has just started, or reports only in part, is not planned with', (t) => {
  const view = observe([H1]);
  const first = reportOf(H2, 1, T0);
  foldReport(view, { ...first, host: null, facts: null }, T0, DETECTION, LIMITS);
  const { snapshot, host } = take(view);
  t.match(host('h2'), { state: 'unknown', cpuCores: 1, memoryBytes: 1, load: { cpu: { now: 1 } } });
  t.ok((host('h2')?.settlingUntilMs ?? 0) > T0);
  t.strictSame(readSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot);
  t.end();
});

void t.test('a host receives nothing after an arrival until enough whole intervals have passed', (t) => {
  const view = observe([H1, H2]);
  settleHost(view, 'h2', T0 + 1_000, DETECTION);
  t.equal(take(view).host('h2')?.settlingUntilMs, T0 + 1_000 + 3 * INTERVAL_MS);
  t.match(take(view).host('h2')?.load.cpu.now, 0.05, 'the last sample still counts');
  observe([H1, H2], { view, ticks: 4, endAtMs: T0 + 4 * INTERVAL_MS, firstSequence: 7 });
  t.equal(take(view, { nowMs: T0 + 4 * INTERVAL_MS }).host('h2')?.settlingUntilMs, undefined);
  t.end();
});

void t.test('a peak covers the demand of the last five minutes, except for bursts of CPU', (t) => {
  const view = observe([H2], { ticks: 1, endAtMs: T0 - 60 * INTERVAL_MS });
  const busy = { ...H2, ownCores: 7, vms: [{ name: 'x', cores: 0, rssBytes: 8 * GIB }] };
  observe([busy], { view, ticks: 2, firstSequence: 2, endAtMs: T0 - 40 * INTERVAL_MS });
  observe([H2], { view, ticks: 39, firstSequence: 10, endAtMs: T0 });
  const load = take(view).host('h2')?.load;
  t.ok((load?.cpu.peak ?? 9) < 1, 'two samples of forty are a burst');
  t.ok((load?.memory.peak ?? 0) > 8 * GIB, 'memory that was in use must be available');
  observe([H2], { view, ticks: 30, firstSequence: 60, endAtMs: T0 + 30 * INTERVAL_MS });
  t.ok((take(view).host('h2')?.load.memory.peak ?? Infinity) < GIB, 'and is forgotten after five minutes');
  t.end();
});

void t.test(
  'the forecast looks ahead for the duration of the move, and only where a move is possible',
  (t) => {
    const view = observe([], {});
    for (let tick = 0; tick < 40; tick += 1) {
      const rising = { ...A, cores: 0.5 + tick * 0.1 };
      const atMs = T0 - (39 - tick) * INTERVAL_MS;
      observe(
        [
          { ...H1, vms: [rising] },
          { ...H2, vms: [{ ...rising, name: 'c', cores: tick * 0.1 }] },
        ],
        {
          view,
          ticks: 1,
          endAtMs: atMs,
          firstSequence: tick + 1,
        },
      );
    }
    const { host, vm } = take(view);
    const seconds = 2 + GIB / (100 * MIB);
    const expected = 4.4 + (0.1 * seconds) / 5;
    t.ok(Math.abs((vm('a')?.load.cpu.forecast ?? 0) - expected) < 0.05, 'of a VM on a hot host');
    t.equal(vm('c')?.load.cpu.forecast, vm('c')?.load.cpu.now, 'not of one on a calm host');
    t.ok(
      (host('h2')?.load.cpu.forecast ?? 0) > (host('h2')?.load.cpu.now ?? 0),
      'of every host, since any may be a target',
    );
    t.end();
  },
);

void t.test('a hold has its code, and says whether a duty overrides it', (t) => {
  const view = observe([H1, H2]);
  const heldBy = (more: Partial<SnapshotInput>, over = view) => take(over, more).vm('a')?.held;
  const under = ledger([migration({ state: 'MIGRATION_STATE_COPYING' })]);
  t.match(heldBy({ ledger: under }), { code: 'migrating', against: 'every_move' });
  const unclear = ledger([migration({ state: 'MIGRATION_STATE_UNKNOWN' })]);
  t.match(heldBy({ ledger: unclear }), { code: 'unknown_outcome', against: 'every_move' });
  const moved = ledger([migration({}), migration({ migrationId: 'm0', endedAtMs: T0 - 3_600_000 })]);
  t.match(heldBy({ ledger: moved }), {
    code: 'cooling_down',
    against: 'optional_moves',
    untilMs: T0 - 15_000 + 30 * 60_000,
    reason: /one of 2 within a day/,
  });
  const failure = {
    state: 'MIGRATION_STATE_FAILED',
    causeCode: 'MIGRATION_CAUSE_VM_BUSY',
    outcome: 'it has 1 snapshot',
  } as const;
  const failed = ledger([
    migration({ ...failure, endedAtMs: T0 }),
    migration({ ...failure, migrationId: 'm0' }),
  ]);
  t.match(heldBy({ ledger: failed }), {
    code: 'failed',
    against: 'every_move',
    untilMs: T0 + 2 * MINUTE_MS,
    reason:
      'its migration to h2, the last of 2 in a row, failed: vm_busy: it has 1 snapshot; tried again at 22:15:20 UTC',
  });
  t.match(heldBy({ ledger: failed, controlPlaneVms: new Set(['a']) }), { code: 'control_plane' });
  t.match(heldBy({ controlPlaneVms: new Set(['a']) }), { code: 'control_plane', against: 'every_move' });
  const pinned = observe([{ ...H1, vms: [{ ...A, neverMove: true }] }]);
  t.match(heldBy({}, pinned), { code: 'never_move', against: 'every_move' });
  const stuck = observe([{ ...H1, vms: [{ ...A, stuck: true }] }]);
  t.match(heldBy({}, stuck), { code: 'stuck' });
  settleHost(stuck, 'h1', T0 + 1, DETECTION);
  const kept = observe([H1]);
  const sight = { causeCode: 'MIGRATION_CAUSE_VM_BUSY', reason: 'a backup runs', cure: 'wait' } as const;
  foldSight(kept, 'h2', 'a', { obstacles: [sight] });
  t.equal(heldBy({}, kept), undefined, 'said by a host that does not run it');
  foldSight(kept, 'h1', 'a', { obstacles: [sight] });
  t.strictSame(heldBy({}, kept), {
    ...{ code: 'vm_busy', reason: 'a backup runs', cure: 'wait', against: 'every_move' },
  });
  t.match(heldBy({}, stuck), { code: 'settling' }, 'by a sample from before a migration ended');
  t.equal(heldBy({}, observe([H1], { view: stuck, firstSequence: 100, endAtMs: T0 + 60_000 })), undefined);
  const young = observe([H1], { ticks: 3 });
  t.match(heldBy({}, young), { code: 'no_history', against: 'optional_moves' });
  t.end();
});

void t.test('migrations, hosts left recently and refused targets are in the snapshot', (t) => {
  const view = observe([H1, H2]);
  const coming = ledger([migration({ state: 'MIGRATION_STATE_COPYING' })]);
  const taken = take(view, { ledger: coming });
  t.strictSame(taken.snapshot.migrations, [{ vmUuid: 'a', sourceHostId: 'h1', targetHostId: 'h2' }]);
  t.match(taken.host('h2'), { migrationsIn: 1, memoryAllocatedBytes: 4 * GIB });
  t.match(taken.host('h1'), { migrationsOut: 1, memoryAllocatedBytes: 4 * GIB + 512 * MIB });
  const back = ledger([migration({ sourceHostId: 'h2', targetHostId: 'h1' })]);
  t.match(take(view, { ledger: back }).vm('a')?.leftHosts, [{ hostId: 'h2' }]);
  const refused = ledger([
    migration({ state: 'MIGRATION_STATE_FAILED', startedAtMs: 0, outcome: 'no such bridge' }),
  ]);
  t.match(take(view, { ledger: refused }).vm('a')?.refusedTargets, [
    { hostId: 'h2', reason: 'no such bridge' },
  ]);
  t.end();
});

void t.test('modes, maintenance and quiet windows are passed on', (t) => {
  const window = parseQuietWindow('00:00-24:00');
  const { snapshot, host, vm } = take(observe([H1, H2]), {
    modes: { cluster: 'recommend', byHost: new Map([['h2', 'observe']]), byVm: new Map([['a', 'auto']]) },
    drainingHostIds: new Set(['h1']),
    quietWindows: window === undefined ? [] : [window],
  });
  t.match(snapshot, { mode: 'recommend', quietReason: /quiet window \(00:00-24:00\)/ });
  t.match(host('h1'), { service: 'draining' });
  t.match(host('h2'), { mode: 'observe' });
  t.equal(vm('a')?.mode, 'auto');
  t.end();
});

void t.test('the usual load of a VM is in the snapshot once it is known', (t) => {
  const usual = { meanCores: 2, deviationCores: 0.5, samples: 12 };
  const { snapshot, vm } = take(observe([H1]), {
    usualCpu: (uuid) => (uuid === 'a' ? usual : undefined),
  });
  t.strictSame(vm('a')?.usualCpu, usual);
  t.equal(vm('b')?.usualCpu, undefined);
  t.strictSame(readSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot);
  t.end();
});

void t.test('a VM may go to a host of its architecture with a hypervisor that is not older', (t) => {
  const view = observe([]);
  const versions: Record<string, string> = { h1: '7.2.9', h2: '7.2.10', h3: '6.0' };
  for (const [name, hypervisorVersion] of Object.entries(versions)) {
    const report = reportOf({ name, cores: 4, vms: [{ name: `on-${name}`, cores: 1 }] }, 1, T0);
    if (report.facts === null) throw new Error('the model makes facts');
    const facts = { ...report.facts, hypervisorVersion, architecture: 'x86_64' };
    foldReport(view, { ...report, facts }, T0, DETECTION, LIMITS);
  }
  const { snapshot } = take(view);
  const targetsOf = (uuid: string) =>
    snapshot.hosts
      .filter(({ traits }) =>
        snapshot.vms.find((vm) => vm.uuid === uuid)?.needs?.every((need) => traits.includes(need)),
      )
      .map(({ hostId }) => hostId);
  t.strictSame(targetsOf('on-h1'), ['h1', 'h2']);
  t.strictSame(targetsOf('on-h2'), ['h2']);
  t.strictSame(targetsOf('on-h3'), ['h1', 'h2', 'h3']);
  t.end();
});

void t.test("the evidence of a hot host names the VMs that waited and the host's own use", (t) => {
  const view = observe([]);
  for (let tick = 1; tick <= 4; tick += 1) {
    const report = reportOf({ ...H1, ownCores: 0.4 }, tick, T0 + tick * INTERVAL_MS);
    const vms = report.vms.map((vm) => ({ ...vm, stealRatio: 0.23 }));
    foldReport(view, { ...report, vms }, T0 + tick * INTERVAL_MS, DETECTION, LIMITS);
  }
  const [spot] = take(view, { nowMs: T0 + 4 * INTERVAL_MS }).host('h1')?.hot ?? [];
  t.match(spot?.evidence, /CPU demand was at or over 90 % of the host in 4 of the last 4 samples \(123 %, /);
  t.match(
    spot?.evidence,
    /critical: .*one of its VMs waited 23 % of the time for a CPU; 10 % of the host is its own use$/,
  );
  const heat = { sinceMs: T0, state: 'hot' as const };
  const hastenedBy = { value: 1.02, error: 0.03, model: 'holt' as const, scored: 40 };
  const points = view.hosts.get('h1')?.points ?? [];
  const [soon] = hotSpotsOf({ cpu: { ...heat, hastenedBy }, memory: undefined }, points, DETECTION);
  t.match(
    soon?.evidence,
    /forecast to reach 102 %, above 95 % \(model "holt", typical error 3 % over 40 forecasts\)/,
  );
  t.end();
});

void t.test(
  'when VMs use more than their host shows, the figures are said to be in doubt and its own use is 0',
  (t) => {
    const view = observe([H1]);
    const points = view.hosts.get('h1')?.points ?? [];
    t.ok(Math.abs((ownUseOf(points, 3)?.cpuCores ?? 0) - 0.05) < 1e-9);
    t.equal(ownUseOf(points, 3)?.memoryBytes, 200 * MIB);
    t.equal(ownUseOf(points, 3)?.doubt, undefined);
    const wrong = points.map((point) => ({
      ...point,
      vms: { ...point.vms, cpuDemandCores: 40, memoryBytes: 100 * GIB },
    }));
    t.match(ownUseOf(wrong, 3), {
      cpuCores: 0,
      memoryBytes: 0,
      doubt: /want 35\.5 cores more than the whole host shows; its VMs hold 98\.\d GiB more/,
    });
    t.equal(ownUseOf([], 3), undefined);
    t.end();
  },
);
