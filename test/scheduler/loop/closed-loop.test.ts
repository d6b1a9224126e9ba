// Tests the whole loop over a simulated day: samples, detection, snapshot, plan, moves and restraint.
import t from 'tap';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { GIB, HOUR_MS, MINUTE_MS } from '../../../shared/units.ts';
import { snapshotOf } from '../../../scheduler/cluster/snapshot.ts';
import { emptyView, foldReport, moveVm, settleHost } from '../../../scheduler/cluster/view.ts';
import { detectionOf } from '../../../scheduler/config.ts';
import { ledgerOf } from '../../../scheduler/restraint/ledger.ts';
import { planMoves } from '../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_RESTRAINT } from '../../../scheduler/restraint/cool-down.ts';
import { Random } from '../../../sim/world/random.ts';
import { LIMITS, migration, POLICY, reportOf, SETTINGS, T0 } from '../model-cluster.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const TICK_MS = MINUTE_MS;
const DAY_TICKS = (24 * HOUR_MS) / TICK_MS;
const CORES = 8;

/** Demand of VM number `vm` at a tick, in cores. */
type Demand = (vm: number, tick: number) => number;

/** Simulates a day of a cluster whose VMs start on the hosts in `placed`; returns the moves made, in order. */
function day(placed: readonly number[], hosts: number, demand: Demand, ticks = DAY_TICKS): Migration[] {
  const view = emptyView();
  const hostOf = [...placed];
  const done: Migration[] = [];
  for (let tick = 1; tick <= ticks; tick += 1) {
    const nowMs = T0 + tick * TICK_MS;
    for (let host = 0; host < hosts; host += 1) {
      const vms = hostOf.flatMap((at, vm) =>
        at === host ? [{ name: `v${vm}`, cores: demand(vm, tick), rssBytes: GIB, memoryMaxBytes: GIB }] : [],
      );
      const report = reportOf({ name: `h${host}`, cores: CORES, vms }, tick, nowMs);
      foldReport(view, { ...report, intervalMs: TICK_MS }, nowMs, detectionOf(SETTINGS), LIMITS);
    }
    const snapshot = snapshotOf({
      ...{ view, nowMs, detection: detectionOf(SETTINGS), ledger: ledgerOf(done, nowMs, DEFAULT_RESTRAINT) },
      ...{ modes: { cluster: 'auto', byHost: new Map(), byVm: new Map() }, drainingHostIds: new Set() },
      ...{ rules: [], pending: [], quietWindows: [], controlPlaneVms: new Set() },
    });
    const busy = new Set<string>();
    for (const move of planMoves(snapshot, POLICY, {}).moves) {
      const { vmUuid, sourceHostId, targetHostId } = move;
      if (move.after.length > 0 || busy.has(sourceHostId) || busy.has(targetHostId)) continue;
      busy.add(sourceHostId).add(targetHostId);
      const endedAtMs = nowMs + 15_000;
      const migrationId = `m${done.length}`;
      const times = { queuedAtMs: nowMs, startedAtMs: nowMs, endedAtMs };
      done.push(migration({ migrationId, decisionId: 'd', vmUuid, sourceHostId, targetHostId, ...times }));
      hostOf[Number(vmUuid.slice(1))] = Number(targetHostId.slice(1));
      moveVm(view, vmUuid, sourceHostId, targetHostId, endedAtMs);
      for (const hostId of [sourceHostId, targetHostId])
        settleHost(view, hostId, endedAtMs, detectionOf(SETTINGS));
    }
  }
  return done;
}

/** Counts VMs that returned to a host within the time in which they must not. */
function returns(moves: readonly Migration[]): number {
  return moves.filter((move) =>
    moves.some(
      (earlier) =>
        earlier.vmUuid === move.vmUuid &&
        earlier.sourceHostId === move.targetHostId &&
        earlier.endedAtMs < move.endedAtMs &&
        move.endedAtMs - earlier.endedAtMs < DEFAULT_RESTRAINT.returnAfterMs,
    ),
  ).length;
}

/** All VMs on two of the hosts, which then want more than they have. */
function crowded(vms: number): number[] {
  return Array.from({ length: vms }, (_, vm) => vm % 2);
}

t.test('under constant load VMs move until no host is hot, and not again for the rest of the day', (t) => {
  const moves = day(crowded(24), 6, () => 1);
  t.ok(moves.length > 0 && moves.length <= 16, `${moves.length} moves`);
  t.ok(
    moves.every(({ endedAtMs }) => endedAtMs < T0 + HOUR_MS),
    'all within the first hour',
  );
  t.equal(returns(moves), 0);
  t.end();
});

t.test('no VM returns under realistic noise either', (t) => {
  t.comment(`SEED=${SEED}`);
  const random = new Random(SEED, 1);
  const moves = day(crowded(24), 6, () => 0.7 + 0.6 * random.ratio(), DAY_TICKS / 4);
  t.ok(moves.length <= 20, `${moves.length} moves; replay with SEED=${SEED}`);
  t.equal(returns(moves), 0, `replay with SEED=${SEED}`);
  t.end();
});

t.test('a spike of a single sample moves nothing, however high and often', (t) => {
  const even = Array.from({ length: 24 }, (_, vm) => vm % 6);
  t.equal(day(even, 6, (vm, tick) => (tick % 30 === 0 && vm < 12 ? 20 : 1), 300).length, 0);
  t.end();
});

t.test('a load that shifts from host to host is followed with restraint', (t) => {
  t.comment(`SEED=${SEED}`);
  const random = new Random(SEED, 2);
  const even = Array.from({ length: 24 }, (_, vm) => vm % 6);
  // VMs on the same host are busy at the same time, three times a day, and want more than the host has.
  const phases = even.map((host) => ((host + random.ratio() / 2) * DAY_TICKS) / 18);
  const wave = (vm: number, tick: number): number =>
    1.2 + 1.2 * Math.sin((2 * Math.PI * (tick + (phases[vm] ?? 0))) / (DAY_TICKS / 3));
  const moves = day(even, 6, wave);
  t.ok(moves.length > 0);
  t.equal(returns(moves), 0, `of ${moves.length} moves; replay with SEED=${SEED}`);
  const most = Math.max(...even.map((_, vm) => moves.filter(({ vmUuid }) => vmUuid === `v${vm}`).length));
  t.ok(most <= 8, `one VM moved ${most} times: cool-downs of 15, 30, 60 ... 360 minutes allow no more`);
  t.end();
});
