// Tests what no sequence of looks at both hosts may lead to, and that each ends.
import fc from 'fast-check';
import t from 'tap';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { isForOperator, isOver, step, type MigrationEvent } from '../../../scheduler/migrations/machine.ts';
import { rowOf, type Word } from '../../../scheduler/migrations/verdict.ts';
import {
  next,
  startVerifying,
  type Act,
  type Next,
  type Seen,
  type Sights,
  type Verifying,
} from '../../../scheduler/migrations/verify-next.ts';
import { checkProperty } from '../../property.ts';
import { migration, T0 } from '../model-cluster.ts';
import { EPOCH, known, NAMES, NOW_MS, sightsOf, type Name, type Place } from './verify-sights.ts';

/** What one look finds, and what comes of what follows it. */
interface Turn {
  readonly source: Name;
  readonly target: Name;
  readonly isHeldBySource: boolean;
  /** The hosts need that long to answer, and the journal, and an act. */
  readonly tookMs: number;
  readonly isDone: boolean;
  readonly isDismissed: boolean;
}

interface Passed {
  readonly before: Migration;
  readonly nowMs: number;
  readonly sights: Sights;
  readonly decided: Next;
  readonly after: Migration;
}

/** What the driver makes of it, with every step by the table of transitions: an impossible one throws. */
function live(place: Place, commitMode: Migration['commitMode'], turns: readonly Turn[]): Passed[] {
  let now = known(place, { commitMode });
  let nowMs = NOW_MS;
  let state: Verifying = startVerifying(nowMs);
  let seen: Seen = { kind: 'begun' };
  let sights = sightsOf('unreachable', 'unreachable');
  const passed: Passed[] = [];
  for (const turn of turns) {
    const decided = next(state, seen, { ...now, isDismissed: turn.isDismissed }, nowMs);
    const decidedBy = { before: now.migration, nowMs, sights, decided };
    for (const event of decided.records) {
      nowMs += turn.tookMs;
      now = { ...now, migration: step(now.migration, event, T0), sinceMs: nowMs };
    }
    passed.push({ ...decidedBy, after: now.migration });
    state = decided.state;
    const { act } = decided;
    if (act.kind === 'end') break;
    if (act.kind === 'look') sights = sightsOf(turn.source, turn.target, nowMs, turn.isHeldBySource);
    if (act.kind === 'follow') {
      const broke: MigrationEvent = {
        kind: 'broke',
        causeCode: 'MIGRATION_CAUSE_SRC_AGENT_LOST',
        epoch: EPOCH,
      };
      now = { ...now, migration: step(now.migration, broke, T0), sinceMs: nowMs };
    }
    nowMs += act.kind === 'rest' ? act.pauseMs : turn.tookMs;
    seen = seenAfter(act, sights, turn.isDone);
  }
  return passed;
}

function seenAfter(act: Exclude<Act, { kind: 'end' }>, sights: Sights, isDone: boolean): Seen {
  switch (act.kind) {
    case 'look':
      return { kind: 'looked', sights };
    case 'judge_again':
      return { kind: 'recorded', sights: act.sights };
    case 'hand_over':
      return { kind: 'handed_over' };
    case 'cure':
      return { kind: 'cured', isDone };
    case 'follow':
      return { kind: 'followed' };
    case 'tell_abort':
      return { kind: 'abort_told' };
    case 'rest':
      return { kind: 'rested' };
  }
}

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  source: fc.constantFrom(...NAMES),
  target: fc.constantFrom(...NAMES),
  isHeldBySource: fc.boolean(),
  tookMs: fc.constantFrom(1, 20, 1_900, 2_500, 15_000, 61_000),
  isDone: fc.boolean(),
  isDismissed: fc.constantFrom(false, false, false, true),
});
/** Hosts mostly go on showing the same. */
const anyTurns = fc
  .array(fc.tuple(anyTurn, fc.integer({ min: 1, max: 12 })), { maxLength: 12 })
  .map((runs) => runs.flatMap(([turn, times]) => Array.from({ length: times }, () => turn)));
const anyPlace = fc.constantFrom<Place[]>('VERIFYING', 'CLEANUP', 'UNKNOWN', 'SPLIT');
const anyMode = fc.constantFrom('COMMIT_MODE_LOCK', 'COMMIT_MODE_PAUSED');

function always(name: string, isRight: (passed: Passed) => boolean): void {
  void t.test(name, (t) => {
    const property = fc.property(anyPlace, anyMode, anyTurns, (place, commitMode, turns) =>
      live(place, commitMode, turns).every(isRight),
    );
    checkProperty(t, property, 5_000);
    t.end();
  });
}

