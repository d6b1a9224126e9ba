// Asks libvirt on this host what a NIC's virtual network is, and whether this libvirt can do what the NIC wants.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode } from '../libvirt/constants.ts';
import { getNetworkXml, isNetworkActive, lookupNetworkByName } from '../libvirt/network.ts';
import { getLibVersion } from '../libvirt/node.ts';
import type { NicDefinition } from './definition.ts';
import type { LookAtLink } from './host-links.ts';
import { networkMisfit, readNetwork, type Misfit } from './network-fit.ts';
import { orUndefined } from './storage.ts';

/** Why the NIC cannot use the virtual network that it names, as libvirt has it on this host. */
export async function findNetworkMisfit(
  connection: Connection,
  { network: name, portgroup }: Pick<NicDefinition, 'network' | 'portgroup'>,
  look: LookAtLink,
  wait: WaitOptions,
): Promise<Misfit | undefined> {
  const network = await orUndefined(lookupNetworkByName(connection, name, wait), ErrorCode.noNetwork);
  if (network === undefined)
    return { reason: `this host has no virtual network ${name}`, cure: 'define and start it here' };
  if (!(await isNetworkActive(connection, network, wait)))
    return {
      reason: `virtual network ${name} is not active here`,
      cure: `start it with "virsh net-start ${name}"`,
    };
  return networkMisfit(readNetwork(await getNetworkXml(connection, network, wait)), portgroup, look);
}

// libvirt 11.0.0 is the first that sets VLANs on ports of a Linux bridge (https://libvirt.org/news.html).
const VLANS_SINCE = 11_000_000;

/** Why this libvirt cannot give a NIC on a Linux bridge its VLANs. */
export async function vlanMisfit(
  connection: Connection,
  vlans: readonly number[],
  wait: WaitOptions,
): Promise<Misfit | undefined> {
  if (vlans.length === 0 || (await getLibVersion(connection, wait)) >= VLANS_SINCE) return undefined;
  return {
    reason: `libvirt here is too old for VLAN ${vlans.join(', ')} on a Linux bridge`,
    cure: 'upgrade it to 11.0 or later, or use an Open vSwitch bridge',
  };
}
