// Tests what the scheduler makes of wrong clocks: of hosts, and of schedulers whose own clock was set back.
import t from 'tap';
import { offsetText } from '../../../scheduler/cluster/clock-offset.ts';
import {
  emptyView,
  foldReport,
  hostState,
  clockWarning,
  noteRefusal,
  type ClusterView,
} from '../../../scheduler/cluster/view.ts';
import { refuseReport } from '../../../scheduler/reports/check-report.ts';
import { HOUR_MS, MINUTE_MS } from '../../../shared/units.ts';
import { DETECTION, INTERVAL_MS, ledger, LIMITS, migration, reportOf, T0 } from '../model-cluster.ts';

const DAY_MS = 24 * HOUR_MS;
const HOST = { name: 'h1', cores: 4, vms: [] };

/** Folds the host's report that NATS stored so long after its tick, with so many reports waiting behind it. */
function fold(view: ClusterView, sequence: number, lateMs: number, reportsBuffered = 0): void {
  const storedAtMs = T0 + sequence * INTERVAL_MS;
  const report = reportOf(HOST, sequence, storedAtMs - lateMs);
  const agent = {
    reportsPublished: sequence,
    samplesPublished: 0,
    reportsDropped: 0,
    stuckVms: 0,
    sampleDurationMs: 100,
    reportsBuffered,
  };
  const live = { ...report, agent: { ...report.agent, ...agent } };
  foldReport(view, live, storedAtMs, DETECTION, LIMITS);
}

function seen(view: ClusterView): [string, string] {
  const host = view.hosts.get('h1');
  if (host === undefined) return ['', ''];
  return [hostState(host, host.observedAtMs), clockWarning(view, host)];
}

t.test('a host whose clock is ahead is named until its clock is right', (t) => {
  const view = emptyView();
  fold(view, 1, -4_000);
  t.same(seen(view), ['HOST_STATE_READY', '']);
  fold(view, 2, -60_000);
  t.match(seen(view), ['HOST_STATE_READY', /^its clock is 60 s ahead of that of NATS, .*set its clock/]);
  fold(view, 3, 100);
  t.same(seen(view), ['HOST_STATE_READY', ''], 'ticks that go back are taken');
  t.equal(view.hosts.get('h1')?.report.sequence, 3);
  t.end();
});

t.test('a clock that is behind shows in two live reports; reports that waited for NATS are honest', (t) => {
  const view = emptyView();
  fold(view, 1, 100);
  fold(view, 2, 120_000);
  for (let sequence = 3; sequence < 20; sequence += 1) {
    fold(view, sequence, 120_000 - sequence * 5_000, 20 - sequence);
    t.same(seen(view), ['HOST_STATE_READY', ''], `report ${sequence} of those that waited`);
  }
  fold(view, 20, 30_000);
  t.same(seen(view), ['HOST_STATE_READY', '']);
  fold(view, 21, 30_000);
  t.match(seen(view), ['HOST_STATE_READY', /^its clock is 30 s behind that of NATS/]);
  fold(view, 22, 100);
  t.same(seen(view), ['HOST_STATE_READY', '']);
  t.end();
});

t.test('a host whose reports are refused says why, until one is taken', (t) => {
  const view = emptyView();
  fold(view, 1, 0);
  const storedAtMs = T0 + 2 * INTERVAL_MS;
  const reason = refuseReport(reportOf(HOST, 2, storedAtMs + 400 * DAY_MS), 'h1', storedAtMs) ?? '';
  t.equal(reason, "tick_at_ms is 400 days ahead of NATS; set the host's clock");
  noteRefusal(view, 'h1', reason, storedAtMs);
  t.match(seen(view)[1], /^its reports are refused: tick_at_ms is 400 days ahead/);
  noteRefusal(view, 'made up', reason, storedAtMs);
  t.equal(view.refusals.size, 1, 'ids that never reported are not kept');
  fold(view, 3, 0);
  t.equal(seen(view)[1], '');
  t.end();
});

t.test('offsets are told in the unit that people use', (t) => {
  const told = [7_000, -150_000, 3 * HOUR_MS, -400 * DAY_MS].map(offsetText);
  t.same(told, ['7 s', '3 minutes', '3 hours', '400 days']);
  t.end();
});

t.test('what ended in the future, by a clock that was set back since, restrains nobody', (t) => {
  const endedAt = (endedAtMs: number, over = {}) =>
    migration({
      decisionId: 'd',
      queuedAtMs: endedAtMs - 2_000,
      startedAtMs: endedAtMs - 1_000,
      endedAtMs,
      ...over,
    });
  const failed = { state: 'MIGRATION_STATE_FAILED', causeCode: 'MIGRATION_CAUSE_VM_BUSY' } as const;
  const ahead = ledger([
    endedAt(T0 + 3 * DAY_MS),
    endedAt(T0 + 3 * DAY_MS, { ...failed, migrationId: 'm2' }),
  ]);
  t.same([ahead.coolDowns.size, ahead.retries.size, ahead.leftHosts.size], [0, 0, 0]);
  t.equal(ahead.budgets.moves, 100);
  const near = ledger([endedAt(T0 + MINUTE_MS)]);
  t.same(
    [near.coolDowns.size, near.leftHosts.size, near.budgets.moves],
    [1, 1, 99],
    'clocks of schedulers differ',
  );
  const running = migration({ state: 'MIGRATION_STATE_COPYING', queuedAtMs: T0 + 3 * DAY_MS, endedAtMs: 0 });
  t.equal(ledger([running]).active.length, 1, 'one under way holds its VM whatever its time');
  t.end();
});
