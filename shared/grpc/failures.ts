// Translates failures of gRPC calls into EvenkeelErrors.
import { status, type ServiceError } from '@grpc/grpc-js';
import { EvenkeelError, messageOf, type ErrorCode } from '../errors.ts';

/** Who is called. */
export interface Peer {
  /** Also the name of its systemd unit. */
  readonly daemon: 'evenkeel-agent' | 'evenkeel-scheduler';
  /** "address:port" */
  readonly address: string;
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  [status.CANCELLED]: 'CANCELLED',
  [status.INVALID_ARGUMENT]: 'INVALID_ARGUMENT',
  [status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [status.NOT_FOUND]: 'NOT_FOUND',
  [status.ALREADY_EXISTS]: 'ALREADY_EXISTS',
  [status.PERMISSION_DENIED]: 'PERMISSION_DENIED',
  [status.RESOURCE_EXHAUSTED]: 'RESOURCE_EXHAUSTED',
  [status.FAILED_PRECONDITION]: 'FAILED_PRECONDITION',
  [status.ABORTED]: 'ABORTED',
  [status.UNIMPLEMENTED]: 'UNIMPLEMENTED',
  [status.INTERNAL]: 'INTERNAL',
  [status.UNAVAILABLE]: 'UNAVAILABLE',
  [status.UNAUTHENTICATED]: 'UNAUTHENTICATED',
};

/** Keeps the code. `what` opens the text. */
export function callFailure(what: string, _peer: Peer, error: unknown): EvenkeelError {
  if (!isServiceError(error)) return new EvenkeelError('UNKNOWN', `${what}: ${messageOf(error)}`, error);
  return new EvenkeelError(CODES[error.code] ?? 'UNKNOWN', `${what}: ${error.details}`, error);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
