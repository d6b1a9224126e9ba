// Tests the next act after each look at both hosts, case by case.
import t from 'tap';
import type { Migration, MigrationCause } from '../../../shared/gen/telemetry.ts';
import type { MigrationEvent } from '../../../scheduler/migrations/machine.ts';
import { rowKey, rowOf } from '../../../scheduler/migrations/verdict.ts';
import {
  next,
  startVerifying,
  type Act,
  type Known,
  type Next,
  type Seen,
  type Verifying,
} from '../../../scheduler/migrations/verify-next.ts';
import { EPOCH, known, NOW_MS, sightsOf, type Name, type Place } from './verify-sights.ts';

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
