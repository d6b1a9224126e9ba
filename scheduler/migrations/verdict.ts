// Judges which host owns the guest: the ownership table, from what both hosts show at one moment. Pure.
// Unknown is never treated as absent, each verdict asks for at most one act, and what fits no row is left to an operator.
import type { Vm } from '../../shared/gen/agent.ts';
import type { CommitMode, MigrationCause, VmStateReason } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { NO_CAUSE } from './causes.ts';
import { KEEPALIVE_MS, type Ending } from './machine.ts';

export type SeenVm = Pick<Vm, 'state' | 'stateReason' | 'migrationRole' | 'libvirtId' | 'processEnded'>;

/** What one host showed of the VM, when it was asked, and under which epoch. */
export type Sight =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'absent'; readonly atMs: number; readonly epoch: number }
  | { readonly kind: 'present'; readonly vm: SeenVm; readonly atMs: number; readonly epoch: number };

export type Side = 'source' | 'target';

/** One act on one side; carried out only if a look after the outcome is recorded asks for the same. */
export interface Cure {
  readonly side: Side;
  readonly act: 'resume' | 'suspend' | 'destroy' | 'undefine';
}

export interface Look {
  readonly source: Sight;
  readonly target: Sight;
  /** The monotonic clock at the moment of judging. */
  readonly nowMs: number;
  /** The migration's epoch; a sight under another epoch proves nothing. */
  readonly epoch: number;
  readonly commitMode: CommitMode;
  readonly definedOnTargetBefore: boolean;
  /** How long both hosts have shown the present row unchanged. */
  readonly heldMs: number;
  /** Both copies have run: active copies are no longer touched. */
  readonly wasSplit: boolean;
}

export type Verdict =
  /** Look again. `isMoving` while libvirt itself still works on it. */
  | { readonly kind: 'wait'; readonly isMoving: boolean; readonly outcome: string }
  /** One side has to be settled, one act at a time. */
  | { readonly kind: 'settle'; readonly cure: Cure; readonly outcome: string }
  | {
      readonly kind: 'over';
      readonly ending: Ending;
      readonly causeCode: MigrationCause;
      readonly outcome: string;
    }
  /** Both copies run: the later one is to be suspended, nothing else. */
  | { readonly kind: 'split'; readonly cure: Cure; readonly outcome: string }
  | { readonly kind: 'unknown'; readonly outcome: string };

/** A sight older than this decides nothing. */
export const FRESH_MS = 2 * SECOND_MS;
// Within twice the keepalive both libvirts have given up a lost peer, and an incoming copy without a source is gone.
const SETTLED_MS = 2 * KEEPALIVE_MS;
// In Confirm, and after a failed copy, libvirt itself acts within moments of what is seen.
const CONFIRM_MS = 10 * SECOND_MS;

/** A sight as the table names it. */
export type Word =
  | 'unreachable'
  | 'absent'
  | 'job'
  | 'ending'
  | 'running'
  | 'postcopy'
  | 'paused_migrating'
  | 'paused_user'
  | 'paused_io_error'
  | 'paused_other'
  | 'off_migrated'
  | 'off_ended'
  | 'off_crashed'
  | 'off_other';

type Paused = 'paused_migrating' | 'paused_user' | 'paused_io_error' | 'paused_other';
type Off = 'off_migrated' | 'off_ended' | 'off_crashed' | 'off_other';
type Settled = 'absent' | 'running' | Paused | Off;

/** The table's row for a look, to time how long it lasts. A stale sight, or one of another epoch, counts as unreachable. */
export function rowOf(look: Pick<Look, 'source' | 'target' | 'nowMs' | 'epoch'>): {
  source: Word;
  target: Word;
} {
  return { source: wordOf(look.source, look), target: wordOf(look.target, look) };
}

/**
 * Looks with the same key count as one lasting row. A paused source whose target does not run is one row,
 * so that destroying the target's copy does not make the guest wait a second time.
 */
export function rowKey({ source, target }: { source: Word; target: Word }): string {
  const isCopyIdle = target === 'absent' || isOff(target) || isPaused(target);
  return source === 'paused_migrating' && isCopyIdle ? 'paused_migrating/idle' : `${source}/${target}`;
}