function words({ sights: { source, target }, nowMs }: Passed): { source: Word; target: Word } {
  return rowOf({ source, target, nowMs, epoch: EPOCH });
}

always('nothing that runs, or may run, is ever destroyed or undefined', (passed) => {
  const { act } = passed.decided;
  if (act.kind !== 'cure' || (act.cure.act !== 'destroy' && act.cure.act !== 'undefine')) return true;
  const word = words(passed)[act.cure.side];
  return word.startsWith('off_') || (word.startsWith('paused_') && act.cure.act === 'destroy');
});

always('nothing is done to a VM without fresh sights of both hosts', (passed) => {
  const { kind } = passed.decided.act;
  return (kind !== 'cure' && kind !== 'hand_over') || !Object.values(words(passed)).includes('unreachable');
});

always('nothing is done to a VM before its outcome is recorded', ({ before, decided: { act, records } }) => {
  if (act.kind !== 'cure' && act.kind !== 'hand_over') return true;
  const isSuspend = act.kind === 'cure' && act.cure.act === 'suspend';
  return (
    records.length === 0 && before.state === (isSuspend ? 'MIGRATION_STATE_SPLIT' : 'MIGRATION_STATE_CLEANUP')
  );
});

always('it ends when the migration is over, not before', ({ decided: { act }, after }) => {
  return (act.kind === 'end') === isOver(after.state);
});

always('nobody waits without a limit, nor without a pause', ({ decided: { act } }) => {
  return act.kind !== 'rest' || (act.pauseMs >= 50 && act.pauseMs <= 10_000);
});

void t.test('an end stays, whatever is seen after it', (t) => {
  const sights = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES));
  const anySeen: fc.Arbitrary<Seen> = fc.oneof(
    sights.map(([source, target]): Seen => ({ kind: 'looked', sights: sightsOf(source, target) })),
    sights.map(([source, target]): Seen => ({ kind: 'recorded', sights: sightsOf(source, target) })),
    fc.boolean().map((isDone): Seen => ({ kind: 'cured', isDone })),
    fc.constantFrom<Seen[]>({ kind: 'begun' }, { kind: 'rested' }, { kind: 'followed' }),
    fc.constantFrom<Seen[]>({ kind: 'handed_over' }, { kind: 'abort_told' }),
  );
  const isEnd = ({ state, records, act }: Next): boolean =>
    state.kind === 'over' && records.length === 0 && act.kind === 'end';
  const afterOver = fc.property(anySeen, anyPlace, (seen, place) =>
    isEnd(next({ kind: 'over' }, seen, known(place), NOW_MS)),
  );
  checkProperty(t, afterOver, 100);
  const ended = { ...known('VERIFYING'), migration: migration({ state: 'MIGRATION_STATE_FAILED' }) };
  const afterFailed = fc.property(anySeen, (seen) =>
    isEnd(next(startVerifying(NOW_MS), seen, ended, NOW_MS)),
  );
  checkProperty(t, afterFailed, 100);
  t.end();
});

/** Both hosts show it from now on, and nothing that is asked of them is done. */
function steady(source: Name, target: Name, count: number): Turn[] {
  const turn = { source, target, isHeldBySource: false, tookMs: 20, isDone: false, isDismissed: false };
  return Array.from({ length: count }, () => turn);
}

void t.test('what both hosts show for long enough is always decided', (t) => {
  const lastOf = (place: Place, turns: readonly Turn[]): Migration =>
    live(place, 'COMMIT_MODE_PAUSED', turns).at(-1)?.after ?? migration({});
  const stayed = fc.property(anyPlace, anyTurns, (place, turns) =>
    isOver(lastOf(place, [...turns, ...steady('running', 'absent', 6)]).state),
  );
  checkProperty(t, stayed, 2_000);
  const anyName = fc.constantFrom(...NAMES);
  const decided = fc.property(anyTurns, anyName, anyName, (turns, source, target) => {
    const passed = live('VERIFYING', 'COMMIT_MODE_PAUSED', [...turns, ...steady(source, target, 400)]);
    // A job that libvirt still runs may last an hour.
    return (
      ['copying', 'incoming'].includes(source) ||
      passed.slice(-400).some(({ after: { state } }) => isOver(state) || isForOperator(state))
    );
  });
  checkProperty(t, decided, 2_000);
  t.end();
});
