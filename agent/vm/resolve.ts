// Finds what a specification names on this host: pools, volumes, images, networks, bridges, hypervisor. Creates nothing.
import { access } from 'node:fs/promises';
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import { cpuPlan, type HypervisorSettings } from '../config.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode, PoolState, VolumeType } from '../libvirt/constants.ts';
import { getXml, listDomains } from '../libvirt/domain.ts';
import { LibvirtError } from '../libvirt/errors.ts';
import { isNetworkActive, lookupNetworkByName } from '../libvirt/network.ts';
import { getCapabilities, getDomainCapabilities } from '../libvirt/node.ts';
import {
  getPoolInfo,
  getVolumeInfo,
  getVolumePath,
  getVolumeXml,
  type PoolRef,
  type VolumeRef,
} from '../libvirt/storage.ts';
import type { CheckedDisk, CheckedIso, CheckedNic, CheckedSpec } from './spec.ts';
import { describePool, findPool, findVolume, lookForPath, orUndefined } from './storage.ts';
import type { CpuPlan, DiskPlan, NicPlan } from './xml.ts';
import { attribute, attributeText, find, findAll, parseXml } from './xml-text.ts';

export interface ResolvedSpec {
  readonly domainType: 'kvm' | 'qemu';
  readonly architecture: string;
  readonly cpu: CpuPlan;
  readonly disks: readonly ResolvedDisk[];
  readonly iso: string | undefined;
  readonly nics: readonly NicPlan[];
}

export type ResolvedDisk =
  | { readonly kind: 'existing'; readonly disk: DiskPlan }
  | {
      readonly kind: 'make';
      readonly pool: PoolRef;
      readonly format: 'qcow2' | undefined;
      readonly capacityBytes: number;
      /** Copied from this image. */
      readonly from: VolumeRef | undefined;
    };

/** What resolving needs besides libvirt; tests supply their own. */
export interface HostLook {
  readonly hypervisor: HypervisorSettings;
  hasBridge(name: string): Promise<boolean>;
  /** 0 to below 1. */
  random(): number;
}

/** True for a Linux bridge: the kernel gives it this folder (Documentation/ABI/testing/sysfs-class-net). */
export async function hasBridge(name: string): Promise<boolean> {
  return exists(`/sys/class/net/${name}/bridge`);
}

/** A path that the agent may not read counts as existing: QEMU, which runs as another user, may well see it. */
async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}

/** Throws INVALID_ARGUMENT that lists every name not found, or FAILED_PRECONDITION for a disk that is in use. */
export async function resolveSpec(
  connection: Connection,
  spec: CheckedSpec,
  look: HostLook,
  wait: WaitOptions,
): Promise<ResolvedSpec> {
  const finder = new Finder(connection, look, wait);
  const problems: string[] = [];
  const { domainType, architecture } = await finder.hypervisor();
  if (spec.firmware === 'uefi') await collect(problems, finder.checkUefi(architecture, domainType));
  const disks: (ResolvedDisk | undefined)[] = [];
  for (const disk of spec.disks) disks.push(await collect(problems, finder.disk(disk)));
  const iso = spec.iso === undefined ? undefined : await collect(problems, finder.iso(spec.iso));
  for (const nic of spec.nics) await collect(problems, finder.checkNic(nic));
  if (problems.length > 0) throw new EvenkeelError('INVALID_ARGUMENT', problems.join('; '));
  const taken = await definitionsOf(connection, wait);
  refuseDisksInUse(spec.disks, disks, taken);
  return {
    domainType,
    architecture,
    cpu: cpuPlan(look.hypervisor.cpuModel, domainType),
    disks: disks.filter((disk) => disk !== undefined),
    iso,
    nics: giveMacs(spec.nics, taken, () => look.random()),
  };
}

/** Collects a refused field for the list of all problems; rethrows anything else. */
async function collect<T>(problems: string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof EvenkeelError && error.code === 'INVALID_ARGUMENT')) throw error;
    problems.push(error.message);
    return undefined;
  }
}

class Finder {
  readonly #connection: Connection;
  readonly #look: HostLook;
  readonly #wait: WaitOptions;

  constructor(connection: Connection, look: HostLook, wait: WaitOptions) {
    this.#connection = connection;
    this.#look = look;
    this.#wait = wait;
  }

