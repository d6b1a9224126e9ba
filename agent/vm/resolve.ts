// Finds what a specification names on this host: pools, volumes, images, networks, bridges, hypervisor. Creates nothing.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type { StorageUse } from '../../shared/gen/agent.ts';
import { cpuPlan, type HypervisorSettings } from '../config.ts';
import type { Connection } from '../libvirt/connection.ts';
import { PoolState, VolumeType } from '../libvirt/constants.ts';
import { getXml, listDomains } from '../libvirt/domain.ts';
import { LibvirtError } from '../libvirt/errors.ts';
import { getCapabilities, getDomainCapabilities } from '../libvirt/node.ts';
import { getPoolInfo, getVolumeInfo, type PoolRef, type VolumeRef } from '../libvirt/storage.ts';
import { askProgram } from '../migration/checks/ask-program.ts';

import type { LookAtLink } from './host-links.ts';
import { formatOfNew, whyPoolCannot, type DiskSource } from './disk-source.ts';
import { bridgeMisfit, macvtapMisfit } from './network-fit.ts';
import { findNetworkMisfit, vlanMisfit } from './network-look.ts';
import type { CheckedDisk, CheckedIso, CheckedNic, CheckedSpec } from './spec.ts';
import { describePool, findPool, findVolume, lookForPath } from './storage.ts';
import { describeVolume, sourceOfVolume } from './volume.ts';
import { findUsers, lookUpUses } from './volume-users.ts';
import type { CpuPlan, DiskPlan, NicPlan } from './xml.ts';
import { attribute, find, findAll, parseXml } from './xml-text.ts';

