// Runs the daemons' gRPC servers: handlers as async functions, health, reflection, graceful stop.
import { existsSync } from 'node:fs';
import {
  Server,
  status,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { type Clock } from '../clock.ts';
import { DeadlineError, EvenkeelError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { packageDefinition } from '../proto/load.ts';

// Reports and definitions take kilobytes; a list of 2,000 VMs with disks stays below this.
const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;
// Long enough for any of our unary calls to end, short enough for systemd's default stop timeout.
const STOP_TIMEOUT_MS = 5_000;

/** A unary handler: an EvenkeelError goes to the client; anything else is INTERNAL and logged. */
export function unaryHandler<Request, Response>(
  logger: Logger,
  handle: (request: Request, signal: AbortSignal) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const gone = new AbortController();
    call.on('cancelled', () => {
      gone.abort(new EvenkeelError('CANCELLED', 'the client disconnected'));
    });
    handle(call.request, gone.signal).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(serviceStatus(logger, call.getPath(), error));
      },
    );
  };
}

/** A server streaming handler: yields messages and waits while the client is slow; the signal aborts when the client is gone. */
export function streamHandler<Request, Response>(
  logger: Logger,
  handle: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => {
      gone.abort(new EvenkeelError('CANCELLED', 'the client disconnected'));
    });
    const pump = async (): Promise<void> => {
      for await (const message of handle(call.request, gone.signal)) {
        if (gone.signal.aborted) return;
        if (!call.write(message)) await drained(call, gone.signal);
      }
    };
    pump().then(
      () => {
        call.end();
      },
      (error: unknown) => {
        if (!gone.signal.aborted)
          // grpc-js sends the status of an emitted error; destroying the call would send no status.
          call.emit('error', serviceStatus(logger, call.getPath(), error));
      },
    );
  };
}

function drained(stream: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function serviceStatus(logger: Logger, method: string, error: unknown): { code: status; details: string } {
  if (error instanceof EvenkeelError) return { code: status[error.code], details: error.message };
  if (error instanceof DeadlineError)
    return {
      code: status.DEADLINE_EXCEEDED,
      details: `${error.message}; the outcome is unknown, look before repeating`,
    };
  logger.error({ method, err: error }, 'request failed with an unexpected error');
  return { code: status.INTERNAL, details: messageOf(error) };
}

export interface RunningServer {
  /** The port it actually listens on. */
  readonly port: number;
  /** Waits for calls in flight until STOP_TIMEOUT_MS, then ends the rest. */
  stop(): Promise<void>;
}

/** Serves `services` on `address`, with the health service and reflection. Throws when the port is taken. */
export async function serve(
  clock: Clock,
  address: string,
  credentials: ServerCredentials,
  services: readonly {
    name: string;
    definition: ServiceDefinition;
    implementation: UntypedServiceImplementation;
  }[],
): Promise<RunningServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    // Detects a peer that vanished without closing, so that its streams end.
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const health = new HealthImplementation({
    '': 'SERVING',
    ...Object.fromEntries(services.map(({ name }) => [name, 'SERVING' as const])),
  });
  health.addToServer(server);
  new ReflectionService(packageDefinition).addToServer(server);
  const port = await bind(server, address, credentials);
  return {
    port,
    stop: async () => {
      health.setStatus('', 'NOT_SERVING');
      const closed = new Promise<void>((resolve) => {
        server.tryShutdown(() => {
          resolve();
        });
      });
      await Promise.race([closed, clock.sleep(STOP_TIMEOUT_MS)]);
      server.forceShutdown();
    },
  };
}

/** All addresses of both families; of IPv4 alone where the kernel has no IPv6 (ipv6.disable=1), which leaves this file out. */
export function bindable(address: string, hasIpv6 = existsSync('/proc/net/if_inet6')): string {
  return hasIpv6 ? address : address.replace(/^\[::\](?=:\d+$)/, '0.0.0.0');
}

function bind(server: Server, given: string, credentials: ServerCredentials): Promise<number> {
  const address = bindable(given);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new EvenkeelError(
            'UNAVAILABLE',
            `listen on ${address}: ${error.message}; is the port taken, or does the address not belong to this host?`,
            error,
          ),
        );
    });
  });
}
