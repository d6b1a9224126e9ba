// Tests the ownership table row by row, and the verdicts that no pair of observations may lead to.
import fc from 'fast-check';
import t from 'tap';
import {
  judge,
  rowKey,
  rowOf,
  type Look,
  type SeenVm,
  type Sight,
  type Verdict,
} from '../../../scheduler/migrations/verdict.ts';
import { causeWord } from '../../../shared/cause-word.ts';
import type { VmStateReason } from '../../../shared/gen/telemetry.ts';

const NOW_MS = 1_000_000;
const EPOCH = 7;

function seen(
  state: SeenVm['state'],
  stateReason: VmStateReason = 'VM_STATE_REASON_UNSPECIFIED',
  migrationRole?: SeenVm['migrationRole'],
): Sight {
  const role = migrationRole ?? 'VM_MIGRATION_ROLE_UNSPECIFIED';
  const libvirtId = state === 'VM_STATE_SHUT_OFF' ? -1 : 7;
  return {
    ...{ kind: 'present', atMs: NOW_MS, epoch: EPOCH },
    vm: { state, stateReason, migrationRole: role, libvirtId, processEnded: false },
  };
}

const RUNNING = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED');
const RUNNING_MIGRATED = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED');
const RUNNING_UNPAUSED = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_UNPAUSED');
const RUNNING_CANCELED = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_MIGRATION_CANCELED');
const RUNNING_POSTCOPY_FAILED = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_POST_COPY_FAILED');
const RUNNING_JOB = seen('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED', 'VM_MIGRATION_ROLE_OUTGOING');
const PAUSED_MIGRATING = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION');
const PAUSED_JOB = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', 'VM_MIGRATION_ROLE_OUTGOING');
const ENDING: Sight = {
  ...{ kind: 'present', atMs: NOW_MS, epoch: EPOCH },
  vm: {
    state: 'VM_STATE_PAUSED',
    stateReason: 'VM_STATE_REASON_MIGRATION',
    migrationRole: 'VM_MIGRATION_ROLE_OUTGOING',
    libvirtId: 7,
    processEnded: true,
  },
};
const PAUSED_POSTCOPY_FAILED = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_POST_COPY_FAILED');
const POSTCOPY_JOB = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_POST_COPY', 'VM_MIGRATION_ROLE_OUTGOING');
const INCOMING = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', 'VM_MIGRATION_ROLE_INCOMING');
const PAUSED_USER = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_USER');
const PAUSED_IO = seen('VM_STATE_PAUSED', 'VM_STATE_REASON_IO_ERROR');
const OFF_FAILED = seen('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_FAILED');
const OFF_MIGRATED = seen('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_MIGRATED');
const OFF_CRASHED = seen('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_CRASHED');
const OFF_SHUTDOWN = seen('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_SHUTDOWN');
const ABSENT: Sight = { kind: 'absent', atMs: NOW_MS, epoch: EPOCH };
const UNREACHABLE: Sight = { kind: 'unreachable', reason: 'no route' };

const LOOK: Look = {
  ...{ source: UNREACHABLE, target: UNREACHABLE, nowMs: NOW_MS, epoch: EPOCH },
  ...{ commitMode: 'COMMIT_MODE_LOCK', definedOnTargetBefore: false, heldMs: 0, wasSplit: false },
};
const PAUSED_MODE = { commitMode: 'COMMIT_MODE_PAUSED' } as const;
const LONG = { heldMs: 60_000 };

/** "settle source destroy", "over arrived". */
function short(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'wait':
      return verdict.isMoving ? 'wait moving' : 'wait';
    case 'settle':
    case 'split':
      return `${verdict.kind} ${verdict.cure.side} ${verdict.cure.act}`;
    case 'over':
      return `over ${verdict.ending} ${causeWord(verdict.causeCode)}`.trim();
    case 'unknown':
      return 'unknown';
  }
}