/** The verdict on one look. */
export function judge(look: Look): Verdict {
  const { source, target } = rowOf(look);
  if (source === 'unreachable') return wait(false, `the source cannot be seen (${reasonOf(look.source)})`);
  if (target === 'unreachable')
    return wait(source === 'job', `the target cannot be seen (${reasonOf(look.target)})`);
  if (source === 'postcopy' || target === 'postcopy') return judgePostCopy(source);
  if (source === 'job') return wait(true, 'a libvirt job runs on the source');
  if (source === 'ending') return judgeEnding(look, target);
  if (target === 'ending') return wait(false, 'the target has already migrated the guest on');
  if (target === 'job') return wait(false, 'the target still receives the guest, or is about to drop it');
  if (look.wasSplit) return judgeAfterSplit(look, source, target);
  if (source === 'running') return judgeRunning(look, target);
  if (source === 'paused_migrating') return judgePausedByMigration(look, target);
  if (isPaused(source)) return judgePausedByOthers(look, source, target);
  if (source === 'absent' || source === 'off_migrated') return judgeGone(look, source, target);
  return judgeEnded(look, source, target);
}

function wordOf(sight: Sight, { nowMs, epoch }: Pick<Look, 'nowMs' | 'epoch'>): Word {
  if (sight.kind === 'unreachable') return 'unreachable';
  if (nowMs - sight.atMs > FRESH_MS || sight.epoch !== epoch) return 'unreachable';
  if (sight.kind === 'absent') return 'absent';
  const { state, stateReason } = sight.vm;
  const phase = phaseWord(sight.vm);
  if (phase !== undefined) return phase;
  switch (state) {
    case 'VM_STATE_RUNNING':
    case 'VM_STATE_BLOCKED':
    case 'VM_STATE_SHUTTING_DOWN':
      return 'running';
    case 'VM_STATE_PAUSED':
      return pausedWord(stateReason);
    case 'VM_STATE_SUSPENDED':
      return 'paused_other';
    case 'VM_STATE_CRASHED':
      return 'off_crashed';
    case 'VM_STATE_SHUT_OFF':
      return offWord(stateReason);
    case 'VM_STATE_UNSPECIFIED':
      return 'unreachable';
  }
}

/** What libvirt is doing with the VM, where that matters more than its state. */
function phaseWord(vm: SeenVm): Word | undefined {
  if (vm.processEnded) return 'ending';
  if (isPostCopy(vm)) return 'postcopy';
  return vm.migrationRole === 'VM_MIGRATION_ROLE_UNSPECIFIED' ? undefined : 'job';
}

function isPostCopy({ stateReason }: SeenVm): boolean {
  return stateReason === 'VM_STATE_REASON_POST_COPY' || stateReason === 'VM_STATE_REASON_POST_COPY_FAILED';
}

function pausedWord(reason: VmStateReason): Word {
  if (reason === 'VM_STATE_REASON_MIGRATION') return 'paused_migrating';
  if (reason === 'VM_STATE_REASON_USER') return 'paused_user';
  return reason === 'VM_STATE_REASON_IO_ERROR' ? 'paused_io_error' : 'paused_other';
}

function offWord(reason: VmStateReason): Word {
  if (reason === 'VM_STATE_REASON_MIGRATED') return 'off_migrated';
  if (reason === 'VM_STATE_REASON_SHUTDOWN' || reason === 'VM_STATE_REASON_DESTROYED') return 'off_ended';
  return reason === 'VM_STATE_REASON_CRASHED' ? 'off_crashed' : 'off_other';
}

function isPaused(word: Word): word is Paused {
  return word.startsWith('paused_');
}

function isOff(word: Word): word is Off {
  return word.startsWith('off_');
}

/** After the switch to post-copy each side has a part of the guest: neither is ever resumed or destroyed here. */
function judgePostCopy(source: Word): Verdict {
  if (source === 'job') return wait(true, 'switched over early; the rest of the memory is on its way');
  return wait(
    false,
    'post-copy broke off: each host holds a part of the guest, nothing was destroyed; when the network is back: "virsh migrate --postcopy --postcopy-resume" on the source',
  );
}

/**
 * Its QEMU has ended on the source, so only the target can run the guest; the target has all of it once no libvirt job is
 * left there. libvirt is about to show the same: everything else waits for that.
 */
