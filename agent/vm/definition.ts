// Parses libvirt's definition of a domain into what the agent needs: devices, firmware, CPU, metadata.
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { findMetadata, readMetadata, readOsFamily } from './metadata.ts';
import { attribute, find, findAll, namespaceOf, parseXml, type XmlElement } from './xml-text.ts';

export interface VmDefinition {
  readonly uuid: string;
  readonly name: string;
  readonly domainType: string;
  readonly architecture: string;
  readonly machineType: string;
  readonly emulator: string | undefined;
  /** Undefined for an architecture without a BIOS that starts without UEFI: s390x, pseries. */
  readonly firmware: 'bios' | 'uefi' | undefined;
  readonly secureBoot: boolean;
  /** It has a TPM, emulated or the host's. */
  readonly tpm: boolean;
  /** Those it has now; more may be plugged in. */
  readonly vcpus: number;
  readonly memoryMaxBytes: number;
  /** Undefined for a VM that evenkeel did not create. */
  readonly metadata: VmMetadata | undefined;
  readonly osFamily: string;
  readonly disks: readonly DiskDefinition[];
  /** Storage of the UEFI variables; undefined for a VM without any. */
  readonly nvram: StorageSource | undefined;
  readonly nics: readonly NicDefinition[];
  readonly leases: readonly LeaseDefinition[];
  /** Those that a client can reach; an automatic port is known only while the VM runs. */
  readonly consoles: readonly ConsoleDefinition[];
  readonly cpu: XmlElement | undefined;
  readonly os: XmlElement | undefined;
  readonly devices: XmlElement | undefined;
  /** sev, sev-snp, tdx…: the processor encrypts its memory. */
  readonly launchSecurity: string | undefined;
  /** Elements by which its definition speaks to QEMU itself ("qemu:commandline"): nothing here knows what they do. */
  readonly qemuElements: readonly string[];
}

export interface DiskDefinition {
  /** The target name: "vda". */
  readonly device: string;
  /** file, block, network, volume, dir, nvme… */
  readonly kind: string;
  /** Path, or name or server for a disk that has none; empty for an empty drive. */
  readonly source: string;
  /** Of a disk of kind volume. */
  readonly pool: string;
  /** Of a disk of kind network: rbd, nbd, iscsi… */
  readonly protocol?: string;
  readonly format: string;
  readonly cdrom: boolean;
  /** libvirt empties the drive where the medium is missing (startupPolicy). */
  readonly isDropped: boolean;
  readonly transient: boolean;
  readonly readOnly: boolean;
  /** Several VMs may write to it at once, so nothing locks it. */
  readonly shareable: boolean;
  /** All storage that it reads or writes: itself, then its backing chain, mirror and data file, which a live definition lists. */
  readonly sources: readonly StorageSource[];
}

export interface ConsoleDefinition {
  /** vnc, spice, spice-tls, rdp. */
  readonly kind: string;
  /** "address:port", or the path of a socket. */
  readonly address: string;
}

export type StorageSource = Pick<DiskDefinition, 'kind' | 'source' | 'pool' | 'protocol'>;

export interface NicDefinition {
  readonly mac: string;
  /** bridge, network, direct, user, ethernet, hostdev… */
  readonly kind: string;
  readonly bridge: string;
  /** Of a NIC that gets a bridge or macvtap from a network, both are set while it runs. */
  readonly network: string;
  readonly portgroup: string;
  /** The interface of the host below a macvtap, and its mode. */
  readonly device: string;
  readonly macvtapMode: string;
  /** The type of its port profile, for example openvswitch. */
  readonly virtualPort: string;
  readonly vlans: readonly number[];
  /** libvirt unplugs it before a migration, since another NIC takes over for it (teaming). */
  readonly isUnplugged: boolean;
}

/** A lease that the lock manager must hold for the VM to run: a file named by the key, in the folder of the lockspace. */
export interface LeaseDefinition {
  readonly lockspace: string;
  readonly key: string;
  readonly path: string;
}

