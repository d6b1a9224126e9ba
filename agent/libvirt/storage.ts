// Looks up, creates and deletes storage pools and volumes.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { knownValue, PoolState } from './constants.ts';
import { readCounted } from './domain.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface PoolRef {
  readonly name: string;
  readonly uuid: string;
}

export interface PoolInfo {
  readonly state: PoolState;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  readonly availableBytes: number;
}

export interface VolumeRef {
  readonly pool: string;
  readonly name: string;
  readonly key: string;
}

export interface VolumeInfo {
  /** VolumeType */
  readonly type: number;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
}

/** REMOTE_STORAGE_POOL_LIST_MAX */
const POOLS_MAX = 4096;
/** REMOTE_STORAGE_VOL_LIST_MAX */
const VOLUMES_MAX = 16_384;

function writePool(writer: XdrWriter, pool: PoolRef): XdrWriter {
  return writer.string(pool.name).uuid(pool.uuid);
}

function readPool(reader: XdrReader): PoolRef {
  return { name: reader.string(), uuid: reader.uuid() };
}

function writeVolume(writer: XdrWriter, volume: VolumeRef): XdrWriter {
  return writer.string(volume.pool).string(volume.name).string(volume.key);
}

function readVolume(reader: XdrReader): VolumeRef {
  return { pool: reader.string(), name: reader.string(), key: reader.string() };
}

/** Remote file systems may report absurd sizes: they are rounded to a double, since an error would end the connection. */
function readSize(reader: XdrReader): number {
  return reader.uhyperAsDouble();
}

/** `flags`: ListPoolsFlag; 0 lists all. */
export function listPools(connection: Connection, flags: number, wait: WaitOptions): Promise<PoolRef[]> {
  return connection.call(
    'connectListAllStoragePools',
    (writer) => writer.int(1).uint(flags),
    (reader) => readCounted(reader, POOLS_MAX, readPool),
    wait,
  );
}

export function lookupPoolByName(connection: Connection, name: string, wait: WaitOptions): Promise<PoolRef> {
  return connection.call('storagePoolLookupByName', (writer) => writer.string(name), readPool, wait);
}

/** Starts a transient pool. */
export function createPool(connection: Connection, xml: string, wait: WaitOptions): Promise<PoolRef> {
  return connection.call('storagePoolCreateXml', (writer) => writer.string(xml).uint(0), readPool, wait);
}

/** Stops a pool; its contents stay. */
export function destroyPool(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<void> {
  return connection.call(
    'storagePoolDestroy',
    (writer) => writePool(writer, pool),
    () => undefined,
    wait,
  );
}

export function getPoolInfo(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<PoolInfo> {
  return connection.call(
    'storagePoolGetInfo',
    (writer) => writePool(writer, pool),
    (reader) => ({
      state: knownValue(PoolState, reader.uint()) ?? PoolState.inaccessible,
      capacityBytes: readSize(reader),
      allocationBytes: readSize(reader),
      availableBytes: readSize(reader),
    }),
    wait,
  );
}

export function getPoolXml(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<string> {
  return connection.call(
    'storagePoolGetXmlDesc',
    (writer) => writePool(writer, pool).uint(0),
    (reader) => reader.string(),
    wait,
  );
}

/** Rescans the pool for volumes that others made and for free space. Slow on large or remote pools. */
export function refreshPool(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<void> {
  return connection.call(
    'storagePoolRefresh',
    (writer) => writePool(writer, pool).uint(0),
    () => undefined,
    wait,
  );
}

export function listVolumes(connection: Connection, pool: PoolRef, wait: WaitOptions): Promise<VolumeRef[]> {
  return connection.call(
    'storagePoolListAllVolumes',
    (writer) => writePool(writer, pool).int(1).uint(0),
    (reader) => readCounted(reader, VOLUMES_MAX, readVolume),
    wait,
  );
}

/** LibvirtError `storageVolumeExists` if the name is taken. `flags`: VolumeCreateFlag. */
export function createVolume(
  connection: Connection,
  pool: PoolRef,
  volume: { readonly xml: string; readonly flags: number },
  wait: WaitOptions,
): Promise<VolumeRef> {
  return connection.call(
    'storageVolCreateXml',
    (writer) => writePool(writer, pool).string(volume.xml).uint(volume.flags),
    readVolume,
    wait,
  );
}

/** Copies `from` into a new volume and waits for the copy. `flags`: VolumeCreateFlag. */
export function createVolumeFrom(
  connection: Connection,
  pool: PoolRef,
  volume: { readonly xml: string; readonly from: VolumeRef; readonly flags: number },
  wait: WaitOptions,
): Promise<VolumeRef> {
  return connection.call(
    'storageVolCreateXmlFrom',
    (writer) => writeVolume(writePool(writer, pool).string(volume.xml), volume.from).uint(volume.flags),
    readVolume,
    wait,
  );
}

export function lookupVolumeByName(
  connection: Connection,
  pool: PoolRef,
  name: string,
  wait: WaitOptions,
): Promise<VolumeRef> {
  return connection.call(
    'storageVolLookupByName',
    (writer) => writePool(writer, pool).string(name),
    readVolume,
    wait,
  );
}

export function lookupVolumeByPath(
  connection: Connection,
  path: string,
  wait: WaitOptions,
): Promise<VolumeRef> {
  return connection.call('storageVolLookupByPath', (writer) => writer.string(path), readVolume, wait);
}

export function getVolumeInfo(
  connection: Connection,
  volume: VolumeRef,
  wait: WaitOptions,
): Promise<VolumeInfo> {
  return connection.call(
    'storageVolGetInfo',
    (writer) => writeVolume(writer, volume),
    (reader) => ({
      type: reader.int(),
      capacityBytes: readSize(reader),
      allocationBytes: readSize(reader),
    }),
    wait,
  );
}

export function getVolumePath(connection: Connection, volume: VolumeRef, wait: WaitOptions): Promise<string> {
  return connection.call(
    'storageVolGetPath',
    (writer) => writeVolume(writer, volume),
    (reader) => reader.string(),
    wait,
  );
}

export function getVolumeXml(connection: Connection, volume: VolumeRef, wait: WaitOptions): Promise<string> {
  return connection.call(
    'storageVolGetXmlDesc',
    (writer) => writeVolume(writer, volume).uint(0),
    (reader) => reader.string(),
    wait,
  );
}

/** Grows the volume; libvirt refuses to shrink one without a flag that is not used here. */
export function resizeVolume(
  connection: Connection,
  volume: VolumeRef,
  capacityBytes: number,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'storageVolResize',
    (writer) => writeVolume(writer, volume).uhyper(capacityBytes).uint(0),
    () => undefined,
    wait,
  );
}

/** `flags`: VolumeDeleteFlag. */
export function deleteVolume(
  connection: Connection,
  volume: VolumeRef,
  flags: number,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'storageVolDelete',
    (writer) => writeVolume(writer, volume).uint(flags),
    () => undefined,
    wait,
  );
}