export interface ResolvedSpec {
  readonly domainType: 'kvm' | 'qemu';
  readonly architecture: string;
  readonly cpu: CpuPlan;
  readonly disks: readonly ResolvedDisk[];
  readonly iso: DiskSource | undefined;
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
  readonly lookAtLink: LookAtLink;
  /** 0 to below 1. */
  random(): number;
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
  const nics: (UnnamedNic | undefined)[] = [];
  for (const nic of spec.nics) nics.push(await collect(problems, finder.nic(nic)));
  if (problems.length > 0) throw new EvenkeelError('INVALID_ARGUMENT', problems.join('; '));
  const taken = await definitionsOf(connection, wait);
  await refuseStorageInUse(connection, spec, wait);
  return {
    domainType,
    architecture,
    cpu: cpuPlan(look.hypervisor.cpuModel, domainType),
    disks: disks.filter((disk) => disk !== undefined),
    iso,
    nics: giveMacs(
      nics.filter((nic) => nic !== undefined),
      taken,
      () => look.random(),
    ),
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
    const why = whyPoolCannot(type, disk.kind);
    if (why !== undefined) throw invalidField(`${disk.field}.pool`, `pool ${disk.pool} ${why}`);
    const format = formatOfNew(type);
    if (disk.kind === 'new')
      return { kind: 'make', pool, format, capacityBytes: disk.bytes, from: undefined };
    const field = `${disk.field}.${disk.kind === 'clone' ? 'clone_of' : 'existing'}`;
    const volume = await this.#volume(field, pool, disk.volume);
    const { type: kind, capacityBytes } = await getVolumeInfo(this.#connection, volume, this.#wait);
    if (kind === VolumeType.dir) throw invalidField(field, `${disk.volume} is a folder`);
    if (disk.kind === 'existing') {
      const described = await describeVolume(this.#connection, pool, volume, this.#wait);
      // Of the other formats QEMU keeps the map of the disk in its memory.
      if (disk.shareable && described.format !== 'raw')
        throw invalidField(field, `${disk.volume} is ${described.format}; only a raw volume is shareable`);
      return { kind: 'existing', disk: { ...described, shareable: disk.shareable } };
    }
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

  async iso(iso: CheckedIso): Promise<DiskSource> {
    if (iso.kind === 'path') {
      const { path } = iso;
      const sight = await lookForPath(this.#connection, path, this.#wait);
      if (sight.kind === 'missing' || (sight.kind === 'unknown' && !(await exists(path, this.#wait))))
        throw invalidField('iso', `this host sees no file ${path}; put it there, or name another`);
      return { kind: path.startsWith('/dev/') ? 'block' : 'file', path };
    }
    const pool = await this.#pool('iso', iso.pool);
    const { type } = await describePool(this.#connection, pool, this.#wait);
    const why = whyPoolCannot(type, 'existing');
    if (why !== undefined) throw invalidField('iso', `pool ${iso.pool} ${why}`);
    const volume = await this.#volume('iso', pool, iso.volume);
    return sourceOfVolume(this.#connection, pool, volume, this.#wait);
  }

  async nic({ field, kind, name, portgroup, vlan, mac }: CheckedNic): Promise<UnnamedNic> {
    const { lookAtLink } = this.#look;
    const isOvs = kind === 'bridge' && lookAtLink(name)?.bridge === 'openvswitch';
    const vlans = vlan === 0 ? [] : [vlan];
    const misfit =
      kind === 'bridge'
        ? (bridgeMisfit(name, { virtualPort: isOvs ? 'openvswitch' : '', vlans }, lookAtLink) ??
          (isOvs ? undefined : await vlanMisfit(this.#connection, vlans, this.#wait)))
        : kind === 'macvtap'
          ? macvtapMisfit(name, lookAtLink)
          : await findNetworkMisfit(this.#connection, { network: name, portgroup }, lookAtLink, this.#wait);
    if (misfit !== undefined) throw invalidField(`${field}.${kind}`, `${misfit.reason}; ${misfit.cure}`);
    return { field, kind: isOvs ? 'openvswitch' : kind, name, portgroup, vlan, mac };
  }
}

/** A NIC whose MAC address may still have to be given. */
type UnnamedNic = Omit<NicPlan, 'mac'> & Pick<CheckedNic, 'field' | 'mac'>;

/** By a program, since storage may hang. A path that the agent may not read counts: QEMU, another user, may well see it. */
async function exists(path: string, wait: WaitOptions): Promise<boolean> {
  const { exitCode, errors } = await askProgram('stat', ['--format=', '--', path], wait);
  if (exitCode === undefined)
    throw invalidField('iso', `the storage of ${path} does not answer; check its mount on this host`);
  return exitCode === 0 || !/No such file|Not a directory/.test(errors);
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

/** Of other hosts the scheduler has asked. */
async function refuseStorageInUse(
  connection: Connection,
  spec: CheckedSpec,
  wait: WaitOptions,
): Promise<void> {
  const uses = await lookUpUses(connection, usesOf(spec), wait);
  const [user] = await findUsers(connection, uses, { isHere: true }, wait);
  if (user !== undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `${user.field}: ${user.path} is a disk of VM ${user.vmName} (${user.device}); take another volume or remove that VM first`,
    );
}

function usesOf({ disks, iso }: CheckedSpec): StorageUse[] {
  const unknown = { pool: '', volume: '', path: '', key: '', identity: '', local: false };
  const existing = disks.flatMap((disk): StorageUse[] => {
    if (disk.kind !== 'existing') return [];
    const { pool, volume, shareable, field } = disk;
    return [{ ...unknown, pool, volume, shareable, writes: true, field: `${field}.existing` }];
  });
  if (iso === undefined) return existing;
  const where = iso.kind === 'path' ? { path: iso.path } : { pool: iso.pool, volume: iso.volume };
  return [...existing, { ...unknown, ...where, shareable: false, writes: false, field: 'iso' }];
}

function giveMacs(
  nics: readonly UnnamedNic[],
  taken: readonly Definition[],
  random: () => number,
): NicPlan[] {
  const owners = new Map(
    taken.flatMap(({ name, xml }) =>
      [...xml.matchAll(/<mac address='([^']+)'/g)].map(([, mac = '']) => [mac.toLowerCase(), name] as const),
    ),
  );
  return nics.map(({ field, mac, ...nic }) => {
    const owner = mac === undefined ? undefined : owners.get(mac);
    if (owner !== undefined)
      throw new EvenkeelError(
        'ALREADY_EXISTS',
        `${field}.mac: ${mac ?? ''} is that of VM ${owner}; leave it empty to get a new one`,
      );
    const given = mac ?? freeMac(owners, random);
    owners.set(given, 'this VM');
    return { ...nic, mac: given };
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