const ROWS: [row: string, source: Sight, target: Sight, expected: string, given?: Partial<Look>][] = [
  ['running with a job / incoming: in progress', RUNNING_JOB, INCOMING, 'wait moving'],
  ['running with a job / absent: only begun', RUNNING_JOB, ABSENT, 'wait moving'],
  ['paused with a job / incoming: switching', PAUSED_JOB, INCOMING, 'wait moving'],
  ['paused with a job / running: Confirm pending', PAUSED_JOB, RUNNING_MIGRATED, 'wait moving'],
  ['running / incoming: about to be dropped', RUNNING, INCOMING, 'wait'],
  ['running / absent: rolled back', RUNNING, ABSENT, 'over stayed'],
  ['running / defined: a definition left over', RUNNING, OFF_FAILED, 'settle target undefine'],
  ['running / defined before: not ours', RUNNING, OFF_FAILED, 'over stayed', { definedOnTargetBefore: true }],
  ['running / paused: lost Finish', RUNNING, PAUSED_USER, 'settle target destroy', PAUSED_MODE],
  ['paused (migrating) / running: unconfirmed', PAUSED_MIGRATING, RUNNING_MIGRATED, 'settle source destroy'],
  ['paused (migrating) / absent: perhaps Finish', PAUSED_MIGRATING, ABSENT, 'wait'],
  [
    'paused (migrating) / absent for long: failed late',
    PAUSED_MIGRATING,
    ABSENT,
    'settle source resume',
    LONG,
  ],
  ['paused (migrating) / off for long', PAUSED_MIGRATING, OFF_FAILED, 'settle source resume', LONG],
  ['paused on both: perhaps Finish', PAUSED_MIGRATING, PAUSED_USER, 'wait', PAUSED_MODE],
  ['paused on both for 20 s: perhaps Finish', PAUSED_MIGRATING, PAUSED_USER, 'wait', { heldMs: 20_000 }],
  [
    'paused on both for 20 s, the target by order: nobody else begins it',
    PAUSED_MIGRATING,
    PAUSED_USER,
    'settle target destroy',
    { ...PAUSED_MODE, heldMs: 20_000 },
  ],
  [
    'paused on both for long: the target goes first',
    PAUSED_MIGRATING,
    PAUSED_USER,
    'settle target destroy',
    LONG,
  ],
  ['absent / running: success', ABSENT, RUNNING_MIGRATED, 'over arrived'],
  [
    'off (migrated) / running: a definition left over',
    OFF_MIGRATED,
    RUNNING_MIGRATED,
    'settle source undefine',
  ],
  [
    'off (crashed) / running: the QEMU left behind died',
    OFF_CRASHED,
    RUNNING_MIGRATED,
    'settle source undefine',
  ],
  ['absent / paused: commit', ABSENT, PAUSED_USER, 'settle target resume', PAUSED_MODE],
  ['off (migrated) / paused: commit', OFF_MIGRATED, PAUSED_USER, 'settle target resume', PAUSED_MODE],
  ['its QEMU has ended / paused: commit', ENDING, PAUSED_USER, 'settle target resume', PAUSED_MODE],
  [
    'its QEMU has ended / still incoming: libvirt tells',
    ENDING,
    INCOMING,
    'wait',
    { ...PAUSED_MODE, ...LONG },
  ],
  ['its QEMU has ended / absent: libvirt tells', ENDING, ABSENT, 'wait', { ...PAUSED_MODE, ...LONG }],
  [
    'its QEMU has ended / running: libvirt is about to undefine it',
    ENDING,
    RUNNING_UNPAUSED,
    'wait',
    PAUSED_MODE,
  ],
  ['its QEMU has ended / paused after a plain copy', ENDING, PAUSED_USER, 'wait'],
  ['absent / paused by somebody after a plain copy', ABSENT, PAUSED_USER, 'unknown'],
  ['absent / paused (migrating) after a plain copy', ABSENT, PAUSED_MIGRATING, 'wait'],
  ['absent / paused (migrating) for long', ABSENT, PAUSED_MIGRATING, 'settle target resume', LONG],
  ['absent / paused (I/O error)', ABSENT, PAUSED_IO, 'unknown', PAUSED_MODE],
  ['absent / incoming: Finish pending', ABSENT, INCOMING, 'wait'],
  ['split: the target began last', RUNNING, RUNNING_MIGRATED, 'split target suspend'],
  ['split: the source was resumed last', RUNNING_CANCELED, RUNNING_MIGRATED, 'split source suspend'],
  [
    'split: the target was resumed last',
    RUNNING_CANCELED,
    RUNNING_UNPAUSED,
    'split target suspend',
    PAUSED_MODE,
  ],
  ['after a split: suspended and running', RUNNING_CANCELED, PAUSED_USER, 'wait', { wasSplit: true }],
  [
    'after a split: running again',
    RUNNING_CANCELED,
    RUNNING_MIGRATED,
    'split source suspend',
    { wasSplit: true },
  ],
  ['after a split: an operator kept the source', RUNNING, ABSENT, 'over stayed', { wasSplit: true }],
  [
    'after a split: an operator kept the target',
    OFF_SHUTDOWN,
    RUNNING,
    'settle source undefine',
    { wasSplit: true },
  ],
  ['post-copy goes on', POSTCOPY_JOB, RUNNING_MIGRATED, 'wait'],
  ['post-copy broke', PAUSED_POSTCOPY_FAILED, RUNNING_POSTCOPY_FAILED, 'wait', LONG],
  ['off (crashed) / absent', OFF_CRASHED, ABSENT, 'over crashed guest_crashed'],
  ['off (shut down) / absent', OFF_SHUTDOWN, ABSENT, 'over crashed guest_shutdown'],
  [
    'off (no reason known, as after a loss of power) / absent',
    OFF_FAILED,
    ABSENT,
    'over crashed guest_crashed',
  ],
  ['off (crashed) / defined', OFF_CRASHED, OFF_FAILED, 'settle target undefine'],
  ['off (crashed) / paused copy: who ran last?', OFF_CRASHED, PAUSED_USER, 'unknown', PAUSED_MODE],
  ['off (migrated) / absent: lost', OFF_MIGRATED, ABSENT, 'unknown', LONG],
  ['absent / absent: a moment of Confirm', ABSENT, ABSENT, 'wait'],
  ['absent / absent for long: lost', ABSENT, ABSENT, 'unknown', LONG],
  ['absent / shut down: arrived and ended there', ABSENT, OFF_SHUTDOWN, 'over arrived'],
  ['absent / crashed: arrived and crashed there', ABSENT, OFF_CRASHED, 'over crashed guest_crashed'],
  ['absent / failed: an operator must start it', ABSENT, OFF_FAILED, 'unknown'],
  ['off (migrated) / off: defined twice', OFF_MIGRATED, OFF_FAILED, 'unknown'],
  ['paused (I/O error) / absent: kept as it is', PAUSED_IO, ABSENT, 'over stayed io_error'],
  ['paused by an operator / absent: kept as it is', PAUSED_USER, ABSENT, 'over stayed'],
  ['paused by an operator / paused', PAUSED_USER, PAUSED_USER, 'unknown'],
  ['unreachable / running: hold', UNREACHABLE, RUNNING_MIGRATED, 'wait', LONG],
  ['unreachable / paused: hold', UNREACHABLE, PAUSED_USER, 'wait', { ...LONG, ...PAUSED_MODE }],
  ['unreachable / absent: hold', UNREACHABLE, ABSENT, 'wait', LONG],
  ['running / unreachable: hold', RUNNING, UNREACHABLE, 'wait', LONG],
  ['absent / unreachable: hold', ABSENT, UNREACHABLE, 'wait', LONG],
  ['unreachable / unreachable: hold', UNREACHABLE, UNREACHABLE, 'wait', LONG],
];

