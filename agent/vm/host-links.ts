// Looks at the host's network interfaces: which are bridges, of which kind, and which can carry a macvtap.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** linux-vlan: a Linux bridge that filters by VLAN. */
export type BridgeKind = 'linux' | 'linux-vlan' | 'openvswitch';

/** An interface of the host. */
export interface Link {
  /** Undefined: not a bridge. */
  readonly bridge: BridgeKind | undefined;
  /** Switched on, and with a carrier. */
  readonly isUp: boolean;
}

/** The interface with this name; undefined when the host has none. */
export type LookAtLink = (name: string) => Link | undefined;

export interface LinkRoots {
  readonly sysRoot: string;
  readonly runRoot: string;
}

export const LINK_ROOTS: LinkRoots = { sysRoot: '/sys', runRoot: '/run' };

export function lookAtLinks(roots: LinkRoots): LookAtLink {
  return (name) => {
    const folder = linkFolder(roots, name);
    if (!isLinkName(name) || !existsSync(folder)) return undefined;
    return { bridge: bridgeKind(roots, name), isUp: isUp(folder) };
  };
}

/** Names of all Linux and Open vSwitch bridges. */
export function bridgesOf(roots: LinkRoots): string[] {
  return linkNames(roots).filter((name) => bridgeKind(roots, name) !== undefined);
}

/** Names of the interfaces that a macvtap can be put on: loopback, taps, and ports of a bridge or bond cannot carry one. */
export function macvtapDevicesOf(roots: LinkRoots): string[] {
  return linkNames(roots).filter((name) => {
    const has = (file: string): boolean => existsSync(join(linkFolder(roots, name), file));
    return name !== 'lo' && !has('tun_flags') && !has('macvtap') && !has('master');
  });
}

function linkNames({ sysRoot }: LinkRoots): string[] {
  const folder = join(sysRoot, 'class/net');
  // Also holds files, such as bonding_masters.
  return existsSync(folder) ? readdirSync(folder).filter(isFolderIn(folder)).sort() : [];
}

function isFolderIn(folder: string): (name: string) => boolean {
  return (name) => existsSync(join(folder, name, '.'));
}

function linkFolder({ sysRoot }: LinkRoots, name: string): string {
  return join(sysRoot, 'class/net', name);
}

/** A name that cannot lead out of the folder of all interfaces. */
function isLinkName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/');
}

/**
 * The kernel gives a Linux bridge a folder (Documentation/ABI/testing/sysfs-class-net). Of Open vSwitch, sysfs shows just an
 * interface, a tap with the userspace datapath, and only root may ask its database. But ovs-vswitchd keeps a management
 * socket for each bridge while it runs (ovs-ofctl(8): "the well-known socket bridge.mgmt").
 */
function bridgeKind(roots: LinkRoots, name: string): BridgeKind | undefined {
  const folder = join(linkFolder(roots, name), 'bridge');
  if (existsSync(folder)) return read(join(folder, 'vlan_filtering')) === '1' ? 'linux-vlan' : 'linux';
  return existsSync(join(roots.runRoot, 'openvswitch', `${name}.mgmt`)) ? 'openvswitch' : undefined;
}

/** IFF_UP of netdevice(7). */
const FLAG_UP = 1;

/** Interfaces that cannot tell about their carrier have the state "unknown" (RFC 2863). */
function isUp(folder: string): boolean {
  const state = read(join(folder, 'operstate'));
  return (Number(read(join(folder, 'flags'))) & FLAG_UP) !== 0 && (state === 'up' || state === 'unknown');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
