// Dials an agent, for the scheduler and for other agents: at its address, known by its host's certificate.
import type { ChannelOptions } from '@grpc/grpc-js';
import type { TlsSettings } from '../settings.ts';
import { Connection } from './client.ts';
import { channelCredentials } from './credentials.ts';

interface AgentEnd {
  /** "address:port" */
  readonly address: string;
  /** As its host reported it; empty in plain text. */
  readonly certificateSha256: string;
  readonly hostName: string;
}

/** Not yet dialled: the first call does that. */
export function connectAgent(
  tls: TlsSettings,
  { address, certificateSha256, hostName }: AgentEnd,
  options: ChannelOptions = {},
): Connection {
  const isPinned = certificateSha256 !== '';
  const credentials = channelCredentials(tls, address, isPinned ? certificateSha256 : undefined);
  return new Connection({ daemon: 'evenkeel-agent', address }, credentials, {
    ...options,
    // Agents are reached directly: a proxy of the environment would see, and could hold up, every command.
    'grpc.enable_http_proxy': 0,
    // The certificate itself is checked; TLS wants a name, and an address is none (RFC 6066).
    ...(isPinned ? { 'grpc.ssl_target_name_override': hostName } : {}),
  });
}
