// Tests restraint: how long a VM stays after a move, hosts it may not return to, and budgets for an hour.
import fc from 'fast-check';
import t from 'tap';
import { ledgerOf } from '../../../scheduler/restraint/ledger.ts';
import { parseQuietWindow, quietReason } from '../../../scheduler/restraint/quiet-windows.ts';
import { budgetsLeft } from '../../../scheduler/restraint/budgets.ts';
import { coolDownOf, DEFAULT_RESTRAINT } from '../../../scheduler/restraint/cool-down.ts';
import { quietWindowsOf } from '../../../scheduler/restraint/settings.ts';
import { GIB, HOUR_MS, MINUTE_MS } from '../../../shared/units.ts';
import { migration, SETTINGS, T0 } from '../model-cluster.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Copies of VM "a" that ended so many minutes ago, each after one minute. */
function copies(...endedMinutesAgo: readonly number[]) {
  return endedMinutesAgo.map((minutes, at) => {
    const endedAtMs = T0 - minutes * MINUTE_MS;
    return migration({ migrationId: `m${at}`, startedAtMs: endedAtMs - MINUTE_MS, endedAtMs });
  });
}

function coolDownMinutes(...endedMinutesAgo: readonly number[]): number {
  const coolDown = coolDownOf(copies(...endedMinutesAgo), DEFAULT_RESTRAINT);
  return ((coolDown?.untilMs ?? 0) - (coolDown?.migration.endedAtMs ?? 0)) / MINUTE_MS;
}

void t.test('a cool-down doubles with each move in a day, up to six hours', (t) => {
  t.equal(coolDownOf([], DEFAULT_RESTRAINT), undefined);
  t.equal(coolDownMinutes(0), 15);
  t.equal(coolDownMinutes(0, 60), 30);
  t.equal(coolDownMinutes(500, 0, 60, 300), 120, 'in any order');
  t.equal(coolDownMinutes(0, 1, 2, 3, 4, 5, 6, 7, 8), 360);
  t.equal(coolDownMinutes(0, 24 * 60), 15, 'a day later it is forgotten');
  t.equal(coolDownMinutes(0, 24 * 60 - 1), 30);
  t.end();
});

void t.test('a long copy is followed by a cool-down of the same length', (t) => {
  const long = migration({ startedAtMs: T0 - 40 * MINUTE_MS, endedAtMs: T0 });
  t.equal(coolDownOf([long], DEFAULT_RESTRAINT)?.untilMs, T0 + 40 * MINUTE_MS);
  const failed = migration({ ...long, state: 'MIGRATION_STATE_FAILED', startedAtMs: T0 - 1_000 });
  t.equal(coolDownOf([failed], DEFAULT_RESTRAINT)?.untilMs, T0 + 5 * MINUTE_MS);
  const busy = migration({ ...failed, causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING' });
  t.equal(coolDownOf([busy], DEFAULT_RESTRAINT)?.untilMs, T0 + 30 * MINUTE_MS);
  t.end();
});

void t.test('an abort right after a move does not shorten the cool-down of the move', (t) => {
  const moved = migration({ migrationId: 'm1', startedAtMs: T0 - 1_000, endedAtMs: T0 });
  const aborted = migration({
    ...moved,
    migrationId: 'm2',
    state: 'MIGRATION_STATE_ABORTED',
    causeCode: 'MIGRATION_CAUSE_USER_ABORT',
    endedAtMs: T0 + 2_000,
  });
  t.equal(coolDownOf([aborted, moved], DEFAULT_RESTRAINT)?.untilMs, T0 + 15 * MINUTE_MS);
  t.end();
});

void t.test('the end of a cool-down does not move as time passes, whatever the history', (t) => {
  t.comment(`SEED=${SEED}`);
  const minutes = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 30 });
  const property = fc.property(minutes, fc.integer({ min: 0, max: 600 }), (ended, waited) => {
    const history = copies(...ended);
    const early = ledgerOf(history, T0, DEFAULT_RESTRAINT).coolDowns.get('a');
    const late = ledgerOf(history, T0 + waited * MINUTE_MS, DEFAULT_RESTRAINT).coolDowns.get('a');
    if (late !== undefined) t.equal(late.untilMs, early?.untilMs);
    const limitMs = T0 - Math.min(...ended) * MINUTE_MS + 6 * HOUR_MS;
    return early === undefined || (early.untilMs > T0 && early.untilMs <= limitMs);
  });
  const details = fc.check(property, { seed: SEED, numRuns: 200 });
  t.notOk(details.failed, `replay with SEED=${SEED}`);
  t.end();
});

