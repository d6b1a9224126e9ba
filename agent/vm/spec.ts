// Checks the specification of a new VM against itself and the size of the host, and names every problem with its field.
import { EvenkeelError } from '../../shared/errors.ts';
import type { DiskSpec, NicSpec, VmSpec } from '../../shared/gen/agent.ts';
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { formatBytes, GIB, MIB } from '../../shared/units.ts';
import type { OsKind } from './xml.ts';
import { isXmlText } from './xml-text.ts';

export interface HostSize {
  readonly cpuCores: number;
  readonly memoryBytes: number;
}

/** A specification with its choices made explicit. The pools, volumes and networks that it names may not exist. */
export interface CheckedSpec {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly disks: readonly CheckedDisk[];
  readonly iso: CheckedIso | undefined;
  readonly nics: readonly CheckedNic[];
  readonly firmware: 'bios' | 'uefi';
  readonly os: OsKind;
  readonly metadata: VmMetadata;
  readonly headless: boolean;
}

export type CheckedDisk = { readonly field: string; readonly pool: string } & (
  | { readonly kind: 'new'; readonly bytes: number }
  /** `bytes` 0: as large as the image. */
  | { readonly kind: 'clone'; readonly volume: string; readonly bytes: number }
  | { readonly kind: 'existing'; readonly volume: string; readonly shareable: boolean }
);

export type CheckedIso =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'volume'; readonly pool: string; readonly volume: string };

export interface CheckedNic {
  readonly field: string;
  readonly kind: 'bridge' | 'network' | 'macvtap';
  readonly name: string;
  /** Of the network; empty for its default. */
  readonly portgroup: string;
  /** Of the bridge; 0 for none. */
  readonly vlan: number;
  /** Lower case; undefined: one is to be generated. */
  readonly mac: string | undefined;
}

// As in the proto contract; also safe as part of a file name.
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
// Device letters a to z, less one for the installation image.
const DISKS_MAX = 25;
// More than a guest needs; each takes a PCI slot.
const NICS_MAX = 16;
// Nothing boots with less than a megabyte: the unit is wrong.
const MEMORY_MIN_BYTES = MIB;
const DISK_MIN_BYTES = MIB;
// ext4's largest file; for more, the unit is wrong.
const DISK_MAX_BYTES = 16 * 1024 * GIB;
// Linux's IFNAMSIZ less the terminating NUL.
const LINK_NAME_MAX = 15;
// IEEE 802.1Q keeps 4095 for itself.
const VLAN_MAX = 4_094;
const OWNER_MAX = 256;
const PURPOSE_MAX = 1024;
// 9999-12-31T23:59:59.999Z, the last date that ISO 8601 writes with four digits.
const EXPIRY_MAX_MS = 253_402_300_799_999;
// QEMU's own limit of downtime-limit (migration/options.c, MAX_MIGRATE_DOWNTIME).
const DOWNTIME_MAX_MS = 2_000_000;

/** Throws INVALID_ARGUMENT that lists every problem. */
export function checkSpec(spec: VmSpec, host: HostSize, nowMs: number): CheckedSpec {
  const problems: string[] = [];
  const refuse = (field: string, problem: string): void => {
    problems.push(`${field}: ${problem}`);
  };
  checkSize(spec, host, refuse);
  const disks = spec.disks.map((disk, index) => checkDisk(disk, `disks[${index}]`, refuse));
  if (disks.length > DISKS_MAX) refuse('disks', `at most ${DISKS_MAX}`);
  refuseRepeats(
    disks,
    (disk) =>
      disk?.kind === 'existing'
        ? { field: `${disk.field}.existing`, value: `${disk.pool}/${disk.volume}` }
        : undefined,
    refuse,
  );
  const nics = spec.nics.map((nic, index) => checkNic(nic, `nics[${index}]`, refuse));
  if (nics.length > NICS_MAX) refuse('nics', `at most ${NICS_MAX}`);
  refuseRepeats(
    nics,
    (nic) => (nic?.mac === undefined ? undefined : { field: `${nic.field}.mac`, value: nic.mac }),
    refuse,
  );
  const iso = checkIso(spec.iso, refuse);
  const firmware = FIRMWARES[spec.firmware];
  if (firmware === undefined) refuse('firmware', 'must be bios or uefi');
  const os = OS_KINDS[spec.osFamily];
  if (os === undefined) refuse('os_family', 'must be linux, windows or other');
  const metadata = checkMetadata(spec.metadata ?? NO_METADATA, nowMs, refuse);
  if (problems.length > 0 || firmware === undefined || os === undefined)
    throw new EvenkeelError('INVALID_ARGUMENT', problems.join('; '));
  return {
    name: spec.name,
    vcpus: spec.vcpus,
    memoryBytes: spec.memoryBytes,
    disks: disks.filter((disk) => disk !== undefined),
    iso,
    nics: nics.filter((nic) => nic !== undefined),
    firmware,
    os,
    metadata,
    headless: spec.headless,
  };
}

