// Tests the states of a migration: allowed transitions, terminal states, and the arithmetic of the estimate.
import fc from 'fast-check';
import t from 'tap';
import { causeWord } from '../../../shared/cause-word.ts';
import type { Migration, MigrationCause, MigrationProgress } from '../../../shared/gen/telemetry.ts';
import { estimateCopy } from '../../../scheduler/planner/board/copy-time.ts';
import {
  isOver,
  ruleOf,
  STATE_RULES,
  step,
  type MigrationEvent,
} from '../../../scheduler/migrations/machine.ts';
import { MIB } from '../../../shared/units.ts';
import { migration, T0 } from '../model-cluster.ts';

function progress(phase: MigrationProgress['phase']): MigrationEvent {
  return {
    kind: 'progressed',
    progress: {
      ...{ memoryTotalBytes: 1, memoryProcessedBytes: 0, memoryRemainingBytes: 1, memoryBytesPerSecond: 0 },
      ...{ dirtyBytesPerSecond: 0, iteration: 1, elapsedMs: 0, phase },
    },
  };
}

function ended(
  ending: 'arrived' | 'stayed' | 'crashed',
  causeCode: MigrationCause = 'MIGRATION_CAUSE_UNSPECIFIED',
): MigrationEvent {
  return { kind: 'ended', ending, causeCode, outcome: ending };
}

const EVENTS = {
  admitted: { kind: 'admitted', reservedMemoryBytes: 1, bandwidthBytesPerSecond: 1 },
  checking: { kind: 'checking' },
  refused: { kind: 'refused', causeCode: 'MIGRATION_CAUSE_CPU_INCOMPATIBLE', outcome: 'no' },
  withdrawn: { kind: 'withdrawn' },
  intended: { kind: 'intended', commitMode: 'COMMIT_MODE_PAUSED', estimate: null },
  guarded: { kind: 'guarded', definedOnTargetBefore: false },
  preparing: progress('MIGRATION_PHASE_PREPARING'),
  copying: progress('MIGRATION_PHASE_COPYING'),
  switching: progress('MIGRATION_PHASE_SWITCHING'),
  abort: { kind: 'abort_asked', causeCode: 'MIGRATION_CAUSE_USER_ABORT' },
  overdue: { kind: 'abort_asked', causeCode: 'MIGRATION_CAUSE_TIMEOUT' },
  returned: { kind: 'returned', causeCode: 'MIGRATION_CAUSE_UNSPECIFIED', progress: null },
  aborted: { kind: 'returned', causeCode: 'MIGRATION_CAUSE_USER_ABORT', progress: null },
  broke: { kind: 'broke', causeCode: 'MIGRATION_CAUSE_SRC_AGENT_LOST', epoch: 2 },
  reattached: { kind: 'reattached' },
  found: { kind: 'found', outcome: 'there' },
  changed: { kind: 'changed' },
  unknown: { kind: 'unknown', outcome: 'who knows' },
  split: { kind: 'split', outcome: 'both' },
  seen_again: { kind: 'seen_again' },
  dismissed: { kind: 'dismissed' },
  arrived: ended('arrived'),
  stayed: ended('stayed', 'MIGRATION_CAUSE_NET_LOST_COPY'),
  gave_up: ended('stayed', 'MIGRATION_CAUSE_NOT_CONVERGING'),
  crashed: ended('crashed', 'MIGRATION_CAUSE_GUEST_CRASHED'),
  taken_over: { kind: 'taken_over', epoch: 3 },
  superseded: { kind: 'superseded' },
} as const satisfies Record<string, MigrationEvent>;

type Name = keyof typeof EVENTS;
const NAMES: Name[] = Object.keys(EVENTS).filter((name): name is Name => name in EVENTS);

const QUEUED = migration({ state: 'MIGRATION_STATE_QUEUED', startedAtMs: 0, endedAtMs: 0 });

/** The states passed through, and the cause at the end. */
function life(text: string): string {
  let now = QUEUED;
  const states = text.split(' ').map((word) => {
    const name = NAMES.find((known) => known === word);
    if (name === undefined) throw new Error(`no event ${word}`);
    now = step(now, EVENTS[name], T0);
    return now.state.replace('MIGRATION_STATE_', '');
  });
  return [...states, causeWord(now.causeCode)].join(' ').trim();
}