void t.test('hosts that a VM left recently are known, those of failed or old migrations are not', (t) => {
  const leftOf = (...given: Parameters<typeof migration>): unknown =>
    ledgerOf([migration(...given)], T0, DEFAULT_RESTRAINT).leftHosts.get('a');
  t.strictSame(leftOf({ endedAtMs: T0 - 1_000 }), [{ hostId: 'h1', atMs: T0 - 1_000 }]);
  t.equal(leftOf({ state: 'MIGRATION_STATE_FAILED' }), undefined);
  t.equal(leftOf({ endedAtMs: T0 - 6 * HOUR_MS }), undefined);
  t.end();
});

void t.test("the hour's budgets shrink by the balancer's own moves, done and under way", (t) => {
  const restraint = { ...DEFAULT_RESTRAINT, movesPerHour: 3, bytesPerHour: 10 * GIB };
  const estimate = { durationMs: 1, downtimeMs: 1, trafficBytes: 4 * GIB, dirtyBytesPerSecond: 0 };
  const own = migration({ decisionId: 'd', estimate });
  t.strictSame(budgetsLeft([], T0, restraint), { moves: 3, bytes: 10 * GIB });
  t.strictSame(budgetsLeft([own, own], T0, restraint), { moves: 1, bytes: 2 * GIB });
  t.strictSame(budgetsLeft([own, own, own, own], T0, restraint), { moves: 0, bytes: 0 }, 'never below 0');
  const refused = {
    ...own,
    state: 'MIGRATION_STATE_FAILED',
    causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING',
  } as const;
  t.match(budgetsLeft([refused], T0, restraint), { moves: 3 }, 'nothing was copied');
  const others = [
    migration({ estimate }),
    { ...own, evacuation: true },
    { ...own, queuedAtMs: T0 - HOUR_MS - 1 },
  ];
  t.strictSame(
    budgetsLeft(others, T0, restraint),
    { moves: 3, bytes: 10 * GIB },
    'operators, maintenance, old',
  );
  t.strictSame(budgetsLeft([own], T0, { ...restraint, movesPerHour: 0, bytesPerHour: 0 }), {}, '0: no limit');
  t.end();
});

const MONDAY_MS = Date.UTC(2024, 0, 1);

function isQuiet(text: string, day: number, time: string): boolean {
  const window = parseQuietWindow(text);
  if (window === undefined) throw new Error(`cannot read ${text}`);
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return quietReason([window], MONDAY_MS + (day * 24 + hours) * HOUR_MS + minutes * MINUTE_MS) !== undefined;
}

void t.test('quiet windows apply on their days and hours, across midnight and across the week', (t) => {
  t.ok(isQuiet('08:00-18:00', 6, '08:00'), 'on all days when none is named');
  t.notOk(isQuiet('08:00-18:00', 6, '18:00'));
  t.ok(isQuiet('mon-fri 08:00-18:00', 4, '17:59'));
  t.notOk(isQuiet('mon-fri 08:00-18:00', 5, '12:00'));
  t.ok(isQuiet('sun 22:00-06:00', 0, '05:59'), 'a window belongs to the day on which it begins');
  t.notOk(isQuiet('sun 22:00-06:00', 6, '05:59'));
  t.ok(isQuiet('sat,sun 00:00-24:00', 6, '23:59'));
  t.ok(isQuiet('fri-mon 10:00-11:00', 6, '10:30'));
  t.notOk(isQuiet('fri-mon 10:00-11:00', 2, '10:30'));
  t.ok(isQuiet('mon 00:00-01:00 Europe/Berlin', 6, '23:30'), 'in its own time zone: there it is Monday');
  t.equal(quietReason([], MONDAY_MS), undefined);
  t.end();
});

void t.test('an invalid window prevents the start and is named', (t) => {
  const bad = [
    '',
    '8-18',
    'mon 25:00-26:00',
    'mon 08:60-09:00',
    'moonday 08:00-09:00',
    '08:00-09:00 Mars/Base',
  ];
  for (const text of bad) t.equal(parseQuietWindow(text), undefined, text);
  t.throws(() => quietWindowsOf({ ...SETTINGS.restraint, quietWindows: ['mon 8-18'] }), {
    message: /restraint\.quietWindows.*"mon 8-18" is not a quiet window/,
  });
  t.end();
});
