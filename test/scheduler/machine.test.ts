// The ownership table row by row, and the states of a migration: what may follow what.
import t from 'tap';
import { step, type MigrationEvent } from '../../scheduler/migrations/machine.ts';
import { judge, type SeenVm, type Sight, type Verdict } from '../../scheduler/migrations/verdict.ts';
import { migration, T0 } from './model-cluster.ts';

function seen(state: SeenVm['state'], stateReason = 0, migrationRole?: SeenVm['migrationRole']): Sight {
  const role = migrationRole ?? 'VM_MIGRATION_ROLE_UNSPECIFIED';
  return {
    kind: 'present',
    vm: { state, stateReason, migrationRole: role, libvirtId: state === 'VM_STATE_SHUT_OFF' ? -1 : 7 },
  };
}

const RUNNING = seen('VM_STATE_RUNNING', 1);
const RUNNING_MIGRATED = seen('VM_STATE_RUNNING', 2);
const RUNNING_JOB = seen('VM_STATE_RUNNING', 1, 'VM_MIGRATION_ROLE_OUTGOING');
const PAUSED_MIGRATING = seen('VM_STATE_PAUSED', 2);
const PAUSED_JOB = seen('VM_STATE_PAUSED', 2, 'VM_MIGRATION_ROLE_OUTGOING');
const INCOMING = seen('VM_STATE_PAUSED', 2, 'VM_MIGRATION_ROLE_INCOMING');
const PAUSED_USER = seen('VM_STATE_PAUSED', 1);
const PAUSED_IO = seen('VM_STATE_PAUSED', 5);
const OFF_FAILED = seen('VM_STATE_SHUT_OFF', 6);
const OFF_MIGRATED = seen('VM_STATE_SHUT_OFF', 4);
const OFF_CRASHED = seen('VM_STATE_SHUT_OFF', 3);
const OFF_SHUTDOWN = seen('VM_STATE_SHUT_OFF', 1);
const ABSENT: Sight = { kind: 'absent' };
const UNREACHABLE: Sight = { kind: 'unreachable', reason: 'no route' };

/** "kind", and the cures as "side:act". */
function short(verdict: Verdict): string {
  const cures = 'cures' in verdict ? verdict.cures.map(({ side, act }) => ` ${side}:${act}`).join('') : '';
  const moving = verdict.kind === 'wait' && verdict.isMoving ? ' moving' : '';
  const cause = verdict.kind === 'stopped' ? ` ${verdict.causeCode}` : '';
  return verdict.kind + moving + cause + cures;
}

