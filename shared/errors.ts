// Defines evenkeel's own errors, with the gRPC code under which they cross a process boundary.

/** Names of gRPC's status codes, with the meanings of https://grpc.io/docs/guides/status-codes/. */
export type ErrorCode =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'UNKNOWN';

/** A failure with a text for the operator: "verb object: cause; what to do next". */
export class EvenkeelError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EvenkeelError';
    this.code = code;
  }
}

/** Thrown when a deadline passes. The outcome of the call is then unknown, not failed. */
export class DeadlineError extends Error {
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number) {
    super(`${what}: no answer within ${timeoutMs} ms`);
    this.name = 'DeadlineError';
    this.timeoutMs = timeoutMs;
  }
}

/** Bad input: names the field and the problem. */
export function invalidField(field: string, problem: string): EvenkeelError {
  return new EvenkeelError('INVALID_ARGUMENT', `${field}: ${problem}`);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
