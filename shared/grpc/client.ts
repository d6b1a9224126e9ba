// Calls to our own gRPC services: promises with a deadline and a signal, failures as EvenkeelError.
import { status, type CallOptions, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import type { WaitOptions } from '../clock.ts';
import { EvenkeelError, type ErrorCode } from '../errors.ts';

/** The shape of a generated unary method, bound to its client. */
type UnaryMethod<Request, Response> = (
  request: Request,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Response) => void,
) => { cancel(): void };

/** One request, one answer. `what` opens the error text: "list VMs of kvm1". */
export function unary<Request, Response>(
  what: string,
  method: UnaryMethod<Request, Response>,
  request: Request,
  { signal, timeoutMs }: WaitOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const call = method(request, { deadline: Date.now() + timeoutMs }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error !== null) reject(translate(what, error));
      else if (response === undefined) reject(new EvenkeelError('INTERNAL', `${what}: empty answer`));
      else resolve(response);
    });
    const cancel = (): void => {
      call.cancel();
    };
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Messages of a server stream in order; ends when the stream ends, throws EvenkeelError when it breaks. */
export async function* streamed<Response>(
  what: string,
  stream: ClientReadableStream<Response>,
  signal?: AbortSignal,
): AsyncGenerator<Response, void, undefined> {
  const cancel = (): void => {
    stream.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    for await (const message of stream) yield message;
  } catch (error) {
    throw translate(what, error);
  } finally {
    signal?.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
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

function translate(what: string, error: unknown): EvenkeelError {
  if (!isServiceError(error)) return new EvenkeelError('UNKNOWN', `${what}: ${String(error)}`, error);
  return new EvenkeelError(CODES[error.code] ?? 'UNKNOWN', `${what}: ${error.details}`, error);
}