type Refuse = (field: string, problem: string) => void;

const NO_METADATA: VmMetadata = { owner: '', purpose: '', expiresAtMs: 0, rules: null };

const FIRMWARES: Readonly<Record<string, 'bios' | 'uefi'>> = {
  FIRMWARE_UNSPECIFIED: 'bios',
  FIRMWARE_BIOS: 'bios',
  FIRMWARE_UEFI: 'uefi',
};

const OS_KINDS: Readonly<Record<string, OsKind>> = {
  OS_FAMILY_UNSPECIFIED: 'linux',
  OS_FAMILY_LINUX: 'linux',
  OS_FAMILY_WINDOWS: 'windows',
  OS_FAMILY_OTHER: 'other',
};

function checkSize({ name, vcpus, memoryBytes }: VmSpec, host: HostSize, refuse: Refuse): void {
  if (!NAME.test(name))
    refuse('name', "must be 1 to 63 letters, digits, '.', '_' or '-', starting with a letter or digit");
  const cores = Math.ceil(host.cpuCores);
  if (vcpus === 0) refuse('vcpus', 'must be at least 1');
  else if (vcpus > cores)
    refuse('vcpus', `${vcpus} is more than the ${cores} ${cores === 1 ? 'CPU' : 'CPUs'} of this host`);
  if (memoryBytes < MEMORY_MIN_BYTES)
    refuse('memory_bytes', `must be at least ${formatBytes(MEMORY_MIN_BYTES)}`);
  else if (memoryBytes > host.memoryBytes)
    refuse(
      'memory_bytes',
      `${formatBytes(memoryBytes)} is more than the ${formatBytes(host.memoryBytes)} of this host`,
    );
}

function checkDisk(disk: DiskSpec, field: string, refuse: Refuse): CheckedDisk | undefined {
  const { pool, newBytes, cloneOf, existing, sizeBytes, shareable = false } = disk;
  if (!isName(pool)) refuse(`${field}.pool`, 'must name a storage pool');
  if (cloneOf === undefined && sizeBytes !== 0)
    refuse(`${field}.size_bytes`, 'is for clone_of only; the size of a new volume is new_bytes');
  if (shareable && existing === undefined) refuse(`${field}.shareable`, 'is for existing volumes only');
  if (newBytes !== undefined) {
    checkBytes(`${field}.new_bytes`, newBytes, refuse);
    return { field, pool, kind: 'new', bytes: newBytes };
  }
  if (cloneOf !== undefined) {
    if (!isName(cloneOf)) refuse(`${field}.clone_of`, 'must name a volume of the pool');
    if (sizeBytes !== 0) checkBytes(`${field}.size_bytes`, sizeBytes, refuse);
    return { field, pool, kind: 'clone', volume: cloneOf, bytes: sizeBytes };
  }
  if (existing !== undefined) {
    if (!isName(existing)) refuse(`${field}.existing`, 'must name a volume of the pool');
    return { field, pool, kind: 'existing', volume: existing, shareable };
  }
  refuse(field, 'needs one of new_bytes, clone_of and existing');
  return undefined;
}

/** A valid name of a pool, volume or network in libvirt: not a path, and only characters that XML can hold. */
function isName(name: string): boolean {
  return name !== '' && name.length <= 255 && !name.includes('/') && isPlainText(name);
}

function isPlainText(text: string): boolean {
  return isXmlText(text) && !/\p{Cc}/u.test(text);
}

function checkBytes(field: string, bytes: number, refuse: Refuse): void {
  if (bytes < DISK_MIN_BYTES || bytes > DISK_MAX_BYTES)
    refuse(field, `must be from ${formatBytes(DISK_MIN_BYTES)} to ${formatBytes(DISK_MAX_BYTES)}`);
}