void t.test('the ownership table', (t) => {
  for (const [row, source, target, expected, given] of ROWS)
    t.equal(short(judge({ ...LOOK, ...given, source, target })), expected, row);
  t.end();
});

void t.test('a sight that is old, or of another epoch, is none', (t) => {
  const old = { ...ABSENT, atMs: NOW_MS - 2_001 };
  const foreign = { ...ABSENT, epoch: EPOCH - 1 };
  for (const source of [old, foreign])
    t.equal(short(judge({ ...LOOK, ...PAUSED_MODE, source, target: PAUSED_USER })), 'wait');
  t.end();
});

void t.test('destroying the copy of the target does not start the wait for the source anew', (t) => {
  const key = (target: Sight): string => rowKey(rowOf({ ...LOOK, source: PAUSED_MIGRATING, target }));
  t.equal(key(PAUSED_USER), key(ABSENT));
  t.not(key(RUNNING), key(ABSENT));
  t.end();
});

const SIGHTS = [...new Set(ROWS.flatMap(([, source, target]) => [source, target]))];
const anySight = fc
  .constantFrom(...SIGHTS)
  .chain((sight) =>
    sight.kind === 'unreachable'
      ? fc.constant(sight)
      : fc
          .record({ ageMs: fc.nat(4_000), epoch: fc.constantFrom(EPOCH, EPOCH, EPOCH, EPOCH - 1) })
          .map(({ ageMs, epoch }): Sight => ({ ...sight, atMs: NOW_MS - ageMs, epoch })),
  );
