// Tests how a copy is followed: when it is attached to again, given up, or aborted for taking too long.
import fc from 'fast-check';
import t from 'tap';
import { causeWord } from '../../../shared/cause-word.ts';
import type { MigrateResult } from '../../../shared/gen/agent.ts';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import {
  BEGUN,
  due,
  isAbortToBeTold,
  next,
  type Following,
  type Next,
  type Seen,
} from '../../../scheduler/migrations/copy-next.ts';
import { checkProperty } from '../../property.ts';
import { migration } from '../model-cluster.ts';

const NOW_MS = 1_000_000;

function copying(given: Partial<Migration> = {}): Migration {
  return migration({ state: 'MIGRATION_STATE_COPYING', ...given });
}

function broke(given: Partial<Seen & { kind: 'broke_off' }> = {}): Seen {
  return { kind: 'broke_off', isRefused: false, hasProgressed: false, isGivenUp: false, ...given };
}

function answered(given: Partial<MigrateResult> = {}): Seen {
  return {
    kind: 'answered',
    result: { ok: true, causeCode: 'MIGRATION_CAUSE_UNSPECIFIED', message: '', progress: null, ...given },
  };
}

/** "attach", "rest 250", "returned timeout", "lost src_refused". */
function short({ state, act }: Next): string {
  if (state.kind === 'ended') return `${state.end.kind} ${causeWord(state.end.causeCode)}`.trim();
  return act.kind === 'rest' ? `rest ${act.pauseMs}` : act.kind;
}

const FAILED = { ok: false, causeCode: 'MIGRATION_CAUSE_DST_FAILED' } as const;
const ABORTING = { state: 'MIGRATION_STATE_ABORTING', causeCode: 'MIGRATION_CAUSE_TIMEOUT' } as const;
const CASES: [what: string, seen: Seen, expected: string, given?: Partial<Migration>][] = [
  ['it is ordered', { kind: 'begun' }, 'attach'],
  ['it is attached to after a rest', { kind: 'rested', isGivenUp: false }, 'attach'],
  ['unless its time was over meanwhile', { kind: 'rested', isGivenUp: true }, 'lost src_agent_lost'],
  ['a stream that breaks is attached to again', broke(), 'rest 250'],
  ['a refused one is not: an earlier call may have begun it', broke({ isRefused: true }), 'lost src_refused'],
  ['nor one whose time is over', broke({ isGivenUp: true }), 'lost src_agent_lost'],
  [
    'nor one that is switched over: the guest stands still',
    broke({ hasProgressed: true }),
    'lost src_agent_lost',
    { state: 'MIGRATION_STATE_SWITCHING' },
  ],
  ['it returned', answered(), 'returned'],
  ['it failed', answered(FAILED), 'returned dst_failed'],
  ['it failed without a cause', answered({ ok: false }), 'returned not_told'],
  [
    'it was aborted for the cause that is recorded',
    answered({ ok: false, causeCode: 'MIGRATION_CAUSE_USER_ABORT' }),
    'returned timeout',
    ABORTING,
  ],
  [
    'the guest itself ended while it was aborted',
    answered({ ok: false, causeCode: 'MIGRATION_CAUSE_GUEST_SHUTDOWN' }),
    'returned guest_shutdown',
    ABORTING,
  ],
  ['it arrived while it was aborted', answered(), 'returned', ABORTING],
];

void t.test('what follows from what the stream shows', (t) => {
  for (const [what, seen, expected, given] of CASES)
    t.equal(short(next(BEGUN, seen, copying(given))), expected, what);
  t.end();
});

/** What is done about each of them, until it ends. */
function followed(seen: readonly Seen[]): Next[] {
  let state: Following = BEGUN;
  return seen.map((one) => {
    const after = next(state, one, copying());
    state = after.state;
    return after;
  });
}

const RESTED: Seen = { kind: 'rested', isGivenUp: false };