/** Throws on text that is not a domain definition. */
export function readDefinition(xml: string): VmDefinition {
  const root = parseXml(xml);
  const uuid = find(root, 'uuid')?.text;
  const name = find(root, 'name')?.text;
  if (root.name !== 'domain' || uuid === undefined || name === undefined)
    throw new Error('must be a libvirt domain definition with name and uuid');
  const devices = find(root, 'devices');
  const metadata = findMetadata(root);
  const type = find(root, 'os', 'type');
  const vcpu = find(root, 'vcpu');
  return {
    uuid,
    name,
    domainType: attribute(root, 'type') ?? '',
    architecture: attribute(type, 'arch') ?? '',
    machineType: attribute(type, 'machine') ?? '',
    emulator: find(devices, 'emulator')?.text,
    firmware: readFirmware(root),
    secureBoot: hasSecureBoot(find(root, 'os')),
    tpm: find(devices, 'tpm') !== undefined,
    // libvirt's default is one.
    vcpus: Number(attribute(vcpu, 'current') ?? vcpu?.text ?? 1),
    memoryMaxBytes: readMemory(find(root, 'memory')),
    metadata: metadata === undefined ? undefined : readMetadata(metadata),
    osFamily: readOsFamily(metadata),
    disks: findAll(devices, 'disk').map(readDisk),
    nvram: readNvram(find(root, 'os', 'nvram')),
    nics: findAll(devices, 'interface').map(readNic),
    leases: findAll(devices, 'lease').map(readLease),
    consoles: findAll(devices, 'graphics').flatMap(readConsoles),
    cpu: find(root, 'cpu'),
    os: find(root, 'os'),
    devices,
    launchSecurity: attribute(find(root, 'launchSecurity'), 'type'),
    qemuElements: root.children
      .filter((child) => namespaceOf([root, child]) === QEMU_NAMESPACE && child.children.length > 0)
      .map((child) => child.name),
  };
}

// https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands
const QEMU_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0';

function readFirmware(root: XmlElement): VmDefinition['firmware'] {
  const os = find(root, 'os');
  if (attribute(os, 'firmware') === 'efi' || attribute(find(os, 'loader'), 'type') === 'pflash')
    return 'uefi';
  return ['x86_64', 'i686'].includes(attribute(find(os, 'type'), 'arch') ?? '') ? 'bios' : undefined;
}

/** Without enrolled keys the firmware would run anything, so that is not secure boot. */
function hasSecureBoot(os: XmlElement | undefined): boolean {
  const features = findAll(find(os, 'firmware'), 'feature');
  const isFeature = (name: string, enabled: string): boolean =>
    features.some((each) => attribute(each, 'name') === name && attribute(each, 'enabled') === enabled);
  const canVerify = attribute(find(os, 'loader'), 'secure') === 'yes' || isFeature('secure-boot', 'yes');
  return canVerify && !isFeature('enrolled-keys', 'no');
}

// libvirt itself always writes KiB; other units occur only in what operators write
// (https://libvirt.org/formatdomain.html#memory-allocation; virScaleInteger).
function readMemory(memory: XmlElement | undefined): number {
  const unit = (attribute(memory, 'unit') ?? 'KiB').toLowerCase();
  const power = 'kmgtpe'.indexOf(unit.charAt(0)) + 1;
  const base = /^[kmgtpe]b$/.test(unit) ? 1000 : 1024;
  return Number(memory?.text ?? 0) * base ** power;
}

function readDisk(disk: XmlElement): DiskDefinition {
  const driver = find(disk, 'driver');
  return {
    device: attribute(find(disk, 'target'), 'dev') ?? '',
    ...readSource(disk),
    format: attribute(driver, 'type') ?? '',
    cdrom: attribute(disk, 'device') === 'cdrom',
    // "requisite" counts at a start only (https://libvirt.org/formatdomain.html, startupPolicy).
    isDropped: ['optional', 'requisite'].includes(attribute(find(disk, 'source'), 'startupPolicy') ?? ''),
    transient: find(disk, 'transient') !== undefined,
    readOnly: find(disk, 'readonly') !== undefined,
    shareable: find(disk, 'shareable') !== undefined,
    sources: readSources(disk),
  };
}

const FURTHER_SOURCES: readonly string[] = ['backingStore', 'mirror', 'dataStore'];

