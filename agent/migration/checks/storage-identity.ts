// Identifies the storage that a VM's definition names, so that two hosts can tell if they mean the same by it.
//
// libvirt takes every block device for shared storage and asks nothing (qemuMigrationSrcIsSafe in qemu_migration.c), and a
// file system of the same kind may be mounted from elsewhere: where the same path is other storage on the target, the guest
// would go on with another disk.
import { readFile } from 'node:fs/promises';
import type { WaitOptions } from '../../../shared/clock.ts';
import type { Connection } from '../../libvirt/connection.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import { getVolumePath } from '../../libvirt/storage.ts';
import type { StorageSource, VmDefinition } from '../../vm/definition.ts';
import { findPool, findVolume } from '../../vm/storage.ts';
import { askProgram } from './ask-program.ts';

/**
 * What is behind each source, by `sourceKey`: "file TYPE FSID INODE" or "device ID". Sources that this host does not see, and
 * devices that nothing identifies, are left out.
 */
export type Identities = ReadonlyMap<string, string>;

/** Finds the identities of paths; those it does not see are left out. */
export type Identify = (paths: readonly string[], wait: WaitOptions) => Promise<Identities>;

/** The source as its definition names it; a volume as POOL/VOLUME. */
export function sourceKey({ kind, source, pool }: StorageSource): string {
  return kind === 'volume' ? `${pool}/${source}` : source;
}

/** A VM's disks and what they build on. */
export function storageOf({ disks, nvram }: Pick<VmDefinition, 'disks' | 'nvram'>): StorageSource[] {
  return [...disks.flatMap(({ sources }) => sources), ...(nvram === undefined ? [] : [nvram])];
}

/** The identities of these sources on this host. */
export async function identitiesOf(
  connection: Connection,
  sources: readonly StorageSource[],
  identify: Identify,
  wait: WaitOptions,
): Promise<Identities> {
  const paths = new Map<string, string>();
  for (const source of sources) {
    const path = await pathOf(connection, source, wait);
    if (path?.startsWith('/') === true) paths.set(sourceKey(source), path);
  }
  const found = await identify([...new Set(paths.values())], wait);
  const identities = new Map<string, string>();
  for (const [key, path] of paths) {
    const identity = found.get(path);
    if (identity !== undefined) identities.set(key, identity);
  }
  return identities;
}

async function pathOf(
  connection: Connection,
  { kind, source, pool: poolName }: StorageSource,
  wait: WaitOptions,
): Promise<string | undefined> {
  if (kind === 'file' || kind === 'block') return source;
  if (kind !== 'volume') return undefined;
  try {
    const pool = await findPool(connection, poolName, wait);
    const volume = pool === undefined ? undefined : await findVolume(connection, pool, source, wait);
    return volume === undefined ? undefined : await getVolumePath(connection, volume, wait);
  } catch (error) {
    // The pool is not active, for example.
    if (error instanceof LibvirtError) return undefined;
    throw error;
  }
}

/** By a program, since a look at storage that hangs would keep a thread of the agent for ever. */
export function identifyByStat(sysRoot = '/sys'): Identify {
  return async (paths, wait) => {
    if (paths.length === 0) return new Map();
    // Its exit code says only that some of them are missing.
    const { output } = await askProgram('sh', ['-c', STAT_BOTH, 'sh', ...paths], wait);
    const [nodes, systems] = [columnsOf(output, 'node'), columnsOf(output, 'system')];
    const identities = new Map<string, string>();
    for (const path of paths) {
      const [mode = '', inode = '', device = ''] = nodes.get(path) ?? [];
      const [type = '', id = ''] = systems.get(path) ?? [];
      const identity = isBlockDevice(mode)
        ? await deviceIdentity(device, sysRoot)
        : inode !== '' && type !== ''
          ? `file ${type} ${id} ${inode}`
          : undefined;
      if (identity !== undefined) identities.set(path, identity);
    }
    return identities;
  };
}

// One shell, since each program that a process of the agent's size starts costs it milliseconds.
const STAT_BOTH = `
  stat --dereference --printf 'node\\t%n\\t%f\\t%i\\t%t:%T\\n' -- "$@"
  stat --file-system --printf 'system\\t%n\\t%t\\t%i\\n' -- "$@"`;

/** What follows the name, by path, in lines of this kind. A name with a line break or tab is not found. */
function columnsOf(output: string, kind: string): Map<string, string[]> {
  const lines = output.split('\n').map((line) => line.split('\t'));
  return new Map(
    lines.flatMap(([word, path = '', ...columns]) => (word === kind ? [[path, columns] as const] : [])),
  );
}

const FILE_TYPE_MASK = 0xf000;
const BLOCK_DEVICE = 0x6000;

function isBlockDevice(hexMode: string): boolean {
  return (Number.parseInt(hexMode, 16) & FILE_TYPE_MASK) === BLOCK_DEVICE;
}

// The names of device mapper devices that follow from what is on the disks: LVM's volume, the WWID of a multipath device.
const DM_UUID = /^(LVM|mpath)-/;
// Names that a maker gives once. Others ("t10.") repeat: each virtual disk or target of some makes has the same.
const WWID = /^(naa|eui|uuid)\./;

/** What names the device on every host that has it; undefined for one that only this host knows, such as a loop device. */
async function deviceIdentity(hexNumbers: string, sysRoot: string): Promise<string | undefined> {
  const [major, minor] = hexNumbers.split(':').map((hex) => Number.parseInt(hex, 16));
  const folder = `${sysRoot}/dev/block/${major}:${minor}`;
  const read = async (name: string): Promise<string> => {
    try {
      return (await readFile(`${folder}/${name}`, 'utf8')).trim();
    } catch {
      return '';
    }
  };
  const dmUuid = await read('dm/uuid');
  if (DM_UUID.test(dmUuid)) return `device ${dmUuid}`;
  const partition = await read('partition');
  const disk = partition === '' ? '' : '../';
  const wwids = [await read(`${disk}wwid`), await read(`${disk}device/wwid`)];
  const wwid = wwids.find((each) => WWID.test(each));
  if (wwid === undefined) return undefined;
  return partition === '' ? `device ${wwid}` : `device ${wwid} partition ${partition}`;
}