function judgeEnding({ commitMode, wasSplit }: Look, target: Word): Verdict {
  const isWhole = target === 'paused_user' || target === 'paused_migrating';
  return isWhole && commitMode === 'COMMIT_MODE_PAUSED' && !wasSplit
    ? settle('target', 'resume', 'handed over to the target')
    : wait(false, 'its QEMU has ended on the source; libvirt has not reported how yet');
}

function judgeRunning(look: Look, target: Settled): Verdict {
  if (target === 'absent') return stayed('runs on the source, nothing on the target');
  if (isOff(target)) return sweepTarget(look, 'runs on the source, a left-over definition on the target');
  if (isPaused(target))
    return settle('target', 'destroy', 'runs on the source, a copy that never ran on the target');
  const side = laterSide(look);
  return {
    kind: 'split',
    cure: { side, act: 'suspend' },
    outcome: `SPLIT: the guest ran on BOTH hosts; the copy that resumed last, on the ${side}, is suspended, nothing was destroyed. Decide which disk state is the good one, destroy the other copy, then resume`,
  };
}

/** libvirt resumes a source whose target did not answer long after the target started; a resumed target started last. */
function laterSide({ source, target }: Look): Side {
  if (wasResumed(target, 'VM_STATE_REASON_UNPAUSED')) return 'target';
  return wasResumed(source, 'VM_STATE_REASON_MIGRATION_CANCELED', 'VM_STATE_REASON_UNPAUSED')
    ? 'source'
    : 'target';
}

function wasResumed(sight: Sight, ...reasons: readonly VmStateReason[]): boolean {
  return sight.kind === 'present' && reasons.includes(sight.vm.stateReason);
}

function judgePausedByMigration(look: Look, target: Settled): Verdict {
  if (target === 'running')
    return settle('source', 'destroy', 'runs on the target, a finished copy waits on the source');
  if (isPaused(target))
    return look.heldMs < beginsByItselfMs(look)
      ? wait(false, 'paused on both hosts; libvirt may still start it on one of them')
      : settle(
          'target',
          'destroy',
          'complete on both hosts and running on neither; returning it to the source',
        );
  // The target is absent or off: what it had received is gone, the source has everything, and no job is left to resume it.
  return look.heldMs < CONFIRM_MS
    ? wait(false, 'paused on the source and gone from the target; libvirt may still resume it')
    : settle('source', 'resume', 'never ran on the target; resuming it on the source');
}

/** libvirt never starts a copy that was ordered to arrive paused: only the end on the source is awaited. */
function beginsByItselfMs({ commitMode }: Look): number {
  return commitMode === 'COMMIT_MODE_PAUSED' ? CONFIRM_MS : SETTLED_MS;
}

function judgePausedByOthers(look: Look, source: Paused, target: Settled): Verdict {
  if (target === 'running' || isPaused(target))
    return unknown(
      `the guest is ${spoken(source)} on the source and ${spoken(target)} on the target; decide which is the good one`,
    );
  if (isOff(target)) return sweepTarget(look, 'paused on the source, a left-over definition on the target');
  return source === 'paused_io_error'
    ? stayed(
        'paused on the source by an I/O error; repair its storage, then "virsh resume" it',
        'MIGRATION_CAUSE_IO_ERROR',
      )
    : stayed('paused on the source, not by its migration; find out why ("virsh domstate --reason")');
}

/** The source has released the guest. */
function judgeGone(look: Look, source: 'absent' | 'off_migrated', target: Settled): Verdict {
  if (target === 'running') return sweepSource(source);
  if (target === 'absent') {
    return look.heldMs < CONFIRM_MS
      ? wait(false, 'on neither host; libvirt may be handing it over')
      : unknown(
          'on neither host: the guest is lost; check that its disks and leases are not in use, then start it again',
        );
  }
  if (isOff(target)) return judgeOffTarget(source, target);
  if (target === 'paused_user' && look.commitMode === 'COMMIT_MODE_PAUSED')
    return settle('target', 'resume', 'handed over to the target');
  if (target === 'paused_migrating') {
    if (look.commitMode === 'COMMIT_MODE_PAUSED' || look.heldMs >= SETTLED_MS)
      return settle('target', 'resume', 'handed over to the target');
    return wait(false, 'paused on the target, gone from the source; libvirt may still start it');
  }
  return unknown(
    `gone from the source and ${spoken(target)} on the target; find out why, then "virsh resume" it there`,
  );
}

