// Finds pools and volumes by name or path, also volumes that another host has just made on shared storage.
import { posix } from 'node:path';
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode, ListPoolsFlag } from '../libvirt/constants.ts';
import { isLibvirtError, LibvirtError } from '../libvirt/errors.ts';
import {
  getPoolXml,
  listPools,
  lookupPoolByName,
  lookupVolumeByName,
  lookupVolumeByPath,
  refreshPool,
  type PoolRef,
  type VolumeRef,
} from '../libvirt/storage.ts';
import { readPool, type PoolDefinition } from './disk-source.ts';

/** Turns libvirt's error `code` into undefined; any other failure is thrown. */
export async function orUndefined<T>(work: Promise<T>, code: number): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isLibvirtError(error, code)) return undefined;
    throw error;
  }
}

export function findPool(
  connection: Connection,
  name: string,
  wait: WaitOptions,
): Promise<PoolRef | undefined> {
  return orUndefined(lookupPoolByName(connection, name, wait), ErrorCode.noStoragePool);
}

/** libvirt lists only volumes that it has seen: one that another host made on shared storage needs a refresh. */
export async function findVolume(
  connection: Connection,
  pool: PoolRef,
  name: string,
  wait: WaitOptions,
): Promise<VolumeRef | undefined> {
  const look = (): Promise<VolumeRef | undefined> =>
    orUndefined(lookupVolumeByName(connection, pool, name, wait), ErrorCode.noStorageVolume);
  return (await look()) ?? ((await refreshed(connection, pool, wait)) ? look() : undefined);
}

/** unknown: no active pool lists the path's folder, or its pool cannot be refreshed now. */
export type PathSight =
  { readonly kind: 'volume'; readonly volume: VolumeRef } | { readonly kind: 'missing' | 'unknown' };

/** Asks this host's libvirt whether it sees `path`. */
export async function lookForPath(
  connection: Connection,
  path: string,
  wait: WaitOptions,
): Promise<PathSight> {
  const look = (): Promise<VolumeRef | undefined> =>
    orUndefined(lookupVolumeByPath(connection, path, wait), ErrorCode.noStorageVolume);
  const known = await look();
  if (known !== undefined) return { kind: 'volume', volume: known };
  const covering = await poolOfPath(connection, path, wait);
  // A pool lists only what lies directly in its folder: of a file deeper down it says nothing.
  if (covering === undefined || posix.dirname(path) !== covering.targetPath) return { kind: 'unknown' };
  if (!(await refreshed(connection, covering.pool, wait))) return { kind: 'unknown' };
  const found = await look();
  return found === undefined ? { kind: 'missing' } : { kind: 'volume', volume: found };
}

/** The active pool in whose folder the path lies; of nested folders the innermost. */
async function poolOfPath(
  connection: Connection,
  path: string,
  wait: WaitOptions,
): Promise<{ pool: PoolRef; targetPath: string } | undefined> {
  let found: { pool: PoolRef; targetPath: string } | undefined;
  for (const pool of await listPools(connection, ListPoolsFlag.active, wait)) {
    const { targetPath } = await describePool(connection, pool, wait);
    if (targetPath === '' || !path.startsWith(`${targetPath}/`)) continue;
    if (found === undefined || targetPath.length > found.targetPath.length) found = { pool, targetPath };
  }
  return found;
}

/** False when libvirt refuses now, for example because a volume is being made in the pool. */
async function refreshed(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<boolean> {
  try {
    await refreshPool(connection, pool, wait);
    return true;
  } catch (error) {
    if (error instanceof LibvirtError) return false;
    throw error;
  }
}

export async function describePool(
  connection: Connection,
  pool: PoolRef,
  wait: WaitOptions,
): Promise<PoolDefinition> {
  return readPool(await getPoolXml(connection, pool, wait));
}
