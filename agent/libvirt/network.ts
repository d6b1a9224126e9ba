// Lists the virtual networks and host interfaces that a domain's network devices can be attached to.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { readCounted } from './domain.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface NetworkRef {
  readonly name: string;
  readonly uuid: string;
}

/** An interface of the host: a bridge, a bond, a card. */
export interface HostInterface {
  readonly name: string;
  readonly mac: string;
}

/** REMOTE_NETWORK_LIST_MAX and REMOTE_INTERFACE_LIST_MAX */
const LIST_MAX = 16_384;

function writeNetwork(writer: XdrWriter, network: NetworkRef): XdrWriter {
  return writer.string(network.name).uuid(network.uuid);
}

function readNetwork(reader: XdrReader): NetworkRef {
  return { name: reader.string(), uuid: reader.uuid() };
}

/** `flags`: ListNetworksFlag; 0 lists all. */
export function listNetworks(
  connection: Connection,
  flags: number,
  wait: WaitOptions,
): Promise<NetworkRef[]> {
  return connection.call(
    'connectListAllNetworks',
    (writer) => writer.int(1).uint(flags),
    (reader) => readCounted(reader, LIST_MAX, readNetwork),
    wait,
  );
}

export function lookupNetworkByName(
  connection: Connection,
  name: string,
  wait: WaitOptions,
): Promise<NetworkRef> {
  return connection.call('networkLookupByName', (writer) => writer.string(name), readNetwork, wait);
}

export function getNetworkXml(
  connection: Connection,
  network: NetworkRef,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'networkGetXmlDesc',
    (writer) => writeNetwork(writer, network).uint(0),
    (reader) => reader.string(),
    wait,
  );
}

export function isNetworkActive(
  connection: Connection,
  network: NetworkRef,
  wait: WaitOptions,
): Promise<boolean> {
  return connection.call(
    'networkIsActive',
    (writer) => writeNetwork(writer, network),
    (reader) => reader.bool(),
    wait,
  );
}

/** LibvirtError `internal` if the network has no bridge, for example a macvtap network. */
export function getNetworkBridge(
  connection: Connection,
  network: NetworkRef,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'networkGetBridgeName',
    (writer) => writeNetwork(writer, network),
    (reader) => reader.string(),
    wait,
  );
}

/** Includes loopback. `flags`: ListInterfacesFlag; 0 lists all. */
export function listInterfaces(
  connection: Connection,
  flags: number,
  wait: WaitOptions,
): Promise<HostInterface[]> {
  return connection.call(
    'connectListAllInterfaces',
    (writer) => writer.int(1).uint(flags),
    (reader) => readCounted(reader, LIST_MAX, (item) => ({ name: item.string(), mac: item.string() })),
    wait,
  );
}

/** True if it is up. */
export function isInterfaceActive(
  connection: Connection,
  host: HostInterface,
  wait: WaitOptions,
): Promise<boolean> {
  return connection.call(
    'interfaceIsActive',
    (writer) => writer.string(host.name).string(host.mac),
    (reader) => reader.bool(),
    wait,
  );
}
