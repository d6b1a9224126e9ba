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

/** Minutes at which a VM is tried within the given hour, if every target refuses it, as soon as the ledger allows. */
function attemptsInHour(hosts: number, hour: number, causeCode: Migration['causeCode']): number[] {
  const targets = Array.from({ length: hosts }, (_, at) => `h${at + 2}`);
  const failed: Migration[] = [];
  for (let atMs = T0; atMs < T0 + (hour + 1) * HOUR_MS; atMs += 10_000) {
    const { retries, refusedTargets } = ledger(failed, atMs);
    const closed = refusedTargets.get('a') ?? [];
    const target = targets.find((hostId) => !closed.some((refused) => refused.hostId === hostId));
    if (retries.has('a') || target === undefined) continue;
    const migrationId = `m${failed.length}`;
    failed.push(migration({ ...CHECKED, migrationId, causeCode, targetHostId: target, endedAtMs: atMs }));
  }
  return failed
    .map(({ endedAtMs }) => (endedAtMs - T0) / MINUTE_MS)
    .filter((minutes) => minutes >= hour * 60);
}

void t.test('a VM that always fails is tried a handful of times an hour, whatever the cause', (t) => {
  for (const hosts of [1, 2, 5, 60])
    for (const causeCode of ['MIGRATION_CAUSE_DISK_NOT_VISIBLE', 'MIGRATION_CAUSE_STORAGE_UNSAFE'] as const) {
      const first = attemptsInHour(hosts, 0, causeCode);
      t.ok(first.length <= 9, `${hosts} targets, ${causeCode}: tried after ${first.join(', ')} minutes`);
      const third = attemptsInHour(hosts, 2, causeCode);
      t.ok(third.length <= 4, `${hosts} targets, ${causeCode}: then after ${third.join(', ')} minutes`);
    }
  t.end();
});

void t.test('one refusal closes one target; where several refuse in a row, the VM rests', (t) => {
  const refusals = (...targets: readonly string[]): Migration[] =>
    targets.map((targetHostId, at) =>
      migration({
        ...CHECKED,
        migrationId: `m${at}`,
        causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING',
        targetHostId,
        endedAtMs: T0 - (targets.length - 1 - at) * 1_000,
      }),
    );
  t.equal(ledger(refusals('h2', 'h3')).retries.get('a'), undefined);
  t.match(ledger(refusals('h2', 'h3', 'h4')).retries.get('a'), { failuresInRow: 1, atMs: T0 + MINUTE_MS });
  const closedMinutes = (...targets: readonly string[]): number[] =>
    ledger(refusals(...targets))
      .refusedTargets.get('a')
      ?.map(({ untilMs }) => Math.ceil((untilMs - T0) / MINUTE_MS)) ?? [];
  t.strictSame(closedMinutes('h2', 'h3'), [5, 5]);
  t.strictSame(closedMinutes('h2', 'h2', 'h2'), [20], 'doubled with each refusal of the same target');
  t.strictSame(closedMinutes(...Array.from({ length: 9 }, () => 'h2')), [30], 'up to half an hour');
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
