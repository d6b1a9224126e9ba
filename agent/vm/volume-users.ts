// Finds the VMs of this host whose definitions exclude a new VM from storage that it would use.
import { realpath } from 'node:fs/promises';
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  FindVolumeUsersRequest,
  FindVolumeUsersResponseInput,
  StorageUse,
  VolumeUser,
} from '../../shared/gen/agent.ts';
import type { LibvirtAccess } from '../libvirt-access.ts';
import { translated } from '../libvirt-errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode, XmlFlag } from '../libvirt/constants.ts';
import { getXml, listDomains, type DomainRef } from '../libvirt/domain.ts';
import { isLibvirtError, LibvirtError } from '../libvirt/errors.ts';
import { getVolumePath, getVolumeXml, lookupVolumeByPath, type VolumeRef } from '../libvirt/storage.ts';
import {
  identitiesOf,
  identifyByStat,
  sourceKey,
  type Identify,
  type Identities,
} from '../migration/checks/storage-identity.ts';
import { readDefinition, type DiskDefinition, type StorageSource } from './definition.ts';
import { isNetworkPool, networkSource, sourceName } from './disk-source.ts';
import { excludes, isLocal, type StorageInUse } from './same-storage.ts';
import { describePool, findPool, findVolume, orUndefined } from './storage.ts';
import { find, parseXml } from './xml-text.ts';

export type FindVolumeUsers = (
  request: FindVolumeUsersRequest,
  signal: AbortSignal,
) => Promise<FindVolumeUsersResponseInput>;

export function createFindVolumeUsers(access: LibvirtAccess): FindVolumeUsers {
  return ({ uses, here }, signal) => {
    const wait = { timeoutMs: access.timeoutMs, signal };
    const work = access.own(async (connection) => {
      if (!here) return { uses: [], users: await findUsers(connection, uses, { isHere: false }, wait) };
      const seen = await lookUpUses(connection, uses, wait);
      return { uses: seen, users: await findUsers(connection, seen, { isHere: true }, wait) };
    }, signal);
    return translated('look for users of volumes', work);
  };
}

/** More files on files are a mistake; QEMU opens each of them. */
const CHAIN_MAX = 64;

/** Adds what is behind the names on this host, and the files that they build on. What this host does not have is left out. */
export async function lookUpUses(
  connection: Connection,
  uses: readonly StorageUse[],
  wait: WaitOptions,
  identify: Identify = identifyByStat(),
): Promise<StorageUse[]> {
  const found: StorageUse[] = [];
  for (const use of uses) {
    const seen = use.pool === '' ? { path: use.path, key: '' } : await lookUpVolume(connection, use, wait);
    if (seen === undefined) continue;
    found.push({ ...use, ...seen });
    for (const path of await backingFilesOf(connection, seen.path, wait))
      found.push({ ...use, pool: '', volume: '', key: '', path, writes: false });
  }
  const paths = found.map(({ path }) => path).filter((path) => path.startsWith('/'));
  const identities = await identify([...new Set(paths)], wait);
  return found.map((use) => {
    const identity = identities.get(use.path);
    return { ...use, identity: identity ?? '', local: isLocal(identity) };
  });
}

async function lookUpVolume(
  connection: Connection,
  use: StorageUse,
  wait: WaitOptions,
): Promise<{ path: string; key: string } | undefined> {
  const pool = await findPool(connection, use.pool, wait);
  const volume = pool === undefined ? undefined : await findVolume(connection, pool, use.volume, wait);
  if (pool === undefined || volume === undefined) return undefined;
  const path = await getVolumePath(connection, volume, wait);
  const definition = await describePool(connection, pool, wait);
  if (!isNetworkPool(definition.type)) return { path, key: volume.key };
  const source = networkSource(definition, { name: volume.name, path });
  return source === undefined
    ? { path, key: volume.key }
    : { path: sourceName({ kind: 'network', ...source }), key: volume.key };
}

