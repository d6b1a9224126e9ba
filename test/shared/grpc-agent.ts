// Serves an agent of two methods over gRPC and calls it, for the tests of the gRPC edge.
import type { Test } from 'tap';
import { systemClock } from '../../shared/clock.ts';
import { Connection } from '../../shared/grpc/client.ts';
import { channelCredentials, serverCredentials } from '../../shared/grpc/credentials.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { serve, streamHandler, unaryHandler } from '../../shared/grpc/server.ts';
import type {
  GetHostRequest,
  GetHostResponseInput,
  MigrateRequest,
  MigrateResponseInput,
} from '../../shared/gen/agent.ts';
import { createLogger } from '../../shared/log.ts';
import { agentService } from '../../shared/proto/load.ts';
import type { TlsSettings } from '../../shared/settings.ts';

const logger = createLogger('test', 'fatal');
export const plaintext: TlsSettings = { mode: 'plaintext', caFile: '', certFile: '', keyFile: '' };

/** What the agent does when it is called. */
interface Behaviour {
  getHost(request: GetHostRequest, signal: AbortSignal): Promise<GetHostResponseInput>;
  migrate(request: MigrateRequest, signal: AbortSignal): AsyncIterable<MigrateResponseInput>;
}

/** Answers at once, and a migration with three figures of progress. */
export const answering: Behaviour = {
  getHost: () => Promise.resolve({ hostName: 'kvm1' }),
  migrate: async function* () {
    await Promise.resolve();
    for (let iteration = 1; iteration <= 3; iteration += 1) yield { progress: { iteration } };
  },
};

/** Serves an agent until the end of the test; returns its address. */
export async function startServer(
  t: Test,
  tls: TlsSettings,
  behaviour: Partial<Behaviour> = {},
  listen = '127.0.0.1:0',
): Promise<string> {
  const { getHost, migrate } = { ...answering, ...behaviour };
  const server = await serve(systemClock, listen, serverCredentials(tls, listen), [
    {
      name: 'evenkeel.v1.AgentService',
      definition: agentService,
      implementation: { GetHost: unaryHandler(logger, getHost), Migrate: streamHandler(logger, migrate) },
    },
  ]);
  t.teardown(() => server.stop());
  return `127.0.0.1:${server.port}`;
}

/** Connects to an agent until the end of the test; `sha256` pins its certificate. */
export function dial(t: Test, address: string, tls: TlsSettings, sha256?: string): ServiceCalls {
  const calls = new Connection(
    { daemon: 'evenkeel-agent', address },
    channelCredentials(tls, address, sha256),
  );
  t.teardown(() => {
    calls.close();
  });
  return calls;
}

export function getHost(
  calls: ServiceCalls,
  timeoutMs = 5_000,
  signal = new AbortController().signal,
): Promise<{ hostName: string }> {
  return calls.unary(agentService.GetHost, 'get host', {}, { timeoutMs, signal });
}
