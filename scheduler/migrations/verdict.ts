// Who owns the guest: the rows of the ownership table, from what both hosts show at one moment.
// Unknown is never treated as absent, and what fits no row is for a person (migration.md 1.3).
import type { Vm } from '../../shared/gen/evenkeel/v1/Vm.ts';

/** What one host shows of the VM. */
export type Sight =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly vm: SeenVm };

export type SeenVm = Pick<Vm, 'state' | 'stateReason' | 'migrationRole' | 'libvirtId'>;

export type Side = 'source' | 'target';

/** What puts the losing side in order; carried out only after a second look that shows the same. */
export interface Cure {
  readonly side: Side;
  readonly act: 'destroy' | 'undefine';
}

export type Verdict =
  /** Look again. While `isMoving` a job runs; otherwise it should be decided within a keepalive or two. */
  | { readonly kind: 'wait'; readonly isMoving: boolean; readonly outcome: string }
  | { readonly kind: 'arrived'; readonly outcome: string; readonly cures: readonly Cure[] }
  | { readonly kind: 'stayed'; readonly outcome: string; readonly cures: readonly Cure[] }
  /** The guest itself ended on the source: neither moved nor harmed by the migration. */
  | { readonly kind: 'stopped'; readonly outcome: string; readonly causeCode: string }
  | { readonly kind: 'unknown'; readonly outcome: string };

// Numbers of virDomainPausedReason and virDomainShutoffReason (libvirt-domain.h 9.0).
const PAUSED_MIGRATION = 2;
const SHUTOFF_SHUTDOWN = 1;
const SHUTOFF_DESTROYED = 2;
const SHUTOFF_CRASHED = 3;
const SHUTOFF_MIGRATED = 4;

/** The sight in the words of the table. */
type Row = 'unreachable' | 'absent' | 'running' | 'paused_migrating' | 'paused' | 'off' | 'job';

function rowOf(sight: Sight): Row {
  if (sight.kind !== 'present') return sight.kind;
  const { vm } = sight;
  if (vm.migrationRole !== 'VM_MIGRATION_ROLE_UNSPECIFIED') return 'job';
  switch (vm.state) {
    case 'VM_STATE_RUNNING':
    case 'VM_STATE_BLOCKED':
    case 'VM_STATE_SHUTTING_DOWN':
      return 'running';
    case 'VM_STATE_PAUSED':
      return vm.stateReason === PAUSED_MIGRATION ? 'paused_migrating' : 'paused';
    case 'VM_STATE_SHUT_OFF':
    case 'VM_STATE_CRASHED':
    case 'VM_STATE_SUSPENDED':
    case 'VM_STATE_UNSPECIFIED':
      return 'off';
  }
}

/** The verdict on fresh sights of both sides, taken together. */
export function judge(source: Sight, target: Sight): Verdict {
  const [from, to] = [rowOf(source), rowOf(target)];
  if (from === 'job') return wait(true, 'a job of libvirt runs on the source');
  if (from === 'unreachable') return wait(false, `the source cannot be seen (${reasonOf(source)})`);
  if (to === 'unreachable') return wait(false, `the target cannot be seen (${reasonOf(target)})`);
  if (to === 'job') return wait(true, 'the target still receives the guest, or is about to drop it');
  switch (from) {
    case 'running':
      return judgeRunningSource(to);
    case 'paused_migrating':
      return judgePausedSource(to);
    case 'paused':
      return to === 'absent' || to === 'off'
        ? unknown(
            'the guest is paused on the source; see why ("virsh domstate --reason"), then "virsh resume"',
          )
        : unknown(`the guest is paused on the source and ${seen(to)} on the target`);
    case 'absent':
    case 'off':
      return judgeEmptySource(source, target, to);
  }
}

type Settled = Exclude<Row, 'job' | 'unreachable'>;

