// Asks this machine for its own names and addresses, and for the address from which it reaches another one.
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { Clock } from '../shared/clock.ts';
import { familyOf, hostKey, isLoopback } from '../shared/host-address.ts';
import { SECOND_MS } from '../shared/units.ts';

export interface Machine {
  /** Of the interfaces that may lead to other hosts. */
  addresses(): readonly string[];
  /** The addresses of a name or address; none when it cannot be resolved now. */
  lookUp(name: string): Promise<readonly string[]>;
  /** The source address that the routing table picks; nothing is sent. Undefined without a route. */
  sourceTowards(address: string, port: number): Promise<string | undefined>;
}

// The resolver's own limit is half a minute; the facts of the host wait for this.
const LOOK_UP_TIMEOUT_MS = 5 * SECOND_MS;
// Bridges and taps that libvirt and container engines make: the same addresses stand on every host.
const PRIVATE_INTERFACE = /^(virbr|vnet|docker|br-[0-9a-f]{12}|veth|podman|cni|lxcbr|lxdbr)/;

export function thisMachine(clock: Clock): Machine {
  return {
    addresses: () =>
      Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
        PRIVATE_INTERFACE.test(name)
          ? []
          : list.flatMap(({ address, internal }) => (internal ? [] : [address])),
      ),
    lookUp: async (name) => {
      const found = lookup(name, { all: true }).then(
        (list) => list.map(({ address }) => address),
        () => [],
      );
      const done = new AbortController();
      const late = clock.sleep(LOOK_UP_TIMEOUT_MS, done.signal).then(
        () => [],
        () => [],
      );
      const addresses = await Promise.race([found, late]);
      done.abort();
      return addresses;
    },
    sourceTowards,
  };
}

/** Tells if a host name or address, as it stands in a URI, means this machine. */
export function isThisMachine(host: string): boolean {
  const key = hostKey(host);
  if (isLoopback(host) || key === hostKey(hostname())) return true;
  return Object.values(networkInterfaces()).some((list = []) =>
    list.some(({ address }) => hostKey(address) === key),
  );
}

function sourceTowards(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket(familyOf(address) === 6 ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (source: string | undefined): void => {
      socket.close();
      resolve(source);
    };
    socket.once('error', () => {
      end(undefined);
    });
    socket.connect(port, address, () => {
      end(socket.address().address);
    });
  });
}
