// Defines the command's failures: the text for operators, the code for scripts, and the exit code.
import { EvenkeelError, messageOf, type ErrorCode } from '../shared/errors.ts';

/** Exit codes of `evenkeel`. Stable: scripts rely on them. */
export const EXIT = {
  OK: 0,
  /** Tried, and failed. */
  FAILED: 1,
  /** A wrong command line, file or value; the scheduler was not asked, or refused the value. */
  USAGE: 2,
  NOT_FOUND: 3,
  /** Refused: wrong state, name taken, no host has room, not allowed. */
  REFUSED: 4,
  /** The scheduler could not be reached; nothing was changed. */
  UNREACHABLE: 5,
  /** The scheduler was asked but no answer came: look before repeating. */
  OUTCOME_UNKNOWN: 6,
  /** Ctrl-C; 128 + SIGINT, as shells do. A migration continues. */
  INTERRUPTED: 130,
} as const;

export const EXIT_HELP = `Exit codes:
  0  done
  1  tried and failed
  2  bad usage or bad value
  3  no such VM, host, migration, decision, proposal or rule
  4  refused: wrong state, name taken, no room, not allowed
  5  the scheduler could not be reached; nothing was changed
  6  outcome unknown: look before you repeat
  130  interrupted; a migration continues`;

/** The name of the failure in --json. */
export type FailureCode =
  ErrorCode | 'USAGE' | 'UNREACHABLE' | 'OUTCOME_UNKNOWN' | 'MIGRATION_FAILED' | 'INTERRUPTED';

/** A failure with its exit code. `details` is added next to the error object of --json. */
export class CliFailure extends Error {
  readonly code: FailureCode;
  readonly exitCode: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: FailureCode,
    exitCode: number,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'CliFailure';
    this.code = code;
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** A wrong value: names the option or key, the problem, and a good example. */
export function badValue(where: string, problem: string): CliFailure {
  return new CliFailure('USAGE', EXIT.USAGE, `${where}: ${problem}`);
}

/** Turns anything thrown into a failure of the command. */
export function toFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof EvenkeelError)
    return new CliFailure(error.code, exitCodeOf(error.code), error.message);
  return new CliFailure('INTERNAL', EXIT.FAILED, messageOf(error));
}

function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'INVALID_ARGUMENT':
      return EXIT.USAGE;
    case 'NOT_FOUND':
      return EXIT.NOT_FOUND;
    case 'ALREADY_EXISTS':
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
    case 'RESOURCE_EXHAUSTED':
    case 'FAILED_PRECONDITION':
      return EXIT.REFUSED;
    case 'DEADLINE_EXCEEDED':
      return EXIT.OUTCOME_UNKNOWN;
    case 'CANCELLED':
    case 'ABORTED':
    case 'UNIMPLEMENTED':
    case 'INTERNAL':
    case 'UNAVAILABLE':
    case 'UNKNOWN':
      return EXIT.FAILED;
  }
}
