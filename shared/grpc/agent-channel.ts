// How an agent is dialled, by the scheduler and by other agents: at its address, known by its host's certificate.
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import type { TlsSettings } from '../settings.ts';
import { channelCredentials } from './credentials.ts';

/** Credentials and options for the agent at `address`; `certificateSha256` as its host reported it, empty in plain text. */
export function agentChannel(
  tls: TlsSettings,
  address: string,
  certificateSha256: string,
  hostName: string,
): { readonly credentials: ChannelCredentials; readonly options: ChannelOptions } {
  const isPinned = certificateSha256 !== '';
  return {
    credentials: channelCredentials(tls, address, isPinned ? certificateSha256 : undefined),
    options: {
      // Agents are reached directly: a proxy of the environment would see, and could hold up, every command.
      'grpc.enable_http_proxy': 0,
      // The certificate itself is checked; TLS wants a name, and an address is none (RFC 6066).
      ...(isPinned ? { 'grpc.ssl_target_name_override': hostName } : {}),
    },
  };
}