function checkNic(nic: NicSpec, field: string, refuse: Refuse): CheckedNic | undefined {
  const mac = nic.mac === '' ? undefined : nic.mac.toLowerCase();
  if (mac !== undefined) checkMac(`${field}.mac`, mac, refuse);
  checkNicDetails(nic, field, refuse);
  const { bridge, network, macvtap, portgroup = '', vlan = 0 } = nic;
  const rest = { field, portgroup, vlan, mac };
  if (bridge !== undefined) {
    if (!isLinkName(bridge)) refuse(`${field}.bridge`, 'must name a bridge of this host');
    return { ...rest, kind: 'bridge', name: bridge };
  }
  if (macvtap !== undefined) {
    if (!isLinkName(macvtap)) refuse(`${field}.macvtap`, 'must name an interface of this host');
    return { ...rest, kind: 'macvtap', name: macvtap };
  }
  if (network !== undefined) {
    if (!isName(network)) refuse(`${field}.network`, 'must name a virtual network of libvirt');
    return { ...rest, kind: 'network', name: network };
  }
  refuse(field, 'needs one of bridge, network and macvtap');
  return undefined;
}

function checkNicDetails(
  { bridge, network, portgroup = '', vlan = 0 }: NicSpec,
  field: string,
  refuse: Refuse,
): void {
  if (portgroup !== '' && network === undefined) refuse(`${field}.portgroup`, 'is for a network only');
  else if (!isPlainText(portgroup) || portgroup.length > 255)
    refuse(`${field}.portgroup`, 'must name a portgroup of the network');
  if (vlan !== 0 && bridge === undefined)
    refuse(`${field}.vlan`, 'is for a bridge only; a network has portgroups');
  if (vlan > VLAN_MAX) refuse(`${field}.vlan`, `must be from 1 to ${VLAN_MAX}`);
}

function isLinkName(name: string): boolean {
  return isName(name) && name.length <= LINK_NAME_MAX && !/\s/.test(name);
}

function checkMac(field: string, mac: string, refuse: Refuse): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac))
    refuse(
      field,
      `must be six pairs of hex digits like 52:54:00:12:34:56, not ${JSON.stringify(mac.slice(0, 40))}`,
    );
  else if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) refuse(field, 'is a multicast address');
  else if (mac === '00:00:00:00:00:00') refuse(field, 'must not be all zero');
}

function refuseRepeats<T>(
  items: readonly T[],
  key: (item: T) => { readonly field: string; readonly value: string } | undefined,
  refuse: Refuse,
): void {
  const seen = new Map<string, string>();
  for (const item of items) {
    const { field, value } = key(item) ?? {};
    if (field === undefined || value === undefined) continue;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, field);
    else refuse(field, `${value} is also that of ${first}`);
  }
}

function checkIso(iso: string, refuse: Refuse): CheckedIso | undefined {
  if (iso === '') return undefined;
  if (iso.startsWith('/') && isPlainText(iso)) return { kind: 'path', path: iso };
  const [pool, volume, ...rest] = iso.split('/');
  if (pool !== undefined && volume !== undefined && rest.length === 0 && isName(pool) && isName(volume))
    return { kind: 'volume', pool, volume };
  refuse('iso', 'must be an absolute path or "pool/volume"');
  return undefined;
}

function checkMetadata(metadata: VmMetadata, nowMs: number, refuse: Refuse): VmMetadata {
  const { owner, purpose, expiresAtMs, rules } = metadata;
  if (!isPlainText(owner) || owner.length > OWNER_MAX)
    refuse('metadata.owner', `must be at most ${OWNER_MAX} characters without control characters`);
  if (!isXmlText(purpose) || purpose.length > PURPOSE_MAX)
    refuse('metadata.purpose', `must be at most ${PURPOSE_MAX} characters without control characters`);
  if (expiresAtMs !== 0 && expiresAtMs <= nowMs)
    refuse('metadata.expires_at_ms', 'is in the past; 0 is never');
  if (expiresAtMs > EXPIRY_MAX_MS) refuse('metadata.expires_at_ms', 'is beyond the year 9999; 0 is never');
  if ((rules?.downtimeMaxMs ?? 0) > DOWNTIME_MAX_MS)
    refuse('metadata.rules.downtime_max_ms', `must be at most ${DOWNTIME_MAX_MS}`);
  return metadata;
}
