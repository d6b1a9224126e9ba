// Defines the lab's names, addresses, ports and sizes, for demo, tests and benches.
import { createHash } from 'node:crypto';

/** The bridge in the machine's own network namespace; hosts, guests and services share its network. */
export const bridge = { name: 'evenkeel0', address: '10.77.0.1', prefixLength: 24 } as const;

/** 14222 and 18086, not 4222 and 8086: a stock nats-server or influxd of the machine may hold those on every address. */
export const nats = { address: bridge.address, port: 14222, monitorPort: 18222 } as const;
export const natsUrl = `nats://${nats.address}:${nats.port}`;
export const influx = { address: bridge.address, port: 18086, rpcPort: 18088 } as const;
export const influxUrl = `http://${influx.address}:${influx.port}`;

/** gRPC ports of the daemons, as on any installation. */
export const agentPort = 7443;
export const schedulerPort = 7444;
export const schedulerAddress = `${bridge.address}:${schedulerPort}`;
/** libvirt's own TCP port, open on the lab's network only. */
const libvirtTcpPort = 16509;

/** The bridge inside each host: it holds the host's address and carries the guests' taps. */
export const hostBridge = 'br0';

/** The storage pool that every host has under the same path. */
export const pool = {
  name: 'shared',
  path: '/srv/evenkeel/shared',
  uuid: stableUuid('evenkeel-lab pool shared'),
} as const;
/** virtlockd's leases of VMs: under the same path on every host, a file for each key. */
export const leases = { path: '/srv/evenkeel/leases', lockspace: 'vms' } as const;
/** The volume that guests are cloned from. */
export const baseImage = 'evenkeel-guest';

export const hostNames = ['kvm1', 'kvm2', 'kvm3'] as const;
export type HostName = (typeof hostNames)[number];

export interface LabHost {
  readonly name: HostName;
  readonly address: string;
  /** libvirt's host UUID: evenkeel's hostId. */
  readonly uuid: string;
  /** 32 hexadecimal digits. */
  readonly machineId: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly libvirtUri: string;
}

/** Three hosts of 1 core on a machine of 2 cores: a host is overloaded by its own guests, not by its neighbours. */
export const hosts: readonly LabHost[] = hostNames.map((name, index) => {
  const address = `10.77.0.${11 + index}`;
  return {
    name,
    address,
    uuid: stableUuid(`evenkeel-lab host ${name}`),
    machineId: stableUuid(`evenkeel-lab machine-id ${name}`).replaceAll('-', ''),
    cpuCores: 1,
    // Room for four guests of 256 MiB (about 330 MiB each with QEMU's overhead) besides systemd, libvirtd and the agent.
    memoryBytes: 2 * 1024 ** 3,
    libvirtUri: `qemu+tcp://${name}:${libvirtTcpPort}/system`,
  };
});

export function isHostName(text: string): text is HostName {
  return hostNames.some((name) => name === text);
}

export function labHost(name: HostName): LabHost {
  const found = hosts.find((host) => host.name === name);
  if (found === undefined) throw new Error(`no lab host named ${name}`);
  return found;
}

/** Ports and intervals of the guest image (lab/image/guest/guestd.c). */
export const guest = {
  memoryBytes: 256 * 1024 ** 2,
  tickPort: 7000,
  commandPort: 7001,
  tickIntervalMs: 100,
} as const;

/** Guests have 10.77.0.101 to .199, apart from the hosts and from guests added by hand below 100 or from 200 on. */
const guestNumbers = { min: 101, max: 199 } as const;

/** The MAC that makes guest `number` take `guestAddress(number)`: the last byte of both is the number. */
export function guestMac(number: number): string {
  return `52:54:00:4d:00:${checkedGuestNumber(number).toString(16).padStart(2, '0')}`;
}

export function guestAddress(number: number): string {
  return `10.77.0.${checkedGuestNumber(number)}`;
}

function checkedGuestNumber(number: number): number {
  if (!Number.isInteger(number) || number < guestNumbers.min || number > guestNumbers.max) {
    throw new Error(
      `guest number ${number}: give an integer from ${guestNumbers.min} to ${guestNumbers.max}`,
    );
  }
  return number;
}

/** A UUID that is the same for a name on every machine, so that recorded samples and tests can name a host. */
function stableUuid(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  // Version 8 (RFC 9562: vendor-specific), variant 10.
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
