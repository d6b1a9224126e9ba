// Tests which failures of migrations count against the target and which against the VM, and how long the VM then rests.
import fc from 'fast-check';
import t from 'tap';
import type { Migration, MigrationProgress } from '../../../shared/gen/telemetry.ts';
import { HOUR_MS, MINUTE_MS } from '../../../shared/units.ts';
import { retryOf } from '../../../scheduler/restraint/failures.ts';
import { DEFAULT_RESTRAINT } from '../../../scheduler/restraint/cool-down.ts';
import { ledger, migration, T0 } from '../model-cluster.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const FAILED = { state: 'MIGRATION_STATE_FAILED', outcome: 'no', endedAtMs: T0 } as const;
const BEGUN = { ...FAILED, startedAtMs: T0 - 1_000 } as const;
const CHECKED = { ...FAILED, startedAtMs: 0 } as const;
const NOTHING: MigrationProgress = {
  ...{
    phase: 'MIGRATION_PHASE_PREPARING',
    memoryTotalBytes: 0,
    memoryProcessedBytes: 0,
    memoryRemainingBytes: 0,
  },
  ...{ memoryBytesPerSecond: 0, dirtyBytesPerSecond: 0, iteration: 0, downtimeMs: 0, elapsedMs: 0 },
};
const COPIED = { ...BEGUN, progress: { ...NOTHING, memoryProcessedBytes: 1 } } as const;

void t.test('a failure rests the VM, closes the target, or counts as a copy', (t) => {
  const cases: readonly (readonly [what: string, given: Partial<Migration>, follows: string])[] = [
    [
      'libvirt refuses on the source',
      { ...BEGUN, causeCode: 'MIGRATION_CAUSE_VM_BUSY', progress: NOTHING },
      'rest',
    ],
    ['nobody told the cause', { ...BEGUN, causeCode: 'MIGRATION_CAUSE_NOT_TOLD' }, 'rest'],
    ['the source is lost', { ...BEGUN, causeCode: 'MIGRATION_CAUSE_SRC_AGENT_LOST' }, 'rest'],
    [
      "the source's libvirt calls a disk unsafe",
      { ...BEGUN, causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE' },
      'rest',
    ],
    ['a check refuses the VM', { ...CHECKED, causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE' }, 'rest'],
    ['the source cannot be asked', { ...CHECKED, causeCode: 'MIGRATION_CAUSE_SRC_UNREACHABLE' }, 'rest'],
    ['a check refuses the target', { ...CHECKED, causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING' }, 'closed'],
    ['the target has no memory', { ...BEGUN, causeCode: 'MIGRATION_CAUSE_CAPACITY_GONE' }, 'closed'],
    ['the target is not reached', { ...BEGUN, causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE' }, 'closed'],
    ['either side', { ...BEGUN, causeCode: 'MIGRATION_CAUSE_DST_FAILED' }, 'rest closed'],
    ['the copy broke off', { ...COPIED, causeCode: 'MIGRATION_CAUSE_NET_LOST_COPY' }, 'rest cool'],
    [
      'the copy got nowhere',
      { ...COPIED, state: 'MIGRATION_STATE_ABORTED', causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING' },
      'rest cool',
    ],
    [
      'an operator aborted the copy',
      { ...COPIED, state: 'MIGRATION_STATE_ABORTED', causeCode: 'MIGRATION_CAUSE_USER_ABORT' },
      'cool',
    ],
    [
      'an operator aborted it before',
      { ...BEGUN, state: 'MIGRATION_STATE_ABORTED', causeCode: 'MIGRATION_CAUSE_USER_ABORT' },
      'closed',
    ],
    ['it moved', { endedAtMs: T0, progress: null }, 'cool'],
    ['there was no slot', { ...CHECKED, causeCode: 'MIGRATION_CAUSE_SLOTS_TAKEN' }, ''],
  ];
  for (const [what, given, follows] of cases) {
    const { retries, refusedTargets, coolDowns } = ledger([migration(given)]);
    const seen = [
      retries.has('a') ? 'rest' : '',
      refusedTargets.has('a') ? 'closed' : '',
      coolDowns.has('a') ? 'cool' : '',
    ];
    t.equal(seen.filter((word) => word !== '').join(' '), follows, what);
  }
  t.end();
});

/** The rest in minutes, from the last failure on, after failures that ended so many minutes ago. */
function restMinutes(...endedMinutesAgo: readonly number[]): number {
  const retry = retryOf(failures(endedMinutesAgo), DEFAULT_RESTRAINT);
  return ((retry?.atMs ?? 0) - (retry?.migration.endedAtMs ?? 0)) / MINUTE_MS;
}

function failures(endedMinutesAgo: readonly number[]): Migration[] {
  return endedMinutesAgo.map((minutes) =>
    migration({ ...BEGUN, endedAtMs: T0 - minutes * MINUTE_MS, causeCode: 'MIGRATION_CAUSE_VM_BUSY' }),
  );
}

void t.test('the rest doubles with each failure in a row, up to half an hour', (t) => {
  t.equal(retryOf([], DEFAULT_RESTRAINT), undefined);
  t.equal(restMinutes(0), 1);
  t.equal(restMinutes(0, 1), 2);
  t.equal(restMinutes(3, 0, 1, 7), 8, 'in any order');
  t.equal(restMinutes(0, 1, 2, 3, 4, 5), 30);
  t.equal(restMinutes(0, 24 * 60), 1, 'a day later it is forgotten');
  const moved = migration({ endedAtMs: T0 - 2 * MINUTE_MS });
  t.match(
    retryOf([moved, ...failures([0, 1, 3, 4])], DEFAULT_RESTRAINT),
    { failuresInRow: 2 },
    'since it moved',
  );
  t.equal(retryOf([migration({ endedAtMs: T0 }), ...failures([1, 2])], DEFAULT_RESTRAINT), undefined);
  const other = migration({ ...BEGUN, causeCode: 'MIGRATION_CAUSE_CAPACITY_GONE', endedAtMs: T0 });
  t.match(retryOf([other, ...failures([1])], DEFAULT_RESTRAINT), { failuresInRow: 1 }, "not the target's");
  t.end();
});

void t.test(
  'the end of a rest does not move as time passes, and a rest is never longer than half an hour',
  (t) => {
    t.comment(`SEED=${SEED}`);
    const minutes = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 30 });
    const property = fc.property(minutes, fc.integer({ min: 0, max: 60 }), (ended, waited) => {
      const early = ledger(failures(ended)).retries.get('a');
      const late = ledger(failures(ended), T0 + waited * MINUTE_MS).retries.get('a');
      if (late !== undefined && late.atMs !== early?.atMs) return false;
      return early === undefined || early.atMs - T0 <= HOUR_MS / 2;
    });
    const details = fc.check(property, { seed: SEED, numRuns: 200 });
    t.notOk(details.failed, `replay with SEED=${SEED}`);
    t.end();
  },
);
