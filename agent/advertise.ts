// Finds and checks the addresses under which others reach this host.
import { EvenkeelError, invalidField } from '../shared/errors.ts';
import { familyOf, isLinkLocal, isLoopback } from '../shared/host-address.ts';
import { parseLibvirtUri, refuseLibvirtUri, refuseMigrateUri } from '../shared/libvirt-uri.ts';
import type { AdvertiseSettings, AgentSettings } from './config.ts';
import type { Machine } from './own-addresses.ts';

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

/**
 * The addresses for the host's report. Throws INVALID_ARGUMENT when only a setting can tell under which address others
 * reach this host, and UNAVAILABLE when the network is not up yet.
 */
export async function advertised(
  settings: AdvertiseSettings,
  listenAddress: string,
  natsServers: readonly string[],
  machine: Machine,
): Promise<Advertised> {
  const address =
    fixedAddress(settings, listenAddress) ??
    inBrackets(await addressForOthers(listenAddress, natsServers, machine));
  const port = listenAddress.slice(listenAddress.lastIndexOf(':') + 1);
  return { address, agentAddress: `${address}:${port}`, ...addressesOf(settings, address) };
}

/** Undefined when only the routing table can tell. */
function fixedAddress(settings: AdvertiseSettings, listenAddress: string): string | undefined {
  const families = familiesOf(listenAddress);
  const { address } = settings;
  if (address === '') return families === undefined ? hostPart(listenAddress) : undefined;
  if (families === undefined) return address;
  if (isLoopback(address) || isLinkLocal(address))
    throw invalidField(
      'advertise.address',
      `${address} leads each host to itself, or is valid on one link only; set an address under which other hosts reach this one`,
    );
  const family = familyOf(address);
  if (family !== 0 && !families.includes(family))
    throw invalidField(
      'listen.address',
      `${listenAddress} is not reached under advertise.address ${address}, which is IPv6; listen on ${allFamilies(listenAddress)}`,
    );
  return address;
}

/** The families that are listened to on all addresses; undefined when one address is given. */
function familiesOf(listenAddress: string): readonly (4 | 6)[] | undefined {
  const host = hostPart(listenAddress);
  if (host === '0.0.0.0') return [4];
  return host === '[::]' ? [4, 6] : undefined;
}

function hostPart(listenAddress: string): string {
  return listenAddress.slice(0, listenAddress.lastIndexOf(':'));
}

function allFamilies(listenAddress: string): string {
  return `"[::]:${listenAddress.slice(listenAddress.lastIndexOf(':') + 1)}", which serves both`;
}

function inBrackets(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
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

/**
 * The address from which this host reaches a NATS server that is not on the host itself; else the only address of its
 * interfaces that others may reach.
 */
async function addressForOthers(
  listenAddress: string,
  natsServers: readonly string[],
  machine: Machine,
): Promise<string> {
  const families = familiesOf(listenAddress) ?? [4, 6];
  const isListened = (address: string): boolean => families.some((family) => family === familyOf(address));
  const routes = await sourceAddresses(natsServers, machine);
  const usable = (addresses: readonly string[]): string[] =>
    addresses.filter((address) => !isLoopback(address) && !isLinkLocal(address));
  const [towards] = usable(routes.addresses).filter(isListened);
  if (towards !== undefined) return towards;
  const own = usable(machine.addresses());
  const listened = own.filter(isListened);
  const byFamily = ([4, 6] as const).map((family) => listened.filter((each) => familyOf(each) === family));
  const [only, ...more] = byFamily.find((each) => each.length > 0) ?? [];
  if (only !== undefined && more.length === 0) return only;
  if (!routes.isComplete || own.length === 0)
    throw new EvenkeelError(
      'UNAVAILABLE',
      'advertise.address: no NATS server can be resolved and routed to, so the address under which others reach this host is not known yet; check nats.servers and the network, or set advertise.address',
    );
  if (only === undefined)
    throw invalidField(
      'listen.address',
      `${listenAddress} serves IPv4 only, and this host has only IPv6 addresses; listen on ${allFamilies(listenAddress)}`,
    );
  throw invalidField(
    'advertise.address',
    `cannot be found out: the route to every NATS server begins at a loopback or link-local address, and this host has the addresses ${listened.join(', ')}; set the one under which schedulers and other hosts reach this host`,
  );
}

/** The source addresses that the routing table picks for packets to the NATS servers; nothing is sent. */
async function sourceAddresses(
  servers: readonly string[],
  machine: Machine,
): Promise<{ readonly addresses: readonly string[]; readonly isComplete: boolean }> {
  const addresses: string[] = [];
  let isComplete = true;
  for (const server of servers) {
    const text = server.includes('://') ? server : `nats://${server}`;
    if (!URL.canParse(text)) continue;
    const { hostname: name, port } = new URL(text);
    const found = await machine.lookUp(name.replace(/^\[|\]$/g, ''));
    const sources = await Promise.all(
      found.map((address) => machine.sourceTowards(address, Number(port || NATS_PORT))),
    );
    const known = sources.filter((address) => address !== undefined);
    if (known.length === 0) isComplete = false;
    addresses.push(...known);
  }
  return { addresses, isComplete };
}
