// Finds and checks the addresses under which others reach this host.
import { createSocket } from 'node:dgram';
import { hostname } from 'node:os';
import { invalidField } from '../shared/errors.ts';
import { parseLibvirtUri, refuseLibvirtUri, refuseMigrateUri } from '../shared/libvirt-uri.ts';
import type { AdvertiseSettings, AgentSettings } from './config.ts';

export interface Advertised {
  /** Without a port. */
  readonly address: string;
  readonly agentAddress: string;
  readonly libvirtUri: string;
  readonly migrateUri: string;
}

/** Throws INVALID_ARGUMENT when other hosts or the scheduler would refuse what these settings advertise. */
export function checkAdvertise({
  advertise,
  listen,
  migration,
}: Pick<AgentSettings, 'advertise' | 'listen'> & {
  readonly migration: Pick<AgentSettings['migration'], 'allowTcp'>;
}): void {
  if (parseLibvirtUri(advertise.libvirtUri)?.transport === 'tcp' && !migration.allowTcp)
    throw invalidField(
      'advertise.libvirtUri',
      `${advertise.libvirtUri} is plain TCP, which other hosts refuse; advertise "qemu+tls://HOST/system", or set migration.allowTcp on all hosts`,
    );
  const address = fixedAddress(advertise, listen.address);
  if (address !== undefined) addressesOf(advertise, address);
}

/** The addresses for the host's report. */
export async function advertised(
  settings: AdvertiseSettings,
  listenAddress: string,
  natsServers: readonly string[],
): Promise<Advertised> {
  const address = fixedAddress(settings, listenAddress) ?? (await addressTowards(natsServers));
  const port = listenAddress.slice(listenAddress.lastIndexOf(':') + 1);
  return { address, agentAddress: `${address}:${port}`, ...addressesOf(settings, address) };
}

/** Undefined when only the routing table can tell. */
function fixedAddress(settings: AdvertiseSettings, listenAddress: string): string | undefined {
  const host = listenAddress.slice(0, listenAddress.lastIndexOf(':'));
  const listensEverywhere = host === '0.0.0.0' || host === '[::]';
  return settings.address || (listensEverywhere ? undefined : host);
}

/** Throws INVALID_ARGUMENT when no other host could reach this one under the address. */
function addressesOf(
  settings: AdvertiseSettings,
  address: string,
): Pick<Advertised, 'libvirtUri' | 'migrateUri'> {
  const libvirtUri = settings.libvirtUri === '' ? `qemu+tls://${address}/system` : settings.libvirtUri;
  const migrateUri = settings.migrateUri === '' ? `tcp://${address}` : settings.migrateUri;
  const problem = refuseLibvirtUri(libvirtUri, true) ?? refuseMigrateUri(migrateUri);
  if (problem !== undefined)
    throw invalidField(
      'advertise.address',
      `${problem}; set an address under which other hosts reach this one`,
    );
  return { libvirtUri, migrateUri };
}

// NATS's default port.
const NATS_PORT = 4222;

/** The source address that the routing table picks for a packet to NATS; nothing is sent. The host name when there is no route yet. */
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