  async hypervisor(): Promise<{ domainType: 'kvm' | 'qemu'; architecture: string }> {
    const capabilities = parseXml(await getCapabilities(this.#connection, this.#wait));
    const architecture = find(capabilities, 'host', 'cpu', 'arch')?.text ?? 'x86_64';
    const { type } = this.#look.hypervisor;
    if (type !== 'auto') return { domainType: type, architecture };
    const arch = findAll(capabilities, 'guest')
      .map((guest) => find(guest, 'arch'))
      .find((guest) => attribute(guest, 'name') === architecture);
    const hasKvm = findAll(arch, 'domain').some((domain) => attribute(domain, 'type') === 'kvm');
    return { domainType: hasKvm ? 'kvm' : 'qemu', architecture };
  }

  async checkUefi(arch: string, virtType: string): Promise<void> {
    const question = { arch, virtType, machine: 'q35' };
    const offered = parseXml(await getDomainCapabilities(this.#connection, question, this.#wait));
    const firmwares = findAll(find(offered, 'os'), 'enum').find(
      (item) => attribute(item, 'name') === 'firmware',
    );
    if (!findAll(firmwares, 'value').some(({ text }) => text === 'efi'))
      throw invalidField('firmware', 'this host has no UEFI firmware for guests; install the package ovmf');
  }

  async disk(disk: CheckedDisk): Promise<ResolvedDisk> {
    const pool = await this.#pool(`${disk.field}.pool`, disk.pool);
    const { type } = await describePool(this.#connection, pool, this.#wait);
    const format = FILE_POOLS.includes(type) ? 'qcow2' : undefined;
    if (disk.kind === 'new')
      return { kind: 'make', pool, format, capacityBytes: disk.bytes, from: undefined };
    const field = `${disk.field}.${disk.kind === 'clone' ? 'clone_of' : 'existing'}`;
    const volume = await this.#volume(field, pool, disk.volume);
    const { type: kind, capacityBytes } = await getVolumeInfo(this.#connection, volume, this.#wait);
    if (kind !== VolumeType.file && kind !== VolumeType.block) {
      throw invalidField(field, `${disk.volume} is neither a file nor a block device`);
    }
    if (disk.kind === 'existing')
      return { kind: 'existing', disk: await describeVolume(this.#connection, volume, this.#wait) };
    if (disk.bytes !== 0 && disk.bytes < capacityBytes)
      throw invalidField(
        `${disk.field}.size_bytes`,
        `is smaller than the image, which has ${capacityBytes} bytes`,
      );
    return { kind: 'make', pool, format, capacityBytes: Math.max(disk.bytes, capacityBytes), from: volume };
  }

  async #pool(field: string, name: string): Promise<PoolRef> {
    const pool = await findPool(this.#connection, name, this.#wait);
    if (pool === undefined) {
      throw invalidField(field, `this host has no storage pool ${name}; see "virsh pool-list --all"`);
    }
    const { state } = await getPoolInfo(this.#connection, pool, this.#wait);
    if (state !== PoolState.running)
      throw invalidField(
        field,
        `storage pool ${name} is not active; start it with "virsh pool-start ${name}"`,
      );
    return pool;
  }

  async #volume(field: string, pool: PoolRef, name: string): Promise<VolumeRef> {
    const volume = await findVolume(this.#connection, pool, name, this.#wait);
    if (volume === undefined)
      throw invalidField(field, `pool ${pool.name} has no volume ${name}; see "virsh vol-list ${pool.name}"`);
    return volume;
  }

  async iso(iso: CheckedIso): Promise<string> {
    if (iso.kind === 'path') {
      const sight = await lookForPath(this.#connection, iso.path, this.#wait);
      if (sight.kind === 'volume' || (sight.kind === 'unknown' && (await exists(iso.path)))) return iso.path;
      throw invalidField('iso', `this host sees no file ${iso.path}; put it into a storage pool`);
    }
    const pool = await this.#pool('iso', iso.pool);
    const volume = await this.#volume('iso', pool, iso.volume);
    return getVolumePath(this.#connection, volume, this.#wait);
  }

  async checkNic({ field, kind, name }: CheckedNic): Promise<void> {
    if (kind === 'bridge') {
      if (!(await this.#look.hasBridge(name)))
        throw invalidField(
          `${field}.bridge`,
          `this host has no bridge ${name}; see "ip link show type bridge"`,
        );
      return;
    }
    const network = await orUndefined(
      lookupNetworkByName(this.#connection, name, this.#wait),
      ErrorCode.noNetwork,
    );
    if (network === undefined)
      throw invalidField(
        `${field}.network`,
        `this host has no virtual network ${name}; see "virsh net-list --all"`,
      );
    else if (!(await isNetworkActive(this.#connection, network, this.#wait)))
      throw invalidField(
        `${field}.network`,
        `virtual network ${name} is not active; start it with "virsh net-start ${name}"`,
      );
  }
}

// Pools whose volumes are files, which may be thin and grow.
const FILE_POOLS: readonly string[] = ['dir', 'fs', 'netfs'];

/** Describes a volume as a disk of a domain. */
export async function describeVolume(
  connection: Connection,
  volume: VolumeRef,
  wait: WaitOptions,
): Promise<DiskPlan> {
  const path = await getVolumePath(connection, volume, wait);
  const { type } = await getVolumeInfo(connection, volume, wait);
  if (type === VolumeType.block) return { kind: 'block', path, format: 'raw' };
  const xml = parseXml(await getVolumeXml(connection, volume, wait));
  return { kind: 'file', path, format: attribute(find(xml, 'target', 'format'), 'type') ?? 'raw' };
}

interface Definition {
  readonly name: string;
  readonly xml: string;
}

async function definitionsOf(connection: Connection, wait: WaitOptions): Promise<Definition[]> {
  const definitions: Definition[] = [];
  for (const domain of await listDomains(connection, 0, wait)) {
    try {
      definitions.push({ name: domain.name, xml: await getXml(connection, domain, 0, wait) });
    } catch (error) {
      // It has gone, or libvirt refuses to show it: that must not block a creation.
      if (!(error instanceof LibvirtError)) throw error;
    }
  }
  return definitions;
}

function refuseDisksInUse(
  asked: readonly CheckedDisk[],
  disks: readonly (ResolvedDisk | undefined)[],
  taken: readonly Definition[],
): void {
  for (const [index, disk] of disks.entries()) {
    if (disk?.kind !== 'existing') continue;
    // libvirt writes attributes in single quotes.
    const user = taken.find(({ xml }) => xml.includes(`='${attributeText(disk.disk.path)}'`));
    if (user !== undefined)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `${asked[index]?.field ?? 'disks'}.existing: ${disk.disk.path} is a disk of VM ${user.name}; take another volume or remove that VM first`,
      );
  }
}

function giveMacs(
  nics: readonly CheckedNic[],
  taken: readonly Definition[],
  random: () => number,
): NicPlan[] {
  const owners = new Map(
    taken.flatMap(({ name, xml }) =>
      [...xml.matchAll(/<mac address='([^']+)'/g)].map(([, mac = '']) => [mac.toLowerCase(), name] as const),
    ),
  );
  return nics.map(({ field, kind, name, mac }) => {
    const owner = mac === undefined ? undefined : owners.get(mac);
    if (owner !== undefined)
      throw new EvenkeelError(
        'ALREADY_EXISTS',
        `${field}.mac: ${mac ?? ''} is that of VM ${owner}; leave it empty to get a new one`,
      );
    const given = mac ?? freeMac(owners, random);
    owners.set(given, 'this VM');
    return { kind, name, mac: given };
  });
}

// With 10,000 NICs among 16 million addresses the first try fails once in 1,600 times; a hundred in a row never do.
const MAC_TRIES_MAX = 100;

/** Picks one under 52:54:00, the prefix that QEMU uses for guests. */
function freeMac(owners: ReadonlyMap<string, string>, random: () => number): string {
  for (let tries = 0; tries < MAC_TRIES_MAX; tries += 1) {
    const tail = [1, 2, 3].map(() =>
      Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0'),
    );
    const mac = ['52', '54', '00', ...tail].join(':');
    if (!owners.has(mac)) return mac;
  }
  throw new EvenkeelError(
    'RESOURCE_EXHAUSTED',
    'nics: found no free MAC address under 52:54:00; specify one',
  );
}