const ROWS: [row: string, source: Sight, target: Sight, expected: string][] = [
  ['running with a job / incoming: in progress', RUNNING_JOB, INCOMING, 'wait moving'],
  ['running with a job / absent: only begun', RUNNING_JOB, ABSENT, 'wait moving'],
  ['switching: paused with a job / incoming', PAUSED_JOB, INCOMING, 'wait moving'],
  ['running / incoming: about to be dropped', RUNNING, INCOMING, 'wait moving'],
  ['running / absent: rolled back', RUNNING, ABSENT, 'stayed'],
  ['running / defined: rolled back, definition left over', RUNNING, OFF_FAILED, 'stayed target:undefine'],
  [
    'running / paused: lost Finish of a paused copy',
    RUNNING,
    PAUSED_USER,
    'stayed target:destroy target:undefine',
  ],
  [
    'paused (migrating) / running: unconfirmed success',
    PAUSED_MIGRATING,
    RUNNING_MIGRATED,
    'arrived source:destroy source:undefine',
  ],
  ['paused (migrating) / absent: failed late', PAUSED_MIGRATING, ABSENT, 'wait'],
  ['paused (migrating) / paused: both complete', PAUSED_MIGRATING, PAUSED_MIGRATING, 'wait'],
  ['absent / running: success', ABSENT, RUNNING_MIGRATED, 'arrived'],
  [
    'off (migrated) / running: success, definition left over',
    OFF_MIGRATED,
    RUNNING_MIGRATED,
    'arrived source:undefine',
  ],
  ['absent / paused: commit missing', ABSENT, PAUSED_USER, 'wait'],
  ['absent / incoming: Finish pending', ABSENT, INCOMING, 'wait moving'],
  ['running / running: split, nothing is touched', RUNNING, RUNNING_MIGRATED, 'unknown'],
  ['off (crashed) / absent: the guest crashed', OFF_CRASHED, ABSENT, 'stopped guest_crashed'],
  ['off (shut down) / absent: the guest was shut down', OFF_SHUTDOWN, ABSENT, 'stopped guest_shutdown'],
  ['off (migrated) / absent: lost', OFF_MIGRATED, ABSENT, 'wait'],
  ['absent / absent: a moment of Confirm, or lost', ABSENT, ABSENT, 'wait'],
  ['absent / shut down: arrived and ended there', ABSENT, OFF_SHUTDOWN, 'arrived'],
  ['absent / failed: a person must start it', ABSENT, OFF_FAILED, 'unknown'],
  ['off / off: defined twice', OFF_SHUTDOWN, OFF_FAILED, 'unknown'],
  ['paused (I/O error) / absent: a person must look', PAUSED_IO, ABSENT, 'unknown'],
  ['unreachable / running: hold', UNREACHABLE, RUNNING_MIGRATED, 'wait'],
  ['unreachable / incoming: hold', UNREACHABLE, INCOMING, 'wait'],
  ['unreachable / absent: hold', UNREACHABLE, ABSENT, 'wait'],
  ['running / unreachable: hold', RUNNING, UNREACHABLE, 'wait'],
  ['absent / unreachable: hold', ABSENT, UNREACHABLE, 'wait'],
  ['unreachable / unreachable: hold', UNREACHABLE, UNREACHABLE, 'wait'],
];

void t.test('the ownership table', (t) => {
  for (const [row, source, target, expected] of ROWS) t.equal(short(judge(source, target)), expected, row);
  t.end();
});

const SIGHTS = [...new Set(ROWS.flatMap(([, source, target]) => [source, target]))];

void t.test('no pair of sights gives a dangerous verdict', (t) => {
  const isRunning = (sight: Sight): boolean =>
    sight.kind === 'present' && sight.vm.state === 'VM_STATE_RUNNING';
  const hasJob = (sight: Sight): boolean =>
    sight.kind === 'present' && sight.vm.migrationRole !== 'VM_MIGRATION_ROLE_UNSPECIFIED';
  const dangers = SIGHTS.flatMap((source) =>
    SIGHTS.filter((target) => {
      const verdict = judge(source, target);
      const isBlind = source.kind === 'unreachable' || target.kind === 'unreachable';
      if (!('cures' in verdict)) return isBlind && verdict.kind !== 'wait' && !hasJob(source);
      const cured = new Set(verdict.cures.map(({ side }) => side));
      const losesRunning =
        (cured.has('source') && isRunning(source)) || (cured.has('target') && isRunning(target));
      const keeper = verdict.kind === 'arrived' ? target : source;
      const isEnded = verdict.kind === 'arrived' && target === OFF_SHUTDOWN;
      return isBlind || losesRunning || cured.size > 1 || hasJob(source) || !(isRunning(keeper) || isEnded);
    }).map((target) => ({ source, target })),
  );
  t.strictSame(dangers, [], 'cures never touch a running copy, a job, or what only one side shows');
  t.end();
});

const EVENTS: Record<string, MigrationEvent> = {
  admitted: { kind: 'admitted' },
  refused: { kind: 'refused', causeCode: 'cpu_incompatible', outcome: 'no' },
  withdrawn: { kind: 'withdrawn' },
  ordered: { kind: 'ordered' },
  progressed: {
    kind: 'progressed',
    progress: {
      memoryTotalBytes: 1,
      memoryProcessedBytes: 0,
      memoryRemainingBytes: 1,
      memoryBytesPerSecond: 0,
      dirtyBytesPerSecond: 0,
      iteration: 1,
      elapsedMs: 0,
    },
  },
  returned: { kind: 'returned', causeCode: '', progress: null },
  failed: { kind: 'returned', causeCode: 'timeout', progress: null },
  aborted: { kind: 'returned', causeCode: 'user_abort', progress: null },
  restarted: { kind: 'restarted' },
  arrived: { kind: 'judged', verdict: { kind: 'arrived', outcome: '', cures: [] }, outcome: 'there' },
  stayed: { kind: 'judged', verdict: { kind: 'stayed', outcome: '', cures: [] }, outcome: 'here' },
  stopped: {
    kind: 'judged',
    verdict: { kind: 'stopped', outcome: '', causeCode: 'guest_crashed' },
    outcome: 'crashed',
  },
  unknown: { kind: 'judged', verdict: { kind: 'unknown', outcome: '' }, outcome: 'who knows' },
  seen_again: { kind: 'seen_again' },
};