function judgeOffTarget(source: 'absent' | 'off_migrated', target: Off): Verdict {
  if (source === 'off_migrated')
    return unknown('off and defined on both hosts; decide where it belongs and undefine the other');
  if (target === 'off_ended') return arrived('arrived on the target and was shut down there since');
  if (target === 'off_crashed')
    return {
      kind: 'over',
      ending: 'crashed',
      causeCode: 'MIGRATION_CAUSE_GUEST_CRASHED',
      outcome: 'arrived on the target and crashed there',
    };
  return unknown('defined but not running on the target, gone from the source; start it there');
}

/** The guest itself ended on the source, or its QEMU did. */
function judgeEnded(look: Look, source: Exclude<Off, 'off_migrated'>, target: Settled): Verdict {
  if (target === 'running') return sweepSource(source);
  if (isPaused(target))
    return unknown(
      'off on the source with a paused copy on the target; it cannot be seen if the source ran on meanwhile: start the source, or resume the copy if the disks were not written to since',
    );
  // A copy that never ran ends as failed; one that crashed may have run as the guest.
  if (target === 'off_crashed' && !look.definedOnTargetBefore)
    return unknown(
      'off on both hosts, and the copy on the target crashed: it may have run; start the one that ran last, undefine the other',
    );
  if (isOff(target) && !look.definedOnTargetBefore)
    return sweepTarget(look, 'ended on the source, a left-over definition on the target');
  switch (source) {
    case 'off_crashed':
      return crashed('MIGRATION_CAUSE_GUEST_CRASHED', 'the guest crashed on the source during the migration');
    case 'off_ended':
      return crashed(
        'MIGRATION_CAUSE_GUEST_SHUTDOWN',
        'the guest was shut down on the source during the migration',
      );
    case 'off_other':
      // Includes a host that lost power: libvirt remembers no more than that.
      return crashed(
        'MIGRATION_CAUSE_GUEST_CRASHED',
        'off on the source for a reason that libvirt does not give, and not on the target; it is not started again automatically',
      );
  }
}

/** After both ran, an operator decides which copy lives; only definitions of VMs that are off are still removed. */
function judgeAfterSplit(look: Look, source: Settled, target: Settled): Verdict {
  const isSourceActive = source === 'running' || isPaused(source);
  const isTargetActive = target === 'running' || isPaused(target);
  if (source === 'running' && (target === 'running' || !isTargetActive)) return judgeRunning(look, target);
  if (target === 'running' && !isSourceActive) return sweepSource(source);
  return wait(
    false,
    `ran on both hosts: ${spoken(source)} on the source, ${spoken(target)} on the target; an operator has to decide`,
  );
}

function sweepSource(source: Settled): Verdict {
  return source === 'absent'
    ? arrived('runs on the target, nothing on the source')
    : settle('source', 'undefine', 'runs on the target, a left-over definition on the source');
}

function sweepTarget(look: Look, outcome: string): Verdict {
  return look.definedOnTargetBefore
    ? stayed('on the source; the target keeps the definition that it had before')
    : settle('target', 'undefine', outcome);
}

function settle(side: Side, act: Cure['act'], outcome: string): Verdict {
  return { kind: 'settle', cure: { side, act }, outcome };
}

function arrived(outcome: string): Verdict {
  return { kind: 'over', ending: 'arrived', causeCode: NO_CAUSE, outcome };
}

function stayed(outcome: string, causeCode = NO_CAUSE): Verdict {
  return { kind: 'over', ending: 'stayed', causeCode, outcome };
}

function crashed(causeCode: MigrationCause, outcome: string): Verdict {
  return { kind: 'over', ending: 'crashed', causeCode, outcome };
}

function wait(isMoving: boolean, outcome: string): Verdict {
  return { kind: 'wait', isMoving, outcome };
}

function unknown(outcome: string): Verdict {
  return { kind: 'unknown', outcome };
}

function spoken(word: Word): string {
  return word.replaceAll('_', ' ');
}

function reasonOf(sight: Sight): string {
  return sight.kind === 'unreachable' ? sight.reason : 'its answer is too old';
}