const BEGUN = 'admitted checking intended guarded';
const PREPARING = 'ADMITTED CHECKING INTENT PREPARING';

const LIVES: [events: string, expected: string][] = [
  [`${BEGUN} copying switching returned arrived`, `${PREPARING} COPYING SWITCHING VERIFYING SUCCEEDED`],
  [`${BEGUN} returned arrived`, `${PREPARING} VERIFYING SUCCEEDED`],
  [`${BEGUN} preparing copying preparing`, `${PREPARING} PREPARING COPYING COPYING`],
  [`${BEGUN} switching copying`, `${PREPARING} SWITCHING SWITCHING`],
  ['refused', 'FAILED cpu_incompatible'],
  ['admitted checking intended refused', 'ADMITTED CHECKING INTENT FAILED cpu_incompatible'],
  ['admitted withdrawn', 'ADMITTED ABORTED user_abort'],
  [`${BEGUN} abort copying aborted stayed`, `${PREPARING} ABORTING ABORTING VERIFYING FAILED net_lost_copy`],
  [`${BEGUN} copying abort returned arrived`, `${PREPARING} COPYING ABORTING VERIFYING SUCCEEDED`],
  [`${BEGUN} copying overdue broke`, `${PREPARING} COPYING ABORTING VERIFYING timeout`],
  [
    `${BEGUN} copying broke reattached returned arrived`,
    `${PREPARING} COPYING VERIFYING COPYING VERIFYING SUCCEEDED`,
  ],
  [`${BEGUN} copying returned gave_up`, `${PREPARING} COPYING VERIFYING ABORTED not_converging`],
  [`${BEGUN} returned found arrived`, `${PREPARING} VERIFYING CLEANUP SUCCEEDED`],
  [
    `${BEGUN} returned found changed found crashed`,
    `${PREPARING} VERIFYING CLEANUP VERIFYING CLEANUP CRASHED guest_crashed`,
  ],
  [
    `${BEGUN} broke unknown unknown seen_again arrived`,
    `${PREPARING} VERIFYING UNKNOWN UNKNOWN VERIFYING SUCCEEDED`,
  ],
  [
    `${BEGUN} returned split taken_over found arrived`,
    `${PREPARING} VERIFYING SPLIT SPLIT CLEANUP SUCCEEDED`,
  ],
  [`${BEGUN} broke unknown dismissed`, `${PREPARING} VERIFYING UNKNOWN FAILED src_agent_lost`],
  [`${BEGUN} returned split dismissed`, `${PREPARING} VERIFYING SPLIT FAILED not_told`],
  ['taken_over', 'FAILED scheduler_restarted'],
  ['admitted checking taken_over', 'ADMITTED CHECKING FAILED scheduler_restarted'],
  ['admitted checking intended taken_over stayed', 'ADMITTED CHECKING INTENT VERIFYING FAILED net_lost_copy'],
  [`${BEGUN} copying taken_over taken_over arrived`, `${PREPARING} COPYING VERIFYING VERIFYING SUCCEEDED`],
  ['superseded', 'FAILED fenced_epoch'],
  [`${BEGUN} copying superseded`, `${PREPARING} COPYING FAILED fenced_epoch`],
  [`${BEGUN} broke unknown superseded`, `${PREPARING} VERIFYING UNKNOWN FAILED fenced_epoch`],
  [`${BEGUN} returned split superseded`, `${PREPARING} VERIFYING SPLIT FAILED fenced_epoch`],
  [`${BEGUN} returned arrived taken_over`, `${PREPARING} VERIFYING SUCCEEDED SUCCEEDED`],
];

void t.test('lives of a migration', (t) => {
  for (const [events, expected] of LIVES) t.equal(life(events), expected, events);
  t.end();
});

void t.test('an event that cannot happen is a bug and said to be one', (t) => {
  for (const events of [
    'checking',
    'returned',
    'arrived',
    'admitted admitted',
    'admitted checking guarded',
    `${BEGUN} refused`,
    `${BEGUN} withdrawn`,
    `${BEGUN} switching abort`,
    `${BEGUN} arrived`,
    `${BEGUN} returned split seen_again`,
    `${BEGUN} returned arrived arrived`,
    `${BEGUN} returned dismissed`,
    `${BEGUN} returned arrived superseded`,
  ])
    t.throws(() => life(events), /cannot be/, events);
  t.end();
});

