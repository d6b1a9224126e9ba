// Refuses storage that stays on its host: devices of other kinds, and block devices, whose path proves nothing.
//
// libvirt takes every block device for shared storage and asks nothing (qemuMigrationSrcIsSafe in qemu_migration.c), and
// QEMU locks files only. Where the same path is another device on the target, the guest would go on with another disk.
import { posix } from 'node:path';
import type { WaitOptions } from '../../../shared/clock.ts';
import type { CheckRefusal } from '../../../shared/gen/agent.ts';
import type { Connection } from '../../libvirt/connection.ts';
import type { StorageSource } from '../../vm/definition.ts';
import { describePool, findPool } from '../../vm/storage.ts';

/** The disk's name for messages; `cdrom` when its medium can be ejected. */
interface Owner {
  readonly what: string;
  readonly cdrom: boolean;
}

const FIXED_KINDS: readonly string[] = ['nvme', 'vhostvdpa', 'dir'];
// Pools whose volumes are files or reached over the network; volumes of all other pool types are block devices of the host
// (https://libvirt.org/storage.html).
const SAFE_POOLS: readonly string[] = [
  'dir',
  'fs',
  'netfs',
  'vstorage',
  'gluster',
  'rbd',
  'sheepdog',
  'iscsi-direct',
];
const UNPROVEN = 'nothing proves that this is the same device on both hosts';

/** One refusal for each source that stays on its host. An empty drive has no source. */
export async function checkSources(
  connection: Connection,
  { what, cdrom }: Owner,
  sources: readonly StorageSource[],
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals: CheckRefusal[] = [];
  for (const source of sources) {
    const why = await whyItStays(connection, source, wait);
    if (why !== undefined)
      refusals.push({
        causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE',
        reason: `${what} ${why}`,
        cure: cureOf(cdrom),
      });
  }
  return refusals;
}

function cureOf(cdrom: boolean): string {
  return cdrom
    ? 'eject the medium, or use an ISO file on shared storage'
    : 'move its data to a file on storage that both hosts have mounted or to a network disk; else shut the VM down and move it by hand';
}

async function whyItStays(
  connection: Connection,
  { kind, source, pool }: StorageSource,
  wait: WaitOptions,
): Promise<string | undefined> {
  if (FIXED_KINDS.includes(kind)) return `is of type ${kind}, which stays on its host`;
  if (kind === 'volume') return whyVolumeStays(connection, source, pool, wait);
  if (source === '') return undefined;
  // Under /dev the declared type does not matter: QEMU also opens a device that is declared as a file.
  const isDevice = kind === 'block' || (kind === 'file' && posix.normalize(source).startsWith('/dev/'));
  return isDevice ? `is on ${source}, and ${UNPROVEN}` : undefined;
}

/** Judges by the pool of that name here; another check refuses a missing pool. */
async function whyVolumeStays(
  connection: Connection,
  volume: string,
  name: string,
  wait: WaitOptions,
): Promise<string | undefined> {
  const pool = await findPool(connection, name, wait);
  if (pool === undefined) return undefined;
  const { type } = await describePool(connection, pool, wait);
  return SAFE_POOLS.includes(type)
    ? undefined
    : `is on volume ${volume} of pool ${name}, of type ${type}, and ${UNPROVEN}`;
}