/** The states passed through, and the cause at the end. */
function life(events: readonly string[]): string {
  let now = migration({ state: 'MIGRATION_STATE_QUEUED', startedAtMs: 0, endedAtMs: 0 });
  const states = events.map((name) => {
    const event = EVENTS[name];
    if (event !== undefined) now = step(now, event, T0);
    return now.state.replace('MIGRATION_STATE_', '');
  });
  return [...states, now.causeCode].join(' ').trim();
}

const LIVES: [events: string[], expected: string][] = [
  [
    ['admitted', 'ordered', 'progressed', 'returned', 'arrived'],
    'CHECKING COPYING COPYING VERIFYING SUCCEEDED',
  ],
  [['admitted', 'refused'], 'CHECKING FAILED cpu_incompatible'],
  [['refused'], 'FAILED cpu_incompatible'],
  [['admitted', 'withdrawn'], 'CHECKING ABORTED user_abort'],
  [['admitted', 'ordered', 'failed', 'stayed'], 'CHECKING COPYING VERIFYING FAILED timeout'],
  [['admitted', 'ordered', 'failed', 'arrived'], 'CHECKING COPYING VERIFYING SUCCEEDED'],
  [['admitted', 'ordered', 'returned', 'stayed'], 'CHECKING COPYING VERIFYING FAILED cause_not_told'],
  [['admitted', 'ordered', 'aborted', 'stayed'], 'CHECKING COPYING VERIFYING ABORTED user_abort'],
  [['admitted', 'ordered', 'aborted', 'arrived'], 'CHECKING COPYING VERIFYING SUCCEEDED'],
  [['admitted', 'ordered', 'failed', 'stopped'], 'CHECKING COPYING VERIFYING FAILED guest_crashed'],
  [
    ['admitted', 'ordered', 'failed', 'unknown', 'seen_again', 'arrived'],
    'CHECKING COPYING VERIFYING UNKNOWN VERIFYING SUCCEEDED',
  ],
  [['restarted'], 'FAILED scheduler_restarted'],
  [['admitted', 'restarted'], 'CHECKING FAILED scheduler_restarted'],
  [
    ['admitted', 'ordered', 'restarted', 'restarted', 'arrived'],
    'CHECKING COPYING VERIFYING VERIFYING SUCCEEDED',
  ],
  [
    ['admitted', 'ordered', 'returned', 'arrived', 'restarted'],
    'CHECKING COPYING VERIFYING SUCCEEDED SUCCEEDED',
  ],
];

void t.test('lives of a migration', (t) => {
  for (const [events, expected] of LIVES) t.equal(life(events), expected, events.join(', '));
  t.equal(step(migration({ state: 'MIGRATION_STATE_CHECKING' }), { kind: 'ordered' }, 9).startedAtMs, 9);
  t.end();
});

void t.test('an event that cannot happen is a bug and said to be one', (t) => {
  for (const events of [
    ['ordered'],
    ['returned'],
    ['arrived'],
    ['admitted', 'admitted'],
    ['admitted', 'ordered', 'refused'],
    ['admitted', 'ordered', 'withdrawn'],
    ['admitted', 'ordered', 'ordered'],
    ['admitted', 'ordered', 'arrived'],
    ['admitted', 'ordered', 'returned', 'arrived', 'arrived'],
    ['admitted', 'ordered', 'returned', 'stayed', 'ordered'],
  ])
    t.throws(() => life(events), /cannot be/, events.join(', '));
  t.end();
});