const anyLook: fc.Arbitrary<Look> = fc.record({
  source: anySight,
  target: anySight,
  nowMs: fc.constant(NOW_MS),
  epoch: fc.constant(EPOCH),
  commitMode: fc.constantFrom('COMMIT_MODE_LOCK', 'COMMIT_MODE_PAUSED'),
  definedOnTargetBefore: fc.boolean(),
  heldMs: fc.constantFrom(0, 1_000, 20_000, 60_000, 600_000),
  wasSplit: fc.boolean(),
});

function never(name: string, isBad: (look: Look, verdict: Verdict) => boolean): void {
  void t.test(name, (t) => {
    fc.assert(
      fc.property(anyLook, (look) => !isBad(look, judge(look))),
      { numRuns: 20_000 },
    );
    t.end();
  });
}

const words = (look: Look) => rowOf(look);
const cureOf = (verdict: Verdict) =>
  verdict.kind === 'settle' || verdict.kind === 'split' ? verdict.cure : undefined;

never('nothing is done, and nothing is over, without a fresh view of both sides', (look, verdict) => {
  const { source, target } = words(look);
  return (source === 'unreachable' || target === 'unreachable') && verdict.kind !== 'wait';
});

never('a running copy, and one with a job, is never destroyed or undefined', (look, verdict) => {
  const cure = cureOf(verdict);
  if (cure?.act !== 'destroy' && cure?.act !== 'undefine') return false;
  return ['running', 'job', 'postcopy', 'unreachable', 'absent'].includes(words(look)[cure.side]);
});

never('the last copy is never destroyed', (look, verdict) => {
  const cure = cureOf(verdict);
  if (cure?.act !== 'destroy') return false;
  const other = words(look)[cure.side === 'source' ? 'target' : 'source'];
  // The source alone holds a complete copy while it is paused by its migration.
  return !(other === 'running' || (cure.side === 'target' && other === 'paused_migrating'));
});

never('a copy is never resumed while the other may run', (look, verdict) => {
  const cure = cureOf(verdict);
  if (cure?.act !== 'resume') return false;
  const other = words(look)[cure.side === 'source' ? 'target' : 'source'];
  const gone = cure.side === 'source' ? other.startsWith('off_') : ['off_migrated', 'ending'].includes(other);
  return !(other === 'absent' || gone);
});

never(
  'only what is off is undefined, and the target only if it was not defined there before',
  (look, verdict) => {
    const cure = cureOf(verdict);
    if (cure?.act !== 'undefine') return false;
    const isOff = words(look)[cure.side].startsWith('off_');
    return !isOff || (cure.side === 'target' && look.definedOnTargetBefore);
  },
);

never('where both copies ran nothing active is destroyed or resumed', (look, verdict) => {
  const act = cureOf(verdict)?.act;
  return look.wasSplit && (act === 'resume' || act === 'destroy');
});

never('a guest is suspended only where it runs twice', (look, verdict) => {
  const { source, target } = words(look);
  return cureOf(verdict)?.act === 'suspend' && !(source === 'running' && target === 'running');
});
