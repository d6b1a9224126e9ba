// Describes a volume of a pool as a disk of a domain: where it is, its format, and the cache mode that its storage bears.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { VolumeType } from '../libvirt/constants.ts';
import {
  getVolumeInfo,
  getVolumePath,
  getVolumeXml,
  type PoolRef,
  type VolumeRef,
} from '../libvirt/storage.ts';
import { identifyByStat } from '../migration/checks/storage-identity.ts';
import { isNetworkPool, networkSource, type DiskSource } from './disk-source.ts';
import { bearsDirect } from './same-storage.ts';
import { describePool } from './storage.ts';
import type { DiskPlan } from './xml.ts';
import { attribute, find, parseXml } from './xml-text.ts';

// What libvirt calls the content of a volume, but QEMU does not know as a format.
const RAW_ALIASES: readonly string[] = ['iso', 'none', 'unknown'];

export async function describeVolume(
  connection: Connection,
  pool: PoolRef,
  volume: VolumeRef,
  wait: WaitOptions,
): Promise<Omit<DiskPlan, 'shareable'>> {
  const source = await sourceOfVolume(connection, pool, volume, wait);
  if (source.kind === 'block') return { source, format: 'raw', cache: 'none' };
  const xml = parseXml(await getVolumeXml(connection, volume, wait));
  const format = attribute(find(xml, 'target', 'format'), 'type') ?? 'raw';
  return {
    source,
    format: RAW_ALIASES.includes(format) ? 'raw' : format,
    cache: source.kind === 'network' ? 'none' : await cacheOf(source.path, wait),
  };
}

/** libvirt takes a migration over shared storage for safe only when no page cache of the host holds guest data. */
async function cacheOf(path: string, wait: WaitOptions): Promise<DiskPlan['cache']> {
  const identities = await identifyByStat()([path], wait);
  return bearsDirect(identities.get(path)) ? 'none' : 'writeback';
}

export async function sourceOfVolume(
  connection: Connection,
  pool: PoolRef,
  volume: VolumeRef,
  wait: WaitOptions,
): Promise<DiskSource> {
  const path = await getVolumePath(connection, volume, wait);
  const definition = await describePool(connection, pool, wait);
  if (!isNetworkPool(definition.type)) {
    const { type } = await getVolumeInfo(connection, volume, wait);
    return { kind: type === VolumeType.block ? 'block' : 'file', path };
  }
  const source = networkSource(definition, { name: volume.name, path });
  if (source === undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `pool ${pool.name}: its definition does not say how to reach volume ${volume.name}; see "virsh pool-dumpxml ${pool.name}"`,
    );
  return { kind: 'network', ...source };
}
