// Tests how the cluster view folds a stream of reports, in whatever order it arrives, into hosts and VMs.
import fc from 'fast-check';
import t from 'tap';
import { hostPoint } from '../../../scheduler/load/load.ts';
import {
  emptyView,
  foldReport,
  forgetOld,
  hostState,
  moveVm,
  settleHost,
  vmsOf,
  type ClusterView,
} from '../../../scheduler/cluster/view.ts';
import { DETECTION, INTERVAL_MS, LIMITS, observe, reportOf, T0, type ModelHost } from '../model-cluster.ts';

const A = { name: 'a', cores: 1 };
const B = { name: 'b', cores: 0.5 };
const H1: ModelHost = { name: 'h1', cores: 1, vms: [A, B] };
const H2: ModelHost = { name: 'h2', cores: 1, vms: [] };

function fold(
  view: ClusterView,
  host: ModelHost,
  sequence: number,
  tickAtMs: number,
  boot = 'boot',
): boolean {
  return foldReport(view, reportOf(host, sequence, tickAtMs, boot), tickAtMs, DETECTION, LIMITS);
}

function whereIs(view: ClusterView, uuid: string): string | undefined {
  return view.vms.get(uuid)?.hostId;
}

void t.test('an old or repeated report changes nothing', (t) => {
  const view = emptyView();
  t.equal(fold(view, H1, 5, T0), true);
  t.equal(fold(view, H1, 5, T0), false, 'a duplicate');
  t.equal(fold(view, H1, 4, T0 - INTERVAL_MS), false, 'an earlier report that arrives late');
  t.equal(fold(view, H1, 6, T0 + INTERVAL_MS), true);
  t.equal(fold(view, H1, 1, T0 + 2 * INTERVAL_MS, 'boot-2'), true, 'a new boot counts from 1');
  t.equal(fold(view, H1, 7, T0 + 1.5 * INTERVAL_MS), false, 'a late report of the previous boot');
  t.equal(fold(view, H1, 1, T0, 'boot-3'), false, 'another boot with an older tick');
  t.equal(view.hosts.get('h1')?.points.length, 3);
  t.end();
});

void t.test('the order in which duplicates and late reports arrive does not matter', (t) => {
  const reports = Array.from({ length: 8 }, (_, at) => at + 1);
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const property = fc.property(fc.shuffledSubarray([...reports, ...reports]), (order) => {
    const view = emptyView();
    let newest = 0;
    for (const sequence of order) {
      if (fold(view, H1, sequence, T0 + sequence * INTERVAL_MS) !== sequence > newest) return false;
      newest = Math.max(newest, sequence);
    }
    return order.length === 0 || view.hosts.get('h1')?.report.sequence === newest;
  });
  const details = fc.check(property, { seed });
  t.notOk(details.failed, `replay with SEED=${seed}`);
  t.end();
});

void t.test('a VM keeps its history from host to host and is on one host only', (t) => {
  const view = observe([H1, H2]);
  t.equal(whereIs(view, 'a'), 'h1');
  fold(view, { ...H2, vms: [A] }, 7, T0 + INTERVAL_MS);
  t.equal(whereIs(view, 'a'), 'h2', 'the host that was last to start reporting it');
  t.strictSame(view.vms.get('a')?.alsoOnHostIds, [], 'one tick of overlap is normal in a hand-over');
  fold(view, { ...H1, vms: [B] }, 7, T0 + INTERVAL_MS);
  t.equal(whereIs(view, 'a'), 'h2');
  t.equal(view.vms.get('a')?.points.length, 7);
  const h1 = view.hosts.get('h1');
  t.strictSame(h1 && vmsOf(view, h1).map(({ uuid }) => uuid), ['b']);
  t.end();
});

void t.test('the end of a migration is known before the next reports', (t) => {
  const view = observe([H1, H2]);
  moveVm(view, 'a', 'h1', 'h2', T0 + 100);
  t.equal(whereIs(view, 'a'), 'h2');
  fold(view, H2, 7, T0 + 50);
  fold(view, H1, 7, T0 + 50);
  t.equal(whereIs(view, 'a'), 'h2', 'reports of ticks before its end do not undo it');
  t.strictSame(view.vms.get('a')?.alsoOnHostIds, []);
  fold(view, { ...H1, vms: [B] }, 8, T0 + INTERVAL_MS);
  fold(view, { ...H2, vms: [A] }, 8, T0 + INTERVAL_MS);
  t.equal(whereIs(view, 'a'), 'h2');
  fold(view, H2, 9, T0 + 2 * INTERVAL_MS);
  t.equal(whereIs(view, 'a'), undefined, 'a later one may say that it is gone');
  t.end();
});

