// Judges what a VM's NIC is to be plugged into on this host: a bridge, an interface for macvtap, a virtual network. Pure.
import type { BridgeKind, LookAtLink } from './host-links.ts';
import { attribute, find, findAll, parseXml, type XmlElement } from './xml-text.ts';

/** Why the NIC cannot be plugged in here. */
export interface Misfit {
  readonly reason: string;
  readonly cure: string;
}

/** libvirt's definition of a virtual network (https://libvirt.org/formatnetwork.html). */
export interface NetworkDefinition {
  readonly name: string;
  /** none (isolated), nat, route, open, bridge, private, vepa, passthrough, hostdev. */
  readonly forward: string;
  /** In mode bridge, a bridge of the host; libvirt makes those of the modes none, nat, route and open itself. */
  readonly bridge: string;
  /** The type of the port profile of its NICs; empty for none. */
  readonly virtualPort: string;
  /** Interfaces of the host for macvtap, and how many NICs are on each. */
  readonly devices: readonly { readonly name: string; readonly connections: number }[];
  readonly portgroups: readonly string[];
}

export function readNetwork(xml: string): NetworkDefinition {
  const root = parseXml(xml);
  const forward = find(root, 'forward');
  const virtualPort = (element: XmlElement | undefined): string =>
    attribute(find(element, 'virtualport'), 'type') ?? '';
  const listed = findAll(forward, 'interface');
  const named = attribute(forward, 'dev');
  return {
    name: find(root, 'name')?.text ?? '',
    forward: forward === undefined ? 'none' : (attribute(forward, 'mode') ?? 'nat'),
    bridge: attribute(find(root, 'bridge'), 'name') ?? '',
    virtualPort: virtualPort(root),
    devices:
      listed.length > 0 || named === undefined
        ? listed.map((each) => ({
            name: attribute(each, 'dev') ?? '',
            connections: Number(attribute(each, 'connections') ?? 0),
          }))
        : [{ name: named, connections: 0 }],
    portgroups: findAll(root, 'portgroup').map((each) => attribute(each, 'name') ?? ''),
  };
}

/** Why a NIC for the given kind of bridge, with these VLANs, cannot use the bridge. */
export function bridgeMisfit(
  name: string,
  { virtualPort, vlans }: { readonly virtualPort: string; readonly vlans: readonly number[] },
  look: LookAtLink,
): Misfit | undefined {
  const link = look(name);
  if (link === undefined)
    return { reason: `this host has no bridge ${name}`, cure: `create bridge ${name} here` };
  const { bridge } = link;
  const isForOvs = virtualPort === 'openvswitch';
  if (bridge === undefined)
    return {
      reason: `interface ${name} here is neither a Linux bridge nor a bridge of a running Open vSwitch`,
      cure: isForOvs
        ? `check openvswitch-switch here, and "ovs-vsctl br-exists ${name}"`
        : `create bridge ${name} here`,
    };
  if (isForOvs !== (bridge === 'openvswitch'))
    return {
      reason: `${name} here is ${BRIDGE_WORDS[bridge]}, and the NIC is defined for ${isForOvs ? 'an Open vSwitch' : 'a Linux'} bridge`,
      cure: 'give the bridges of both hosts one kind, or attach the NIC to a virtual network that both have',
    };
  if (vlans.length > 0 && bridge === 'linux')
    return {
      reason: `bridge ${name} here does not filter by VLAN, and the NIC has VLAN ${vlans.join(', ')}`,
      cure: `switch it on: "ip link set ${name} type bridge vlan_filtering 1"`,
    };
  return undefined;
}

export const BRIDGE_WORDS: Readonly<Record<BridgeKind, string>> = {
  linux: 'a Linux bridge',
  'linux-vlan': 'a Linux bridge',
  openvswitch: 'an Open vSwitch bridge',
};

/** Why no macvtap can be put on the interface. */
export function macvtapMisfit(device: string, look: LookAtLink): Misfit | undefined {
  const link = look(device);
  if (link === undefined)
    return {
      reason: `this host has no interface ${device} for a macvtap`,
      cure: `name an interface that it has`,
    };
  if (link.isUp) return undefined;
  return {
    reason: `interface ${device} of this host is down`,
    cure: `bring it up: "ip link set ${device} up", and check its cable`,
  };
}

/** Why an active network cannot take one more NIC with this portgroup; an empty one is the default. */
export function networkMisfit(
  network: NetworkDefinition,
  portgroup: string,
  look: LookAtLink,
): Misfit | undefined {
  const { name, forward, bridge, devices, portgroups } = network;
  // libvirt would take the default without a word, and the guest would be in another VLAN.
  if (portgroup !== '' && !portgroups.includes(portgroup))
    return {
      reason: `virtual network ${name} has no portgroup ${portgroup} here (it has ${portgroups.length === 0 ? 'none' : portgroups.join(', ')})`,
      cure: `add it with "virsh net-edit ${name}"`,
    };
  if (forward === 'bridge' && bridge !== '')
    return about(name, bridgeMisfit(bridge, { virtualPort: network.virtualPort, vlans: [] }, look));
  if (!MACVTAP_MODES.includes(forward) || devices.length === 0) return undefined;
  const usable = devices.filter((device) => macvtapMisfit(device.name, look) === undefined);
  if (usable.length === 0)
    return {
      reason: `no interface of virtual network ${name} is up here (${devices.map((device) => device.name).join(', ')})`,
      cure: 'bring one up, and check its cable',
    };
  // In this mode a NIC has its interface to itself.
  if (forward === 'passthrough' && usable.every(({ connections }) => connections > 0))
    return {
      reason: `all interfaces of virtual network ${name} are in use here`,
      cure: 'free one, or add one to its pool',
    };
  return undefined;
}

const MACVTAP_MODES: readonly string[] = ['bridge', 'private', 'vepa', 'passthrough'];

function about(network: string, misfit: Misfit | undefined): Misfit | undefined {
  return misfit === undefined
    ? undefined
    : { ...misfit, reason: `of virtual network ${network}: ${misfit.reason}` };
}
