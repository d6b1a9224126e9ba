// Tests the next act after each look at both hosts, case by case, and what no sequence of looks may lead to.
import fc from 'fast-check';
import t from 'tap';
import type { Migration, MigrationCause, VmStateReason } from '../../../shared/gen/telemetry.ts';
import { isForOperator, isOver, step, type MigrationEvent } from '../../../scheduler/migrations/machine.ts';
import { rowKey, rowOf, type SeenVm, type Sight, type Word } from '../../../scheduler/migrations/verdict.ts';
import {
  next,
  startVerifying,
  type Act,
  type Known,
  type Next,
  type Seen,
  type Sights,
  type Verifying,
} from '../../../scheduler/migrations/verify-next.ts';
import { migration, T0 } from '../model-cluster.ts';

const NOW_MS = 1_000_000;
const EPOCH = 7;

function shows(state: SeenVm['state'], stateReason: VmStateReason, given: Partial<SeenVm> = {}): Sight {
  const role = 'VM_MIGRATION_ROLE_UNSPECIFIED' as const;
  const vm = { state, stateReason, migrationRole: role, libvirtId: 7, processEnded: false, ...given };
  return { kind: 'present', vm, atMs: NOW_MS, epoch: EPOCH };
}

const OUTGOING = { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' } as const;
const INCOMING = { migrationRole: 'VM_MIGRATION_ROLE_INCOMING' } as const;
const SIGHTS = {
  unreachable: { kind: 'unreachable', reason: 'no route' },
  absent: { kind: 'absent', atMs: NOW_MS, epoch: EPOCH },
  running: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED'),
  resumed: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNPAUSED'),
  copying: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED', OUTGOING),
  incoming: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', INCOMING),
  ending: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', { ...OUTGOING, processEnded: true }),
  postcopy: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_POST_COPY_FAILED'),
  paused: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION'),
  suspended: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_USER'),
  off: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_FAILED'),
  migrated: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_MIGRATED'),
  crashed: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_CRASHED'),
} as const satisfies Record<string, Sight>;
type Name = keyof typeof SIGHTS;
const NAMES: Name[] = Object.keys(SIGHTS).filter((name): name is Name => name in SIGHTS);

function sightsOf(source: Name, target: Name, atMs = NOW_MS, isHeldBySource = false): Sights {
  const stamp = (sight: Sight): Sight => (sight.kind === 'unreachable' ? sight : { ...sight, atMs });
  return { source: stamp(SIGHTS[source]), target: stamp(SIGHTS[target]), isHeldBySource };
}

type Place = 'VERIFYING' | 'CLEANUP' | 'UNKNOWN' | 'SPLIT';

function known(place: Place, given: Partial<Migration> = {}, besides: Partial<Known> = {}): Known {
  return {
    ...{ sinceMs: NOW_MS, isDismissed: false, told: '', downtimeMs: undefined, ...besides },
    migration: migration({
      ...{ state: `MIGRATION_STATE_${place}`, epoch: EPOCH, commitMode: 'COMMIT_MODE_PAUSED', ...given },
    }),
  };
}

function spoken(act: Act): string {
  switch (act.kind) {
    case 'cure':
      return `${act.cure.act} ${act.cure.side}`;
    case 'rest':
      return `rest ${act.pauseMs}`;
    case 'look':
    case 'judge_again':
    case 'hand_over':
    case 'follow':
    case 'tell_abort':
    case 'end':
      return act.kind;
  }
}

/** "found > judge_again": what is recorded, then what is done. */
function short({ records, act }: Next): string {
  return [...records.map(({ kind }) => kind), `> ${spoken(act)}`].join(' ');
}

interface Case {
  readonly given?: Partial<Migration>;
  readonly besides?: Partial<Known>;
  readonly isHeldBySource?: boolean;
  /** The hosts have shown the same for so long. */
  readonly forMs?: number;
}

const ABORTED = { causeCode: 'MIGRATION_CAUSE_USER_ABORT' } as const;
const UNKNOWN_TOLD = { outcome: 'the target cannot be seen (no route)' } as const;
const CASES: [what: string, place: Place, source: Name, target: Name, expected: string, given?: Case][] = [
  ['arrived', 'VERIFYING', 'absent', 'running', 'ended > end'],
  ['stayed', 'VERIFYING', 'running', 'absent', 'ended > end'],
  ['a left-over is recorded first', 'VERIFYING', 'running', 'off', 'found > judge_again'],
  ['and swept after a fresh look', 'CLEANUP', 'running', 'off', '> undefine target'],
  ['paused on both: waited for', 'VERIFYING', 'paused', 'suspended', '> rest 50'],
  ['not for ever', 'VERIFYING', 'paused', 'suspended', 'found > judge_again', { forMs: 10_000 }],
  ['what changed is verified again', 'CLEANUP', 'running', 'unreachable', 'changed > rest 50'],
  [
    'a job that the agent holds is followed',
    'VERIFYING',
    'copying',
    'incoming',
    'reattached > follow',
    { isHeldBySource: true },
  ],
  [
    'also when it was found to be over before',
    'CLEANUP',
    'copying',
    'incoming',
    'changed reattached > follow',
    { isHeldBySource: true },
  ],
  ['a job that nobody holds is waited for', 'VERIFYING', 'copying', 'incoming', '> rest 50'],
  [
    'an abort that may not have been heard is told again',
    'VERIFYING',
    'copying',
    'incoming',
    '> tell_abort',
    { given: ABORTED, isHeldBySource: true },
  ],
  ['nobody sees the target', 'VERIFYING', 'running', 'unreachable', '> rest 50', { forMs: 119_999 }],
  ['for too long', 'VERIFYING', 'running', 'unreachable', 'unknown > rest 10000', { forMs: 120_000 }],
  [
    'but only just verified',
    'VERIFYING',
    'running',
    'unreachable',
    '> rest 50',
    { forMs: 120_000, besides: { sinceMs: NOW_MS + 1 } },
  ],
  ['lost', 'VERIFYING', 'absent', 'absent', 'unknown > rest 10000', { forMs: 10_000 }],
  ['an unknown outcome stays', 'UNKNOWN', 'running', 'unreachable', '> rest 10000', { given: UNKNOWN_TOLD }],
  [
    'the same unknown outcome is not recorded again',
    'UNKNOWN',
    'suspended',
    'running',
    '> rest 10000',
    {
      given: {
        outcome:
          'the guest is paused user on the source and running on the target; decide which is the good one; told',
      },
    },
  ],
  ['another one is', 'UNKNOWN', 'suspended', 'running', 'unknown > rest 10000', { given: UNKNOWN_TOLD }],
  ['known after all', 'UNKNOWN', 'running', 'absent', 'seen_again ended > end'],
  ['known, but to be put in order', 'UNKNOWN', 'running', 'off', 'seen_again > look'],
  ['both run', 'VERIFYING', 'running', 'running', 'split > look'],
  ['both run after all', 'UNKNOWN', 'running', 'running', 'seen_again split > look'],
  ['both run, recorded', 'SPLIT', 'running', 'resumed', '> suspend target'],
  ['one of both is suspended', 'SPLIT', 'running', 'suspended', '> rest 10000'],
  ['an operator kept one', 'SPLIT', 'off', 'running', 'found > judge_again'],
  [
    'not put in order in two minutes',
    'CLEANUP',
    'running',
    'off',
    'unknown > rest 10000',
    { besides: { sinceMs: NOW_MS - 120_001 } },
  ],
];

function looked(place: Place, source: Name, target: Name, given: Case = {}): Next {
  const { forMs = 0, isHeldBySource = false } = given;
  const nowMs = NOW_MS + forMs;
  const sights = sightsOf(source, target, nowMs, isHeldBySource);
  const key = rowKey(rowOf({ ...sights, nowMs, epoch: EPOCH }));
  const state: Verifying = { ...startVerifying(NOW_MS), key };
  return next(state, { kind: 'looked', sights }, known(place, given.given, given.besides), nowMs);
}

void t.test('what follows a look', (t) => {
  for (const [what, place, source, target, expected, given] of CASES)
    t.equal(short(looked(place, source, target, given)), expected, what);
  t.end();
});

const FOUND: [what: string, source: Name, target: Name, ageMs: number, expected: string][] = [
  ['the source has released it', 'absent', 'suspended', 2_000, '> hand_over'],
  ['its QEMU has ended', 'ending', 'suspended', 0, '> hand_over'],
  ['recording took too long', 'absent', 'suspended', 2_001, '> look'],
  ['a left-over does not hurry', 'running', 'off', 0, '> look'],
  ['a destroy is never done on the first look', 'running', 'suspended', 0, '> look'],
];

void t.test('once the outcome is recorded only a hand-over does without a new look', (t) => {
  for (const [what, source, target, ageMs, expected] of FOUND) {
    const seen: Seen = { kind: 'recorded', sights: sightsOf(source, target) };
    t.equal(short(next(startVerifying(NOW_MS), seen, known('CLEANUP'), NOW_MS + ageMs)), expected, what);
  }
  t.end();
});

const AFTER: [what: string, seen: Seen, place: Place, expected: string, besides?: Partial<Known>][] = [
  ['at first both hosts are looked at', { kind: 'begun' }, 'VERIFYING', '> look'],
  ['after a rest', { kind: 'rested' }, 'UNKNOWN', '> look'],
  ['after the copy was followed', { kind: 'followed' }, 'VERIFYING', '> look'],
  ['after a hand-over', { kind: 'handed_over' }, 'CLEANUP', '> look'],
  ['after an act', { kind: 'cured', isDone: true }, 'CLEANUP', '> look'],
  ['after an act that failed', { kind: 'cured', isDone: false }, 'CLEANUP', '> rest 50'],
  ['after a suspend that failed', { kind: 'cured', isDone: false }, 'SPLIT', '> rest 10000'],
  ['after an abort was told', { kind: 'abort_told' }, 'VERIFYING', '> rest 50'],
  ['an operator takes over', { kind: 'rested' }, 'UNKNOWN', 'dismissed > end', { isDismissed: true }],
  ['but not what is verified', { kind: 'rested' }, 'VERIFYING', '> look', { isDismissed: true }],
];

void t.test('what follows all else', (t) => {
  for (const [what, seen, place, expected, besides] of AFTER)
    t.equal(short(next(startVerifying(NOW_MS), seen, known(place, {}, besides), NOW_MS)), expected, what);
  t.end();
});

void t.test('the outcome says what was told, and the cause that is known best', (t) => {
  const told = (causeCode: MigrationCause, source: Name, target: Name): MigrationEvent | undefined =>
    looked('VERIFYING', source, target, { given: { causeCode }, besides: { told: 'no route' } }).records[0];
  t.match(told('MIGRATION_CAUSE_NET_LOST_COPY', 'running', 'absent'), {
    causeCode: 'MIGRATION_CAUSE_NET_LOST_COPY',
    outcome: 'runs on the source, nothing on the target; no route',
  });
  t.match(told('MIGRATION_CAUSE_UNSPECIFIED', 'running', 'absent'), {
    causeCode: 'MIGRATION_CAUSE_NOT_TOLD',
  });
  t.match(told('MIGRATION_CAUSE_NET_LOST_COPY', 'crashed', 'absent'), {
    causeCode: 'MIGRATION_CAUSE_GUEST_CRASHED',
  });
  t.match(told('MIGRATION_CAUSE_NET_LOST_COPY', 'absent', 'running'), {
    causeCode: 'MIGRATION_CAUSE_UNSPECIFIED',
    outcome: 'runs on the target, nothing on the source',
  });
  t.end();
});

void t.test('looks come less and less often, and at once again when something was done', (t) => {
  const sights = sightsOf('running', 'unreachable');
  let state: Verifying = startVerifying(NOW_MS);
  const pauses = Array.from({ length: 8 }, () => {
    const after = next(state, { kind: 'looked', sights }, known('VERIFYING'), NOW_MS);
    state = after.state;
    return after.act.kind === 'rest' ? after.act.pauseMs : 0;
  });
  t.strictSame(pauses, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  state = next(state, { kind: 'cured', isDone: true }, known('CLEANUP'), NOW_MS).state;
  t.equal(short(next(state, { kind: 'looked', sights }, known('VERIFYING'), NOW_MS)), '> rest 50');
  t.end();
});

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
    fc.assert(
      fc.property(anyPlace, anyMode, anyTurns, (place, commitMode, turns) =>
        live(place, commitMode, turns).every(isRight),
      ),
      { numRuns: 5_000 },
    );
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
  fc.assert(
    fc.property(anySeen, anyPlace, (seen, place) =>
      isEnd(next({ kind: 'over' }, seen, known(place), NOW_MS)),
    ),
  );
  fc.assert(
    fc.property(anySeen, (seen) => {
      const ended = { ...known('VERIFYING'), migration: migration({ state: 'MIGRATION_STATE_FAILED' }) };
      return isEnd(next(startVerifying(NOW_MS), seen, ended, NOW_MS));
    }),
  );
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
  fc.assert(
    fc.property(anyPlace, anyTurns, (place, turns) =>
      isOver(lastOf(place, [...turns, ...steady('running', 'absent', 6)]).state),
    ),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(anyTurns, fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), (turns, source, target) => {
      const passed = live('VERIFYING', 'COMMIT_MODE_PAUSED', [...turns, ...steady(source, target, 400)]);
      // A job that libvirt still runs may last an hour.
      return (
        ['copying', 'incoming'].includes(source) ||
        passed.slice(-400).some(({ after: { state } }) => isOver(state) || isForOperator(state))
      );
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