function judgeRunningSource(to: Settled): Verdict {
  switch (to) {
    case 'absent':
      return { kind: 'stayed', outcome: 'runs on the source, nothing on the target', cures: [] };
    case 'off':
      return {
        kind: 'stayed',
        outcome: 'runs on the source, a left-over definition on the target',
        cures: [{ side: 'target', act: 'undefine' }],
      };
    case 'paused':
    case 'paused_migrating':
      return {
        kind: 'stayed',
        outcome: 'runs on the source, a copy that never ran on the target',
        cures: [
          { side: 'target', act: 'destroy' },
          { side: 'target', act: 'undefine' },
        ],
      };
    case 'running':
      return unknown(
        'SPLIT: the guest runs on BOTH hosts; nothing was destroyed. At once: "virsh suspend" the copy that resumed last, then decide which disk state is the good one',
      );
  }
}

function judgePausedSource(to: Settled): Verdict {
  switch (to) {
    case 'running':
      return {
        kind: 'arrived',
        outcome: 'runs on the target, a finished copy waits on the source',
        cures: [
          { side: 'source', act: 'destroy' },
          { side: 'source', act: 'undefine' },
        ],
      };
    case 'absent':
    case 'off':
      // libvirt may be between Perform and Finish; only when it stays so is it for a person.
      return wait(
        false,
        'paused on the source, not on the target; if it stays so: "virsh resume" it on the source',
      );
    case 'paused':
    case 'paused_migrating':
      return wait(
        false,
        'paused on both hosts; if it stays so: destroy the copy on the target first, then resume the source',
      );
  }
}

function judgeEmptySource(source: Sight, target: Sight, to: Settled): Verdict {
  const sourceReason = shutoffReason(source);
  switch (to) {
    case 'running':
      return source.kind === 'present'
        ? {
            kind: 'arrived',
            outcome: 'runs on the target, a left-over definition on the source',
            cures: [{ side: 'source', act: 'undefine' }],
          }
        : { kind: 'arrived', outcome: 'runs on the target, nothing on the source', cures: [] };
    case 'paused':
    case 'paused_migrating':
      return wait(
        false,
        'paused on the target, gone from the source; if it stays so: "virsh resume" it there',
      );
    case 'off':
      return judgeOffTarget(source, target);
    case 'absent':
      if (source.kind === 'present' && sourceReason !== SHUTOFF_MIGRATED) return stopped(sourceReason);
      // During Confirm neither side may show it for a moment.
      return wait(
        false,
        'on neither host; if it stays so the guest is lost: check that its disks are not in use, then start it anew',
      );
  }
}

function judgeOffTarget(source: Sight, target: Sight): Verdict {
  if (source.kind === 'present')
    return unknown('off and defined on both hosts; decide where it belongs and undefine the other');
  const reason = shutoffReason(target);
  if (reason === SHUTOFF_SHUTDOWN || reason === SHUTOFF_DESTROYED)
    return { kind: 'arrived', outcome: 'arrived on the target and was shut down there since', cures: [] };
  return unknown('defined but not running on the target, gone from the source; start it there');
}

function shutoffReason(sight: Sight): number | undefined {
  return sight.kind === 'present' ? sight.vm.stateReason : undefined;
}

function reasonOf(sight: Sight): string {
  return sight.kind === 'unreachable' ? sight.reason : '';
}

function stopped(reason: number | undefined): Verdict {
  return reason === SHUTOFF_CRASHED
    ? {
        kind: 'stopped',
        causeCode: 'guest_crashed',
        outcome: 'the guest crashed on the source during the copy',
      }
    : {
        kind: 'stopped',
        causeCode: 'guest_shutdown',
        outcome: 'the guest was shut down on the source during the copy',
      };
}

function wait(isMoving: boolean, outcome: string): Verdict {
  return { kind: 'wait', isMoving, outcome };
}

function unknown(outcome: string): Verdict {
  return { kind: 'unknown', outcome };
}

function seen(row: Settled): string {
  return row.replace('_', ' ');
}
