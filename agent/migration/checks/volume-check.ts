// Refuses volumes whose pool shows them as block devices that nothing identifies: the path proves nothing on another host.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { MoveObstacle } from '../../../shared/gen/telemetry.ts';
import type { Connection } from '../../libvirt/connection.ts';
import type { VmDefinition } from '../../vm/definition.ts';
import { describePool, findPool } from '../../vm/storage.ts';
import { storageObstacle } from './obstacles.ts';
import { sourceKey, type Identities } from './storage-identity.ts';

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

/** One obstacle for each volume that stays on its host, by the pool of that name here. A pool that is missing is left to others. */
export async function checkVolumes(
  connection: Connection,
  { disks }: Pick<VmDefinition, 'disks'>,
  identities: Identities,
  wait: WaitOptions,
): Promise<MoveObstacle[]> {
  const obstacles: MoveObstacle[] = [];
  for (const { device, cdrom, sources } of disks)
    for (const { kind, source, pool } of sources) {
      if (kind !== 'volume' || identities.has(sourceKey({ kind, source, pool }))) continue;
      const type = await typeOfPool(connection, pool, wait);
      if (type === undefined || SAFE_POOLS.includes(type)) continue;
      const reason = `disk ${device} is on volume ${source} of pool ${pool}, of type ${type}, and nothing proves that this is the same device on both hosts`;
      obstacles.push(storageObstacle(reason, cdrom));
    }
  return obstacles;
}

async function typeOfPool(
  connection: Connection,
  name: string,
  wait: WaitOptions,
): Promise<string | undefined> {
  const pool = await findPool(connection, name, wait);
  return pool === undefined ? undefined : (await describePool(connection, pool, wait)).type;
}
