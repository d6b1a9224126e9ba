// Derives the cause of a failed migration from libvirt's error and from what was seen on the way. Pure.
import { DeadlineError } from '../../../shared/errors.ts';
import { ErrorCode } from '../../libvirt/constants.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import type { MigrationCause } from '../../../shared/gen/telemetry.ts';
import type { Shown } from '../hypervisor/vm-state.ts';

/** Why this agent aborted it: its time was up, a caller asked, or the guest changes its memory too fast. */
export type AbortCause = Extract<
  MigrationCause,
  'MIGRATION_CAUSE_TIMEOUT' | 'MIGRATION_CAUSE_USER_ABORT' | 'MIGRATION_CAUSE_NOT_CONVERGING'
>;

const GUEST_CAUSES = {
  shutdown: 'MIGRATION_CAUSE_GUEST_SHUTDOWN',
  crashed: 'MIGRATION_CAUSE_GUEST_CRASHED',
  io_error: 'MIGRATION_CAUSE_IO_ERROR',
} as const;

/** What was seen while it ran. */
export interface Sighting {
  /** Why it was aborted; undefined when it was not. */
  readonly abortedBy: AbortCause | undefined;
  /** Memory has been sent. */
  readonly isCopying: boolean;
  /** The source was paused for the switch-over: from here on the target may run. */
  readonly isSwitching: boolean;
  /** How the guest itself ended or was stopped meanwhile. */
  readonly guest: keyof typeof GUEST_CAUSES | undefined;
}

/** The cause of a failed migration, from the error of libvirt's call. */
export function causeOf(error: unknown, seen: Sighting): MigrationCause {
  if (seen.guest !== undefined) return GUEST_CAUSES[seen.guest];
  if (error instanceof LibvirtError) return causeOfLibvirt(error, seen);
  if (error instanceof DeadlineError && seen.isSwitching) return 'MIGRATION_CAUSE_NET_LOST_FINISH';
  // The connection to the source's libvirt broke, or libvirt did not answer in time.
  return 'MIGRATION_CAUSE_SRC_DAEMON_LOST';
}

/** True if libvirt itself said how the call ended; otherwise the copy may go on. */
export function isLibvirtsAnswer(error: unknown): error is LibvirtError {
  return error instanceof LibvirtError;
}

/** A libvirt that hangs or refuses may answer again; a lost connection stays lost. */
export function mayAnswerAgain(error: unknown): boolean {
  return error instanceof DeadlineError || error instanceof LibvirtError;
}

/** QEMU offers post-copy only where the kernel reports missing pages (userfaultfd(2); QEMU's migration/postcopy-ram.c). */
export function isPostCopyRefused(error: unknown): boolean {
  return error instanceof LibvirtError && /postcopy is not supported/i.test(error.message);
}

function causeOfLibvirt({ code, message }: LibvirtError, seen: Sighting): MigrationCause {
  switch (code) {
    case ErrorCode.operationAborted:
      // If not by us, then by an operator: "virsh domjobabort".
      return seen.abortedBy ?? 'MIGRATION_CAUSE_USER_ABORT';
    case ErrorCode.migrateUnsafe:
      return 'MIGRATION_CAUSE_STORAGE_UNSAFE';
    case ErrorCode.cpuIncompatible:
      return 'MIGRATION_CAUSE_CPU_INCOMPATIBLE';
    case ErrorCode.noMemory:
      return 'MIGRATION_CAUSE_CAPACITY_GONE';
    default:
      return cancelled(seen) ?? causeOfText(message) ?? causeOfPhase(code, seen);
  }
}

/** A cancelled copy breaks off on both sides; when libvirt hears from the target's QEMU first, it reports a failure. */
function cancelled({ isCopying, isSwitching, abortedBy }: Sighting): AbortCause | undefined {
  return isCopying && !isSwitching ? abortedBy : undefined;
}

// libvirt reports all of these as "operation failed" or "internal error"; where it has no code, only its text is left
// (qemu_migration.c, virnetsocket.c, virportallocator.c, virnettlscontext.c of libvirt 9.0). What does not match falls
// back to the phase, so a changed text costs precision only.
const TEXTS: readonly (readonly [RegExp, MigrationCause])[] = [
  [/another migration job is already running/, 'MIGRATION_CAUSE_VM_BUSY'],
  [/unable to find an unused port in range/i, 'MIGRATION_CAUSE_PORTS_EXHAUSTED'],
  [/cannot allocate memory|cannot set up guest memory/i, 'MIGRATION_CAUSE_CAPACITY_GONE'],
  [/\bTLS\b|certificate|gnutls/i, 'MIGRATION_CAUSE_TLS'],
  [
    /unable to connect to server|failed to connect to remote libvirt|unable to resolve address|cannot recv data|no route to host/i,
    'MIGRATION_CAUSE_DST_UNREACHABLE',
  ],
  [/CPU.*(incompatible|not compatible)|guest CPU doesn't match/i, 'MIGRATION_CAUSE_CPU_INCOMPATIBLE'],
];

function causeOfText(message: string): MigrationCause | undefined {
  return TEXTS.find(([pattern]) => pattern.test(message))?.[1];
}

function causeOfPhase(code: number, seen: Sighting): MigrationCause {
  if (seen.isSwitching) return 'MIGRATION_CAUSE_NET_LOST_FINISH';
  if (seen.isCopying) return 'MIGRATION_CAUSE_NET_LOST_COPY';
  // Begin and Prepare: the source was fine, so the target could not accept the VM.
  return code === ErrorCode.operationInvalid || code === ErrorCode.operationTimeout
    ? 'MIGRATION_CAUSE_VM_BUSY'
    : 'MIGRATION_CAUSE_DST_FAILED';
}

/** The result of a copy whose answer was lost, from what the source shows once its job is over. */
export function endShown(
  shown: Shown,
  abortedBy: AbortCause | undefined,
): { readonly ok: boolean; readonly causeCode?: MigrationCause; readonly message: string } {
  switch (shown.kind) {
    case 'left':
      return { ok: true, message: 'the VM has left the source' };
    case 'off':
      return { ok: false, causeCode: shown.causeCode, message: 'the VM is off on the source' };
    case 'paused_migrating':
      return {
        ok: false,
        causeCode: 'MIGRATION_CAUSE_NET_LOST_FINISH',
        message: 'the VM is paused on the source, and its migration job has ended',
      };
    case 'paused':
    case 'running':
      return abortedBy === undefined
        ? {
            ok: false,
            causeCode: 'MIGRATION_CAUSE_NOT_TOLD',
            message: "libvirt's answer to the copy was lost; the VM is still on the source",
          }
        : { ok: false, causeCode: abortedBy, message: 'the job was cancelled' };
  }
}
