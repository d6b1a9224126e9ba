// Interprets a VM's state on one host for migrations. Pure.
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { MigrationCause } from '../../../shared/gen/telemetry.ts';

/** True while a migration job runs on it, outgoing or incoming. */
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

/** Paused because its storage or its monitor failed, not by an operator or a migration; resuming it blindly may harm it. */
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

/** Reads how a VM stands on the source after its migration job has ended; `vm` is undefined when libvirt has no such VM. */
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

/** The source has released the guest, as libvirt says or because its QEMU has ended: its copy cannot run there again. */
export function hasReleased(vm: VmInput | undefined): boolean {
  if (vm?.processEnded === true) return true;
  return shownOnSource(vm).kind === 'left' && !(vm !== undefined && hasJob(vm));
}
