// Connects to an agent at its address and checks its host's certificate; used by the scheduler and by other agents.
import type { ChannelOptions } from '@grpc/grpc-js';
import type { TlsSettings } from '../settings.ts';
import { Connection } from './client.ts';
import { channelCredentials } from './credentials.ts';

interface AgentEnd {
  /** "address:port" */
  readonly address: string;
  /** As reported by its host; empty in plain text. */
  readonly certificateSha256: string;
  readonly hostName: string;
}

/** Prepares a connection; the first call dials. */
export function connectAgent(
  tls: TlsSettings,
  { address, certificateSha256, hostName }: AgentEnd,
  options: ChannelOptions = {},
): Connection {
  const isPinned = certificateSha256 !== '';
  const credentials = channelCredentials(tls, address, isPinned ? certificateSha256 : undefined);
  return new Connection({ daemon: 'evenkeel-agent', address }, credentials, {
    ...options,
    // Agents are dialled directly: a proxy from the environment could read and block every command.
    'grpc.enable_http_proxy': 0,
    // The certificate itself is compared; TLS still requires a name, and an address is not one (RFC 6066).
    ...(isPinned ? { 'grpc.ssl_target_name_override': hostName } : {}),
  });
}