void t.test('a VM that two hosts keep reporting is marked', (t) => {
  const view = observe([H1, { ...H2, vms: [A] }]);
  fold(view, H1, 7, T0 + INTERVAL_MS);
  fold(view, { ...H2, vms: [A] }, 7, T0 + INTERVAL_MS);
  const marked = [whereIs(view, 'a'), ...(view.vms.get('a')?.alsoOnHostIds ?? [])].sort();
  t.strictSame(marked, ['h1', 'h2']);
  t.strictSame(view.vms.get('b')?.alsoOnHostIds, []);
  t.end();
});

void t.test('only a complete report says that a VM is gone', (t) => {
  const view = observe([H1]);
  fold(view, { ...H1, vms: [], vmsComplete: false }, 7, T0 + INTERVAL_MS);
  t.equal(whereIs(view, 'a'), 'h1', 'unknown is not absent');
  fold(view, { ...H1, vms: [B] }, 8, T0 + 2 * INTERVAL_MS);
  t.equal(whereIs(view, 'a'), undefined);
  t.equal(whereIs(view, 'b'), 'h1');
  t.end();
});

void t.test('hosts are ready, unknown or stale', (t) => {
  const view = observe([H1, { ...H2, vmsComplete: false }]);
  const stateAt = (hostId: string, nowMs: number): string => {
    const host = view.hosts.get(hostId);
    return host === undefined ? 'none' : hostState(host, nowMs);
  };
  t.equal(stateAt('h1', T0 + 15_000), 'HOST_STATE_READY');
  t.equal(stateAt('h1', T0 + 15_001), 'HOST_STATE_STALE');
  t.equal(stateAt('h2', T0), 'HOST_STATE_UNKNOWN');
  foldReport(view, reportOf(H1, 7, T0 + 3_600_000), T0 + INTERVAL_MS, DETECTION, LIMITS);
  t.equal(
    stateAt('h1', T0 + 60_000),
    'HOST_STATE_STALE',
    'a clock that runs ahead does not keep a host fresh',
  );
  t.end();
});

void t.test('a host that sent nothing for a day is forgotten with its VMs', (t) => {
  const view = observe([H1]);
  observe([H2], { view, endAtMs: T0 + 25 * 3_600_000 });
  forgetOld(view, T0 + 25 * 3_600_000, LIMITS);
  t.strictSame([...view.hosts.keys()], ['h2']);
  t.equal(view.vms.size, 0);
  t.end();
});

void t.test('history is bounded and a renamed host stays the same', (t) => {
  const view = observe([H1], { ticks: LIMITS.historySamples + 20 });
  t.equal(view.hosts.get('h1')?.points.length, LIMITS.historySamples);
  t.equal(view.vms.get('a')?.points.length, LIMITS.historySamples);
  foldReport(view, { ...reportOf(H1, 999, T0 + INTERVAL_MS), hostName: 'new' }, T0, DETECTION, LIMITS);
  t.equal(view.hosts.size, 1);
  t.equal(view.hosts.get('h1')?.hostName, 'new');
  t.end();
});

void t.test('after a migration, earlier measurements no longer count', (t) => {
  const view = observe([H1]);
  t.not(view.hosts.get('h1')?.heats.cpu, undefined);
  settleHost(view, 'h1', T0 + 1, DETECTION);
  t.equal(view.hosts.get('h1')?.heats.cpu, undefined);
  const hotAfter = [1, 2, 3, 4].map((tick) => {
    fold(view, H1, 6 + tick, T0 + tick * INTERVAL_MS);
    return view.hosts.get('h1')?.heats.cpu !== undefined;
  });
  t.strictSame(
    hotAfter,
    [false, false, false, true],
    'the interval of the hand-over and two more prove nothing',
  );
  t.end();
});

void t.test('impossible figures are unknown, not idle', (t) => {
  const report = reportOf(H1, 1, T0);
  t.not(hostPoint(report), undefined);
  const { host } = report;
  if (host === null) throw new Error('the model has a host sample');
  for (const bad of [
    { cpuCores: 0 },
    { cpuDemandCores: NaN },
    { cpuDemandCores: -1 },
    { memoryBytes: 0 },
    { memoryAvailableBytes: host.memoryBytes + 1 },
  ])
    t.equal(hostPoint({ ...report, host: { ...host, ...bad } }), undefined, JSON.stringify(bad));
  t.end();
});
