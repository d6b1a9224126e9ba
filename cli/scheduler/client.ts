// Calls the scheduler: dials at the first call, and sorts failures by what the operator must do.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { SchedulerServiceDefinition } from '../../shared/gen/scheduler.ts';
import type { ServiceCalls, ServiceMethod } from '../../shared/grpc/service-calls.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { explainUnreachable } from './diagnose.ts';
import { CliFailure, EXIT } from '../failure.ts';
import type { ConnectionSettings } from '../settings.ts';

export interface Call<Request, Response> {
  /** Opens the error text: "list hosts". */
  readonly what: string;
  readonly method: (service: SchedulerServiceDefinition) => ServiceMethod<Request, Response>;
  readonly request: Request;
  /** For a call that changes something: the command that shows its effect when the answer is lost. */
  readonly look?: string;
}

export interface Scheduler {
  call<Request, Response>(call: Call<Request, Response>, timeoutMs: number): Promise<Response>;
  /** Yields messages in order; ends with the stream. Without `timeoutMs` it may last for ever. */
  watch<Request, Response>(
    call: Call<Request, Response>,
    signal: AbortSignal,
    timeoutMs?: number,
  ): AsyncGenerator<Response, void, undefined>;
  close(): void;
}

// Dialling takes milliseconds; a packet lost twice is repeated within 3 s (RFC 6298). Longer means no answer will come.
const CONNECT_TIMEOUT_MS = 5 * SECOND_MS;
// gRPC's deadline is wall-clock time: measured by the monotonic clock a call may end slightly early.
const CLOCKS_APART_MS = 50;
// 20,000 VMs with their disks and metadata make about 20 MB; gRPC's default limit is 4 MB.
const MESSAGE_MAX_BYTES = 64 * 1024 * 1024;

interface Connected {
  readonly calls: ServiceCalls;
  readonly service: SchedulerServiceDefinition;
  readonly isReady: () => boolean;
}

/** A client that dials the scheduler at the first call. */
export function schedulerAt(settings: ConnectionSettings): Scheduler {
  let connected: Promise<Connected> | undefined;
  let closed: Connected | undefined;
  const connection = async (timeoutMs: number): Promise<Connected> => {
    connected ??= connect(settings, Math.min(timeoutMs, CONNECT_TIMEOUT_MS));
    closed = await connected;
    return closed;
  };
  return {
    call: async (call, timeoutMs) => {
      const { calls, service, isReady } = await connection(timeoutMs);
      const startedAtMs = performance.now();
      try {
        return await calls.unary(call.method(service), call.what, call.request, { timeoutMs });
      } catch (error) {
        throw callFailure(error, call, {
          address: settings.address,
          isLost: !isReady(),
          isLate: performance.now() - startedAtMs >= timeoutMs - CLOCKS_APART_MS,
        });
      }
    },
    watch: async function* (call, signal, timeoutMs) {
      const { calls, service, isReady } = await connection(timeoutMs ?? CONNECT_TIMEOUT_MS);
      const wait = { signal, timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY };
      try {
        yield* calls.stream(call.method(service), call.what, call.request, wait);
      } catch (error) {
        throw callFailure(error, call, {
          address: settings.address,
          isLost: !isReady(),
          isLate: timeoutMs !== undefined,
        });
      }
    },
    close: () => {
      closed?.calls.close();
    },
  };
}

/** gRPC and the contracts take a tenth of a second to load, so only a command that calls pays for it. */
async function connect(settings: ConnectionSettings, timeoutMs: number): Promise<Connected> {
  const [{ connectivityState }, { channelCredentials }, { Connection }, { schedulerService }] =
    await Promise.all([
      import('@grpc/grpc-js'),
      import('../../shared/grpc/credentials.ts'),
      import('../../shared/grpc/client.ts'),
      import('../../shared/proto/load.ts'),
    ]);
  const { address, tls } = settings;
  let calls;
  try {
    calls = new Connection({ daemon: 'evenkeel-scheduler', address }, channelCredentials(tls, address), {
      'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
      // Ignore an HTTP proxy set in the operator's shell.
      'grpc.enable_http_proxy': 0,
    });
  } catch (error) {
    // OpenSSL parses the files here and throws on a damaged one, or on a key that does not match the certificate.
    throw new CliFailure(
      'USAGE',
      EXIT.USAGE,
      `--cert ${tls.certFile}, --key ${tls.keyFile}: ${messageOf(error)}; check that both are PEM and belong together`,
    );
  }
  const { channel } = calls;
  const deadlineAtMs = Date.now() + timeoutMs;
  const { READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState;
  let state = channel.getConnectivityState(true);
  while (state !== READY) {
    if (state === TRANSIENT_FAILURE || state === SHUTDOWN || Date.now() >= deadlineAtMs) {
      calls.close();
      throw new CliFailure('UNREACHABLE', EXIT.UNREACHABLE, await explainUnreachable(settings));
    }
    const from = state;
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(from, deadlineAtMs, () => {
        resolve();
      });
    });
    state = channel.getConnectivityState(true);
  }
  return {
    calls,
    service: schedulerService,
    isReady: () => channel.getConnectivityState(false) === READY,
  };
}

/** Removes a doubled "list hosts: ": the scheduler puts the call's name in front of its messages, too. */
function saidOnce(what: string, message: string): string {
  return message.startsWith(`${what}: ${what}`) ? message.slice(what.length + 2) : message;
}

/** Distinguishes a lost or late answer from a refusal. */
function callFailure(
  error: unknown,
  { what, look }: Pick<Call<unknown, unknown>, 'what' | 'look'>,
  { address, isLost, isLate }: { address: string; isLost: boolean; isLate: boolean },
): unknown {
  if (!(error instanceof EvenkeelError)) return error;
  const late = error.code === 'DEADLINE_EXCEEDED';
  if (error.code === 'UNIMPLEMENTED')
    return new CliFailure(
      error.code,
      EXIT.FAILED,
      `${what}: the server at ${address} does not know this call; is it a scheduler (default port 7444), and not older than this command?`,
    );
  if (!isLost && !late) return new EvenkeelError(error.code, saidOnce(what, error.message), error);
  const cause = isLost
    ? `the connection to the scheduler at ${address} was lost`
    : isLate
      ? `the scheduler at ${address} did not answer in time`
      : error.message.replace(`${what}: `, '');
  if (look !== undefined)
    return new CliFailure(
      'OUTCOME_UNKNOWN',
      EXIT.OUTCOME_UNKNOWN,
      `${what}: ${cause}; it may or may not have been done. Look before you repeat it: ${look}`,
    );
  if (isLost) return new CliFailure('UNREACHABLE', EXIT.UNREACHABLE, `${what}: ${cause}; try again`);
  return new CliFailure(
    isLate ? 'UNREACHABLE' : 'DEADLINE_EXCEEDED',
    isLate ? EXIT.UNREACHABLE : EXIT.FAILED,
    `${what}: ${cause}; try again, or wait longer with --timeout`,
  );
}
