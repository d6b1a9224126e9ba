// Why a migration did not succeed, from libvirt's error and from what was seen of it on the way. Pure.
import { DeadlineError } from '../../../shared/clock.ts';
import { ErrorCode } from '../../libvirt/constants.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import type { Shown } from '../hypervisor/vm-state.ts';

/** The codes that cross the wire in MigrateResult.cause_code. */
export type CauseCode =
  | 'dst_unreachable'
  | 'cpu_incompatible'
  | 'storage_unsafe'
  | 'capacity_gone'
  | 'ports_exhausted'
  | 'timeout'
  | 'not_converging'
  | 'user_abort'
  | 'src_daemon_lost'
  | 'dst_failed'
  | 'net_lost_copy'
  | 'net_lost_finish'
  | 'io_error'
  | 'guest_shutdown'
  | 'guest_crashed'
  | 'fenced_epoch'
  | 'vm_busy'
  | 'tls'
  | 'unknown';

/** Why this agent ended it: its time was up, a caller said so, or the guest changes its memory too fast. */
export type AbortCause = 'timeout' | 'user_abort' | 'not_converging';

/** What was seen while it ran. */
export interface Sighting {
  /** Who asked for its end, if anybody did. */
  readonly abortedBy: AbortCause | undefined;
  /** Memory was sent. */
  readonly isCopying: boolean;
  /** The source was paused for the switch-over: from here on the target may run. */
  readonly isSwitching: boolean;
  /** How the guest itself ended or stopped meanwhile. */
  readonly guest: 'shutdown' | 'crashed' | 'io_error' | undefined;
}

export function causeOf(error: unknown, seen: Sighting): CauseCode {
  if (seen.guest !== undefined) return seen.guest === 'io_error' ? 'io_error' : `guest_${seen.guest}`;
  if (error instanceof LibvirtError) return causeOfLibvirt(error, seen);
  if (error instanceof DeadlineError && seen.isSwitching) return 'net_lost_finish';
  // The connection to the source's libvirt broke, or it did not answer in any time.
  return 'src_daemon_lost';
}

/** libvirt itself said how the call ended; after anything else the copy may go on. */
export function isLibvirtsAnswer(error: unknown): error is LibvirtError {
  return error instanceof LibvirtError;
}

/** A libvirt that hangs or refuses may answer again; a connection that is lost stays lost. */
export function mayAnswerAgain(error: unknown): boolean {
  return error instanceof DeadlineError || error instanceof LibvirtError;
}

/** QEMU offers post-copy only where it can be told of missing pages (userfaultfd(2); its migration/postcopy-ram.c). */
export function isPostCopyRefused(error: unknown): boolean {
  return error instanceof LibvirtError && /postcopy is not supported/i.test(error.message);
}

function causeOfLibvirt({ code, message }: LibvirtError, seen: Sighting): CauseCode {
  switch (code) {
    case ErrorCode.operationAborted:
      // By somebody else, when not by us: "virsh domjobabort".
      return seen.abortedBy ?? 'user_abort';
    case ErrorCode.migrateUnsafe:
      return 'storage_unsafe';
    case ErrorCode.cpuIncompatible:
      return 'cpu_incompatible';
    case ErrorCode.noMemory:
      return 'capacity_gone';
    default:
      return cancelled(seen) ?? causeOfText(message) ?? causeOfPhase(code, seen);
  }
}

/** A copy that is cancelled breaks off on both sides; when libvirt hears the target's QEMU first, it calls that a failure. */
function cancelled({ isCopying, isSwitching, abortedBy }: Sighting): AbortCause | undefined {
  return isCopying && !isSwitching ? abortedBy : undefined;
}

// libvirt reports all of these as "operation failed" or "internal error"; where it has no code, only its text is left
// (qemu_migration.c, virnetsocket.c, virportallocator.c, virnettlscontext.c of libvirt 9.0). What does not match falls
// back to the phase, so a changed text costs precision and nothing else.
const TEXTS: readonly (readonly [RegExp, CauseCode])[] = [
  [/another migration job is already running/, 'vm_busy'],
  [/unable to find an unused port in range/i, 'ports_exhausted'],
  [/cannot allocate memory|cannot set up guest memory/i, 'capacity_gone'],
  [/\bTLS\b|certificate|gnutls/i, 'tls'],
  [
    /unable to connect to server|failed to connect to remote libvirt|unable to resolve address|cannot recv data|no route to host/i,
    'dst_unreachable',
  ],
  [/CPU.*(incompatible|not compatible)|guest CPU doesn't match/i, 'cpu_incompatible'],
];

function causeOfText(message: string): CauseCode | undefined {
  return TEXTS.find(([pattern]) => pattern.test(message))?.[1];
}

function causeOfPhase(code: number, seen: Sighting): CauseCode {
  if (seen.isSwitching) return 'net_lost_finish';
  if (seen.isCopying) return 'net_lost_copy';
  // Begin and Prepare: the source was fine, so the target could not take it.
  return code === ErrorCode.operationInvalid || code === ErrorCode.operationTimeout
    ? 'vm_busy'
    : 'dst_failed';
}

/** How a copy ended whose answer nobody heard, from what the source shows once its job is over. */
export function endShown(
  shown: Shown,
  abortedBy: AbortCause | undefined,
): { readonly ok: boolean; readonly causeCode?: CauseCode; readonly message: string } {
  switch (shown.kind) {
    case 'left':
      return { ok: true, message: 'the VM has left the source' };
    case 'off':
      return { ok: false, causeCode: shown.causeCode, message: 'the VM is off on the source' };
    case 'paused_migrating':
      return {
        ok: false,
        causeCode: 'net_lost_finish',
        message: 'the VM is paused on the source, and its migration job has ended',
      };
    case 'paused':
    case 'running':
      return abortedBy === undefined
        ? {
            ok: false,
            causeCode: 'unknown',
            message: 'nobody heard how the copy ended; the VM is still on the source',
          }
        : { ok: false, causeCode: abortedBy, message: 'the job was cancelled' };
  }
}
