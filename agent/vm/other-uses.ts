// Finds the storage that the other VMs of this host use, running or defined, and all that it builds on.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode, XmlFlag } from '../libvirt/constants.ts';
import { getXml, listDomains, type DomainRef } from '../libvirt/domain.ts';
import { lookupVolumeByPath } from '../libvirt/storage.ts';
import { readDefinition, type StorageSource } from './definition.ts';
import { layersOf, pathOf } from './layers.ts';
import { orUndefined, type PathSight } from './storage.ts';

export interface Use {
  readonly vm: string;
  readonly path: string;
}

/** Throws FAILED_PRECONDITION when it cannot be seen what a VM builds on. */
export async function usesOfOthers(connection: Connection, uuid: string, wait: WaitOptions): Promise<Use[]> {
  const uses: Use[] = [];
  for (const domain of await listDomains(connection, 0, wait)) {
    if (domain.uuid === uuid) continue;
    const paths = await pathsOf(connection, domain, wait);
    uses.push(...paths.map((path) => ({ vm: domain.name, path })));
  }
  return uses;
}

async function pathsOf(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<string[]> {
  const paths = new Set<string>();
  // A live definition lists all layers.
  if (domain.id >= 0)
    for (const source of (await sourcesOf(connection, domain, 0, wait)).flat())
      paths.add(await pathOf(connection, source, wait));
  // No refresh of pools: a VM that nobody touches is not worth a look at all of its storage.
  const look = async (path: string): Promise<PathSight> => {
    const volume = await orUndefined(lookupVolumeByPath(connection, path, wait), ErrorCode.noStorageVolume);
    return volume === undefined ? { kind: 'unknown' } : { kind: 'volume', volume };
  };
  for (const sources of await sourcesOf(connection, domain, XmlFlag.inactive, wait))
    for (const { path } of await layersOf(connection, sources, look, wait)) paths.add(path);
  return [...paths];
}

/** Of each disk, and of the UEFI variables; none when the VM has gone meanwhile. */
async function sourcesOf(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<(readonly StorageSource[])[]> {
  const xml = await orUndefined(getXml(connection, domain, flags, wait), ErrorCode.noDomain);
  if (xml === undefined) return [];
  const { disks, nvram } = readDefinition(xml);
  return [...disks.map(({ sources }) => sources), ...(nvram === undefined ? [] : [[nvram]])];
}
