// Under which address others reach this host, when the settings do not say.
import { createSocket } from 'node:dgram';
import { hostname } from 'node:os';
import type { AdvertiseSettings } from './config.ts';

export interface Advertised {
  /** Without a port. */
  readonly address: string;
  readonly agentAddress: string;
  readonly libvirtUri: string;
  readonly migrateUri: string;
}

/** What the host's report says about reaching it. */
export async function advertised(
  settings: AdvertiseSettings,
  listenAddress: string,
  natsServers: readonly string[],
): Promise<Advertised> {
  const colon = listenAddress.lastIndexOf(':');
  const [host, port] = [listenAddress.slice(0, colon), listenAddress.slice(colon + 1)];
  const listensEverywhere = host === '0.0.0.0' || host === '[::]';
  const address = settings.address || (listensEverywhere ? await addressTowards(natsServers) : host);
  return {
    address,
    agentAddress: `${address}:${port}`,
    libvirtUri: settings.libvirtUri === '' ? `qemu+tls://${address}/system` : settings.libvirtUri,
    migrateUri: settings.migrateUri === '' ? `tcp://${address}` : settings.migrateUri,
  };
}

// NATS's own default.
const NATS_PORT = 4222;

/** The address that the routing table gives a packet to NATS; nothing is sent. The host name when there is no route yet. */
async function addressTowards(servers: readonly string[]): Promise<string> {
  for (const server of servers) {
    const text = server.includes('://') ? server : `nats://${server}`;
    if (!URL.canParse(text)) continue;
    const url = new URL(text);
    const address = await sourceAddress(url.hostname, Number(url.port || NATS_PORT));
    if (address !== undefined) return address.includes(':') ? `[${address}]` : address;
  }
  return hostname();
}

function sourceAddress(host: string, port: number): Promise<string | undefined> {
  const name = host.replace(/^\[|\]$/g, '');
  const socket = createSocket(name.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => {
      end(undefined);
    });
    socket.connect(port, name, () => {
      end(socket.address().address);
    });
  });
}
