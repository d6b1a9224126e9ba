// Finds the storage of a VM that is to be removed: the volumes made for it, what else its disks use, and who else uses them.
import type { WaitOptions } from '../../shared/clock.ts';
import { DeadlineError, EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { KeptVolume } from '../../shared/gen/agent.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ListPoolsFlag } from '../libvirt/constants.ts';
import { getXml, type DomainRef } from '../libvirt/domain.ts';
import { LibvirtError } from '../libvirt/errors.ts';
import { getVolumePath, listPools, listVolumes, refreshPool, type VolumeRef } from '../libvirt/storage.ts';
import { identifyByStat } from '../migration/checks/storage-identity.ts';
import { isVolumeOf } from './create.ts';
import { readDefinition } from './definition.ts';
import { existing, layersOf, type Layer } from './layers.ts';
import { usesOfOthers } from './other-uses.ts';
import { lookForPath, type PathSight } from './storage.ts';

/** What an undefine with volumes does to a VM's storage. */
export interface RemovalPlan {
  /** Layers before those that they build on. */
  readonly toDelete: readonly OwnVolume[];
  readonly kept: readonly KeptVolume[];
}

export interface OwnVolume {
  readonly path: string;
  readonly volume: VolumeRef;
}

/**
 * Plans the removal of a VM that is off. Throws FAILED_PRECONDITION when a volume that was made for it cannot be seen now, or
 * when it cannot be seen whether another VM needs one.
 */
export async function planRemoval(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<RemovalPlan> {
  const { disks } = readDefinition(await getXml(connection, domain, 0, wait));
  const look = (path: string): Promise<PathSight> => lookForPath(connection, path, wait);
  const own: OwnVolume[] = [];
  const kept: KeptVolume[] = [];
  for (const { cdrom, sources } of disks) {
    if (cdrom) continue;
    const layers = await layersOf(connection, sources, look, wait);
    const there = await existing(
      layers.map(({ path }) => path),
      wait,
    );
    // A layer above one of the VM's holds nothing but changes to it, whoever made it and whatever its name.
    const lowestOwn = layers.findLastIndex((layer) => isOwnByName(domain.uuid, layer));
    for (const [at, layer] of layers.entries()) {
      const { path, sight } = layer;
      if (sight.kind === 'volume' && at <= lowestOwn) own.push({ path, volume: sight.volume });
      else if (sight.kind === 'unknown' && isOwnByName(domain.uuid, layer)) throw poolAway(path);
      else if (sight.kind !== 'missing' || there.has(path)) kept.push(whyKept(layer, at <= lowestOwn));
    }
  }
  const { found, unsearched } = await searchPools(connection, domain.uuid, own, wait);
  return withoutUsed(connection, domain, [...own, ...found], [...kept, ...unsearched], wait);
}

function isOwnByName(uuid: string, { path, sight }: Layer): boolean {
  return isVolumeOf(uuid, sight.kind === 'volume' ? sight.volume.name : path);
}

function poolAway(path: string): EvenkeelError {
  return new EvenkeelError(
    'FAILED_PRECONDITION',
    `disk ${path} is in no active storage pool of this host; start its pool, or undefine without deleting volumes`,
  );
}

function whyKept({ path, sight }: Layer, isOwn: boolean): KeptVolume {
  return {
    volume: sight.kind === 'volume' ? nameOf(sight.volume) : path,
    reason: isOwn
      ? 'it is a volume of no active storage pool of this host; remove it by hand'
      : 'it was not made for this VM',
  };
}

/** Finds volumes by the VM's UUID in their names: those that no disk names, left by snapshots and backups, are among them. */
async function searchPools(
  connection: Connection,
  uuid: string,
  known: readonly OwnVolume[],
  wait: WaitOptions,
): Promise<{ readonly found: OwnVolume[]; readonly unsearched: KeptVolume[] }> {
  const found: OwnVolume[] = [];
  const unsearched: KeptVolume[] = [];
  for (const pool of await listPools(connection, ListPoolsFlag.active, wait)) {
    try {
      const list = async (): Promise<VolumeRef[]> =>
        (await listVolumes(connection, pool, wait)).filter(({ name }) => isVolumeOf(uuid, name));
      let volumes = await list();
      // libvirt has not seen what others made since it looked. Only here: a look at a large pool takes long.
      if (volumes.length > 0 || known.some(({ volume }) => volume.pool === pool.name)) {
        await refreshPool(connection, pool, wait);
        volumes = await list();
      }
      for (const volume of volumes)
        found.push({ volume, path: await getVolumePath(connection, volume, wait) });
    } catch (error) {
      if (!(error instanceof LibvirtError || error instanceof DeadlineError)) throw error;
      const reason = `it could not be searched for volumes of this VM: ${messageOf(error)}`;
      unsearched.push({ volume: `pool ${pool.name}`, reason });
    }
  }
  return { found, unsearched };
}

/** Takes out what other VMs of this host use or build on. */
async function withoutUsed(
  connection: Connection,
  domain: DomainRef,
  own: readonly OwnVolume[],
  kept: readonly KeptVolume[],
  wait: WaitOptions,
): Promise<RemovalPlan> {
  const uses = own.length === 0 ? [] : await usesOfOthers(connection, domain.uuid, wait);
  const files = [...own, ...uses].map(({ path }) => path).filter((path) => path.startsWith('/'));
  const identities = await identifyByStat()([...new Set(files)], wait);
  const isSame = (one: string, other: string): boolean =>
    one === other || (identities.has(one) && identities.get(one) === identities.get(other));
  const toDelete: OwnVolume[] = [];
  const named = new Map(kept.map((each) => [each.volume, each]));
  for (const each of own) {
    // Two disks may share a layer, and two pools may show the same folder.
    if (toDelete.some(({ path }) => isSame(path, each.path))) continue;
    const use = uses.find(({ path }) => isSame(path, each.path));
    const volume = nameOf(each.volume);
    if (use === undefined) toDelete.push(each);
    else named.set(volume, { volume, reason: `VM ${use.vm} uses it or builds on it` });
  }
  return { toDelete, kept: [...named.values()] };
}

export function nameOf({ pool, name }: VolumeRef): string {
  return `${pool}/${name}`;
}