/** As the pool shows them: QEMU names those of a running VM itself, in its definition. */
async function backingFilesOf(connection: Connection, path: string, wait: WaitOptions): Promise<string[]> {
  const files: string[] = [];
  let next = path;
  while (next.startsWith('/') && files.length < CHAIN_MAX) {
    const volume: VolumeRef | undefined = await orUndefined(
      lookupVolumeByPath(connection, next, wait),
      ErrorCode.noStorageVolume,
    );
    if (volume === undefined) return files;
    const xml = parseXml(await getVolumeXml(connection, volume, wait));
    next = find(xml, 'backingStore', 'path')?.text ?? '';
    if (next === '' || files.includes(next)) return files;
    files.push(next);
  }
  return files;
}

// Their paths make one command line.
const DISKS_AT_ONCE = 100;

/** One user for each use, at most. Throws when a VM's definition cannot be read: it may use any of them. */
export async function findUsers(
  connection: Connection,
  uses: readonly StorageUse[],
  { isHere, identify = identifyByStat() }: { readonly isHere: boolean; readonly identify?: Identify },
  wait: WaitOptions,
): Promise<VolumeUser[]> {
  if (uses.length === 0) return [];
  const onDevices = isHere ? await Promise.all(uses.map(withDevice)) : uses;
  const users = new Map<StorageUse, VolumeUser>();
  const all: { readonly domain: DomainRef; readonly disk: DiskDefinition }[] = [];
  for (const domain of await listDomains(connection, 0, wait))
    for (const disk of await disksOf(connection, domain, wait)) all.push({ domain, disk });
  for (let from = 0; from < all.length; from += DISKS_AT_ONCE) {
    const some = all.slice(from, from + DISKS_AT_ONCE);
    const sources = some.flatMap(({ disk }) => disk.sources);
    const identities = await identitiesOf(connection, sources, identify, wait);
    for (const { domain, disk } of some) {
      const storages = await storageOf(disk, identities, isHere);
      const taken = onDevices.filter((use) => storages.some((other) => excludes(use, other, isHere)));
      for (const use of taken)
        users.set(use, {
          ...{ vmUuid: domain.uuid, vmName: domain.name, device: disk.device },
          ...{ field: use.field, path: use.path },
        });
    }
  }
  return [...users.values()];
}

function storageOf(disk: DiskDefinition, identities: Identities, isHere: boolean): Promise<StorageInUse[]> {
  return Promise.all(
    disk.sources.map(async (source, place) => {
      const storage = {
        path: pathOf(source),
        pool: source.pool,
        volume: source.kind === 'volume' ? source.source : '',
        identity: identities.get(sourceKey(source)),
        writes: place === 0 && !disk.readOnly && !disk.cdrom,
        shareable: disk.shareable,
      };
      return isHere ? withDevice(storage) : storage;
    }),
  );
}

/** With the path of the device instead of one of its many names, such as /dev/disk/by-id/…; a look into /dev never hangs. */
async function withDevice<T extends { readonly path: string }>(storage: T): Promise<T> {
  if (!storage.path.startsWith('/dev/')) return storage;
  return { ...storage, path: await realpath(storage.path).catch(() => storage.path) };
}

function pathOf({ kind, source, protocol }: StorageSource): string {
  if (kind === 'network') return `${protocol ?? ''}:${source}`;
  return kind === 'volume' ? '' : source;
}

/** Those it has now and those it has at its next start, with all that they build on. */
async function disksOf(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<DiskDefinition[]> {
  const disks: DiskDefinition[] = [];
  for (const flags of domain.id < 0 ? [0] : [0, XmlFlag.inactive])
    try {
      disks.push(...readDefinition(await getXml(connection, domain, flags, wait)).disks);
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomain)) return [];
      if (!(error instanceof LibvirtError)) throw error;
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `libvirt does not show the definition of VM ${domain.name}, which may use the same volume: ${error.message}`,
        error,
      );
    }
  const complete: DiskDefinition[] = [];
  for (const disk of disks) {
    const [own] = disk.sources;
    const isAlone = disk.sources.length === 1 && own?.kind === 'file';
    const files = isAlone ? await backingFilesOf(connection, own.source, wait) : [];
    const backing = files.map((source): StorageSource => ({ kind: 'file', source, pool: '' }));
    complete.push({ ...disk, sources: [...disk.sources, ...backing] });
  }
  return complete;
}