void t.test('what the target defined before is only ever taken from its own word', (t) => {
  const before = [EVENTS.admitted, EVENTS.checking, EVENTS.intended].reduce(
    (now: Migration, event) => step(now, event, T0),
    QUEUED,
  );
  t.equal(before.definedOnTargetBefore, true, 'until it has told, nothing there is ours to sweep');
  t.match(step(before, EVENTS.guarded, 9), { definedOnTargetBefore: false, startedAtMs: 9, stateSinceMs: 9 });
  t.end();
});

/** The migration after every event that can happen, in the order given; the others are left out. */
function lived(names: readonly Name[]): Migration[] {
  const passed = [QUEUED];
  for (const name of names) {
    const now = passed.at(-1) ?? QUEUED;
    try {
      passed.push(step(now, EVENTS[name], T0));
    } catch {
      // Cannot happen in this state.
    }
  }
  return passed;
}

const anyLife = fc.array(fc.constantFrom(...NAMES), { maxLength: 60 });

void t.test('what is over stays as it is, whatever comes', (t) => {
  fc.assert(
    fc.property(anyLife, (names) => {
      const passed = lived(names);
      const end = passed.find(({ state }) => isOver(state));
      return end === undefined || passed.slice(passed.indexOf(end)).every(({ state }) => state === end.state);
    }),
    { numRuns: 5_000 },
  );
  t.end();
});

void t.test('from every state there is a way to an end', (t) => {
  fc.assert(
    fc.property(anyLife, (names) => {
      const reached = lived(names).at(-1) ?? QUEUED;
      const way: Name[] = ['taken_over', 'seen_again', 'stayed'];
      return isOver(lived([...names, ...way]).at(-1)?.state ?? reached.state);
    }),
    { numRuns: 5_000 },
  );
  t.end();
});

void t.test('a migration that is over says when and, unless it arrived, why', (t) => {
  fc.assert(
    fc.property(anyLife, (names) =>
      lived(names).every(
        ({ state, endedAtMs, causeCode, outcome }) =>
          !isOver(state) ||
          (endedAtMs > 0 &&
            outcome !== '' &&
            (causeCode === 'MIGRATION_CAUSE_UNSPECIFIED') === (state === 'MIGRATION_STATE_SUCCEEDED')),
      ),
    ),
    { numRuns: 5_000 },
  );
  t.end();
});

void t.test('every state has an owner, and a deadline unless it waits for an operator or for nobody', (t) => {
  for (const [word, { owner, deadlineMs }] of Object.entries(STATE_RULES))
    t.equal(deadlineMs === undefined, owner === 'operator' || owner === 'nobody', word);
  const copying = migration({ state: 'MIGRATION_STATE_COPYING', reservedMemoryBytes: 16 * 1024 * MIB });
  t.equal(ruleOf(copying).deadlineMs, 320_000 + 60_000, '20 s for each GiB, and a minute for the answer');
  t.end();
});

void t.test('the estimate is that of the published table', (t) => {
  const rows: [memoryMib: number, dirtyMib: number, bandwidthMib: number, rounds: number, seconds: number][] =
    [
      [1024, 20, 112, 2, 11],
      [4096, 50, 112, 6, 66],
      [8192, 90, 112, 26, 371],
      [4096, 100, 1100, 2, 4],
      [65536, 900, 1100, 27, 326],
    ];
  for (const [memoryMib, dirtyMib, bandwidthMib, rounds, seconds] of rows) {
    const expected = estimateCopy({
      memoryBytes: memoryMib * MIB,
      dirtyBytesPerSecond: dirtyMib * MIB,
      bandwidthBytesPerSecond: bandwidthMib * MIB,
      downtimeMaxMs: 300,
    });
    t.equal(expected.rounds, rounds, `${memoryMib} MiB at ${dirtyMib} of ${bandwidthMib} MiB/s`);
    t.ok(Math.abs(expected.durationMs / 1000 - 2 - seconds) < 1.5, `${expected.durationMs} ms`);
    t.ok(expected.downtimeMs <= 320);
  }
  const never = estimateCopy({
    memoryBytes: 8192 * MIB,
    dirtyBytesPerSecond: 200 * MIB,
    bandwidthBytesPerSecond: 112 * MIB,
    downtimeMaxMs: 300,
  });
  t.ok(
    never.ratio > 1 && never.downtimeMs > 60_000,
    'what does not converge would pause for all of its memory',
  );
  t.end();
});