/** A backing chain ends with an element without a type. */
function readSources(element: XmlElement): StorageSource[] {
  const further = [element, find(element, 'source')]
    .flatMap((parent) => parent?.children ?? [])
    .filter(({ name }) => FURTHER_SOURCES.includes(name));
  const own = attribute(element, 'type') === undefined ? [] : [readSource(element)];
  return [...own, ...further.flatMap(readSources)];
}

function readSource(element: XmlElement): StorageSource {
  const kind = attribute(element, 'type') ?? '';
  const source = find(element, 'source');
  const protocol = attribute(source, 'protocol');
  return {
    kind,
    source: attribute(source, SOURCE_ATTRIBUTES[kind] ?? 'name') ?? namelessSource(source),
    pool: attribute(source, 'pool') ?? '',
    ...(protocol === undefined ? {} : { protocol }),
  };
}

/** Such as that of an NBD server with one export, or an NVMe disk: not an empty drive. Empty for that. */
function namelessSource(source: XmlElement | undefined): string {
  const protocol = attribute(source, 'protocol');
  const host = find(source, 'host');
  if (protocol !== undefined)
    return attribute(host, 'transport') === 'unix'
      ? `${protocol}+unix://${attribute(host, 'socket') ?? ''}`
      : `${protocol}://${addressText(attribute(host, 'name') ?? '', attribute(host, 'port') ?? '')}`;
  const address = find(source, 'address');
  const [domain, bus, slot] = ['domain', 'bus', 'slot'].map((name) => attribute(address, name) ?? '');
  return address === undefined ? '' : `${domain}:${bus}:${slot}.${attribute(address, 'function') ?? ''}`;
}

/** The path as text, or, since libvirt 8.5, a source like that of a disk. */
function readNvram(nvram: XmlElement | undefined): StorageSource | undefined {
  if (nvram === undefined) return undefined;
  if (attribute(nvram, 'type') !== undefined) return readSource(nvram);
  return { kind: 'file', source: nvram.text, pool: '' };
}

const SOURCE_ATTRIBUTES: Readonly<Record<string, string>> = {
  file: 'file',
  block: 'dev',
  dir: 'dir',
  volume: 'volume',
  vhostuser: 'path',
  vhostvdpa: 'dev',
};

function readNic(nic: XmlElement): NicDefinition {
  const source = find(nic, 'source');
  const kind = attribute(nic, 'type') ?? '';
  return {
    mac: attribute(find(nic, 'mac'), 'address') ?? '',
    kind,
    // The live definition of a NIC on a network names the network's bridge too, which may differ between hosts.
    bridge: kind === 'bridge' ? (attribute(source, 'bridge') ?? '') : '',
    network: attribute(source, 'network') ?? '',
    portgroup: attribute(source, 'portgroup') ?? '',
    device: kind === 'direct' ? (attribute(source, 'dev') ?? '') : '',
    macvtapMode: kind === 'direct' ? (attribute(source, 'mode') ?? 'vepa') : '',
    virtualPort: attribute(find(nic, 'virtualport'), 'type') ?? '',
    vlans: findAll(find(nic, 'vlan'), 'tag').map((tag) => Number(attribute(tag, 'id'))),
    isUnplugged: attribute(find(nic, 'teaming'), 'type') === 'transient',
  };
}

function readLease(lease: XmlElement): LeaseDefinition {
  return {
    lockspace: find(lease, 'lockspace')?.text ?? '',
    key: find(lease, 'key')?.text ?? '',
    path: attribute(find(lease, 'target'), 'path') ?? '',
  };
}

function readConsoles(graphics: XmlElement): ConsoleDefinition[] {
  const kind = attribute(graphics, 'type') ?? '';
  const listen = find(graphics, 'listen');
  const socket = attribute(graphics, 'socket') ?? attribute(listen, 'socket');
  if (socket !== undefined) return [{ kind, address: socket }];
  const host = attribute(graphics, 'listen') ?? attribute(listen, 'address') ?? '127.0.0.1';
  const at = (name: string, port: string): ConsoleDefinition[] =>
    Number(attribute(graphics, port) ?? -1) > 0
      ? [{ kind: name, address: addressText(host, attribute(graphics, port) ?? '') }]
      : [];
  return [...at(kind, 'port'), ...at(`${kind}-tls`, 'tlsPort')];
}

function addressText(host: string, port: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === '' ? name : `${name}:${port}`;
}
