// What a VM's state on one host means to a migration. Pure.
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { MigrationCause } from '../../../shared/gen/telemetry.ts';

/** A migration job runs on it, out or in. */
export function hasJob({ migrationRole }: VmInput): boolean {
  return migrationRole === 'VM_MIGRATION_ROLE_OUTGOING' || migrationRole === 'VM_MIGRATION_ROLE_INCOMING';
}

/** Its vCPUs may run. */
export function isRunning({ state }: VmInput): boolean {
  return state === 'VM_STATE_RUNNING' || state === 'VM_STATE_BLOCKED' || state === 'VM_STATE_SHUTTING_DOWN';
}

export function isPaused({ state }: VmInput): boolean {
  return state === 'VM_STATE_PAUSED';
}

export function isOff({ state }: VmInput): boolean {
  return state === 'VM_STATE_SHUT_OFF' || state === 'VM_STATE_CRASHED';
}

/** Half of its memory is on the other host: whatever is done to it now loses the guest. */
export function isInPostCopy({ state, stateReason }: VmInput): boolean {
  return (
    state === 'VM_STATE_PAUSED' &&
    (stateReason === 'VM_STATE_REASON_POST_COPY' || stateReason === 'VM_STATE_REASON_POST_COPY_FAILED')
  );
}

/** Not by a person or a migration: its storage or its monitor failed, and resuming it blindly may harm it. */
export function isPausedByFault({ state, stateReason }: VmInput): boolean {
  return (
    state === 'VM_STATE_PAUSED' &&
    (stateReason === 'VM_STATE_REASON_IO_ERROR' ||
      stateReason === 'VM_STATE_REASON_CRASHED' ||
      stateReason === 'VM_STATE_REASON_WATCHDOG' ||
      stateReason === 'VM_STATE_REASON_API_ERROR')
  );
}

type GuestEnd = Extract<MigrationCause, 'MIGRATION_CAUSE_GUEST_CRASHED' | 'MIGRATION_CAUSE_GUEST_SHUTDOWN'>;

export type Shown =
  | { readonly kind: 'left' | 'running' | 'paused' | 'paused_migrating' }
  | { readonly kind: 'off'; readonly causeCode: GuestEnd };

/** What the source shows of a VM whose migration job has ended; `undefined` when libvirt has no such VM. */
export function shownOnSource(vm: VmInput | undefined): Shown {
  if (vm === undefined) return { kind: 'left' };
  if (isOff(vm)) {
    if (vm.stateReason === 'VM_STATE_REASON_MIGRATED') return { kind: 'left' };
    const isCrash = vm.state === 'VM_STATE_CRASHED' || vm.stateReason === 'VM_STATE_REASON_CRASHED';
    return {
      kind: 'off',
      causeCode: isCrash ? 'MIGRATION_CAUSE_GUEST_CRASHED' : 'MIGRATION_CAUSE_GUEST_SHUTDOWN',
    };
  }
  if (!isPaused(vm)) return { kind: 'running' };
  return { kind: vm.stateReason === 'VM_STATE_REASON_MIGRATION' ? 'paused_migrating' : 'paused' };
}

/** The source has let go of the guest, by libvirt's own word or by the end of its QEMU: its copy cannot run there again. */
export function hasLetGo(vm: VmInput | undefined): boolean {
  if (vm?.processEnded === true) return true;
  return shownOnSource(vm).kind === 'left' && !(vm !== undefined && hasJob(vm));
}