void t.test('an agent that stays away is given up after five more attempts, at growing distances', (t) => {
  const seen = Array.from({ length: 6 }, () => [broke(), RESTED]).flat();
  t.strictSame(followed(seen).map(short), [
    ...['rest 250', 'attach', 'rest 500', 'attach', 'rest 1000', 'attach', 'rest 2000', 'attach'],
    ...['rest 4000', 'attach', 'lost src_agent_lost', 'lost src_agent_lost'],
  ]);
  t.end();
});

void t.test('a copy that goes on in between may break off as often as it likes', (t) => {
  const seen = Array.from({ length: 20 }, () => [broke({ hasProgressed: true }), RESTED]).flat();
  t.strictSame([...new Set(followed(seen).map(short))], ['rest 250', 'attach']);
  t.end();
});

const anySeen: fc.Arbitrary<Seen> = fc.oneof(
  fc.constant<Seen>({ kind: 'begun' }),
  fc.boolean().map((isGivenUp): Seen => ({ kind: 'rested', isGivenUp })),
  fc.boolean().map((ok) => answered({ ok })),
  fc
    .record({ isRefused: fc.boolean(), hasProgressed: fc.boolean(), isGivenUp: fc.boolean() })
    .map((given) => broke(given)),
);

void t.test('an end stays, and nothing is attached to after it', (t) => {
  const property = fc.property(fc.array(anySeen, { maxLength: 30 }), (seen) => {
    const passed = followed(seen);
    const first = passed.findIndex(({ state }) => state.kind === 'ended');
    return passed
      .slice(first < 0 ? passed.length : first)
      .every(({ state, act }) => act.kind === 'end' && state === passed[first]?.state);
  });
  checkProperty(t, property, 5_000);
  t.end();
});

void t.test('nothing is attached to once it is refused, answered or given up', (t) => {
  const property = fc.property(fc.array(anySeen, { maxLength: 30 }), (seen) => {
    const isLast = (one: Seen): boolean =>
      one.kind === 'answered' ||
      ('isGivenUp' in one && one.isGivenUp) ||
      ('isRefused' in one && one.isRefused);
    const last = seen.findIndex(isLast);
    const after = followed(seen).slice(last < 0 ? seen.length : last);
    return after.every(({ act }) => act.kind === 'end');
  });
  checkProperty(t, property, 5_000);
  t.end();
});

const DUE: [state: Migration['state'], forMs: number, expected: string][] = [
  ['MIGRATION_STATE_PREPARING', 0, 'wait 1000'],
  ['MIGRATION_STATE_PREPARING', 29_600, 'wait 400'],
  ['MIGRATION_STATE_PREPARING', 30_000, 'abort'],
  ['MIGRATION_STATE_COPYING', 119_000, 'wait 1000'],
  ['MIGRATION_STATE_COPYING', 120_000, 'abort'],
  ['MIGRATION_STATE_ABORTING', 29_000, 'wait 1000'],
  ['MIGRATION_STATE_ABORTING', 30_000, 'give_up'],
  ['MIGRATION_STATE_SWITCHING', 64_000, 'wait 1000'],
  ['MIGRATION_STATE_SWITCHING', 65_000, 'give_up'],
];

void t.test('what lasts too long is aborted, or given up where nothing is to be aborted', (t) => {
  for (const [state, forMs, expected] of DUE) {
    const asked = due({ migration: migration({ state }), sinceMs: NOW_MS }, NOW_MS + forMs);
    const found = asked.kind === 'wait' ? `wait ${asked.waitMs}` : asked.kind;
    t.equal(found, expected, `${state} for ${forMs} ms`);
  }
  t.end();
});

void t.test('an abort is told as long as the copy is being aborted, and in time', (t) => {
  const told = (state: Migration['state'], forMs: number): boolean =>
    isAbortToBeTold({ migration: migration({ state }), sinceMs: NOW_MS }, NOW_MS + forMs);
  t.equal(told('MIGRATION_STATE_ABORTING', 29_999), true);
  t.equal(told('MIGRATION_STATE_ABORTING', 30_000), false, 'both hosts are looked at instead');
  t.equal(told('MIGRATION_STATE_VERIFYING', 0), false, 'it has ended');
  t.end();
});
