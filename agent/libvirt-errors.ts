// Translates libvirt's failures into evenkeel's: the only place that gives its error codes a meaning.
import { DeadlineError, type ErrorCode, EvenkeelError, messageOf } from '../shared/errors.ts';
import { ErrorCode as LibvirtCode } from './libvirt/constants.ts';
import { LibvirtConnectionError, LibvirtError } from './libvirt/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  /** What to do next, where libvirt's own text does not say. */
  readonly cure?: string;
}

// Unlisted codes are INTERNAL: libvirt or QEMU failed at something that should have worked.
const MEANINGS: Readonly<Record<number, Meaning>> = {
  [LibvirtCode.noDomain]: { code: 'NOT_FOUND' },
  [LibvirtCode.noNetwork]: { code: 'NOT_FOUND' },
  [LibvirtCode.noStoragePool]: { code: 'NOT_FOUND' },
  [LibvirtCode.noStorageVolume]: { code: 'NOT_FOUND' },
  [LibvirtCode.noSecret]: { code: 'NOT_FOUND' },
  [LibvirtCode.noDomainMetadata]: { code: 'NOT_FOUND' },
  [LibvirtCode.domainExists]: { code: 'ALREADY_EXISTS' },
  [LibvirtCode.storageVolumeExists]: { code: 'ALREADY_EXISTS' },
  [LibvirtCode.invalidArg]: { code: 'INVALID_ARGUMENT' },
  [LibvirtCode.xmlError]: { code: 'INVALID_ARGUMENT' },
  [LibvirtCode.xmlDetail]: { code: 'INVALID_ARGUMENT' },
  [LibvirtCode.argumentUnsupported]: { code: 'INVALID_ARGUMENT' },
  [LibvirtCode.overflow]: { code: 'INVALID_ARGUMENT' },
  [LibvirtCode.operationInvalid]: { code: 'FAILED_PRECONDITION' },
  [LibvirtCode.configUnsupported]: { code: 'FAILED_PRECONDITION' },
  [LibvirtCode.migrateUnsafe]: { code: 'FAILED_PRECONDITION' },
  [LibvirtCode.cpuIncompatible]: { code: 'FAILED_PRECONDITION' },
  [LibvirtCode.resourceBusy]: { code: 'FAILED_PRECONDITION', cure: 'try again once it is free' },
  [LibvirtCode.operationTimeout]: {
    code: 'FAILED_PRECONDITION',
    cure: 'another operation on this VM has not ended; try again, and check its QEMU process if this persists',
  },
  [LibvirtCode.agentUnresponsive]: { code: 'FAILED_PRECONDITION' },
  [LibvirtCode.operationAborted]: { code: 'ABORTED' },
  [LibvirtCode.noMemory]: { code: 'RESOURCE_EXHAUSTED' },
  [LibvirtCode.noSupport]: { code: 'UNIMPLEMENTED' },
  [LibvirtCode.operationUnsupported]: { code: 'UNIMPLEMENTED' },
  [LibvirtCode.operationDenied]: { code: 'PERMISSION_DENIED' },
  [LibvirtCode.accessDenied]: { code: 'PERMISSION_DENIED' },
  [LibvirtCode.authFailed]: { code: 'PERMISSION_DENIED' },
  [LibvirtCode.authCancelled]: { code: 'PERMISSION_DENIED' },
  [LibvirtCode.authUnavailable]: { code: 'PERMISSION_DENIED' },
};

/** Translates the failure of doing `what` for the client. An EvenkeelError passes through. */
export function translateLibvirt(what: string, error: unknown): Error {
  if (error instanceof EvenkeelError) return error;
  if (error instanceof LibvirtError) {
    const { code, cure } = MEANINGS[error.code] ?? { code: 'INTERNAL' };
    return new EvenkeelError(
      code,
      `${what}: ${error.message}${cure === undefined ? '' : `; ${cure}`}`,
      error,
    );
  }
  if (error instanceof DeadlineError)
    return new EvenkeelError(
      'DEADLINE_EXCEEDED',
      `${what}: ${error.message}; the outcome is unknown, look before repeating`,
      error,
    );
  if (error instanceof LibvirtConnectionError && error.sent)
    return new EvenkeelError(
      'DEADLINE_EXCEEDED',
      `${what}: ${error.message}; the outcome is unknown, look before repeating`,
      error,
    );
  if (error instanceof LibvirtConnectionError)
    return new EvenkeelError('UNAVAILABLE', `${what}: ${error.message}; check that libvirtd runs`, error);
  return error instanceof Error
    ? error
    : new EvenkeelError('INTERNAL', `${what}: ${messageOf(error)}`, error);
}

/** Awaits `work` and translates its failure. */
export async function translated<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateLibvirt(what, error);
  }
}
