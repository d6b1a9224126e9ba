// Follows a disk to all that it builds on: its own layer, then each backing file, as far as this host can see them.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode } from '../libvirt/constants.ts';
import { getVolumePath, getVolumeXml } from '../libvirt/storage.ts';
import { askProgram } from '../migration/checks/ask-program.ts';
import { identifyByStat } from '../migration/checks/storage-identity.ts';
import type { StorageSource } from './definition.ts';
import { findPool, findVolume, orUndefined, type PathSight } from './storage.ts';
import { find, parseXml } from './xml-text.ts';

export interface Layer {
  /** Name of a volume that has no path. */
  readonly path: string;
  readonly sight: PathSight;
}

// QEMU opens no longer chain (200 in block.c's tests, libvirt's limit, too).
const LAYERS_MAX = 200;
// Reading a header takes milliseconds; storage that hangs must not delay a removal.
const LOOK_TIMEOUT_MS = 5_000;

/** From the layer that the guest writes down. `sources`: those of a definition, which may name more than the first. */
export async function layersOf(
  connection: Connection,
  sources: readonly StorageSource[],
  look: (path: string) => Promise<PathSight>,
  wait: WaitOptions,
): Promise<Layer[]> {
  const named: string[] = [];
  for (const source of sources) named.push(await pathOf(connection, source, wait));
  const layers: Layer[] = [];
  const isNew = (path: string): boolean => path !== '' && !layers.some((layer) => layer.path === path);
  let path = named.find(isNew);
  while (path !== undefined && layers.length < LAYERS_MAX) {
    const { layer, backing } = await lookBelow(connection, { path, sight: await look(path) }, wait);
    layers.push(layer);
    path = [backing, ...named].find(isNew);
  }
  return layers;
}

/** Empty for an empty drive. */
export async function pathOf(
  connection: Connection,
  { kind, source, pool: poolName }: StorageSource,
  wait: WaitOptions,
): Promise<string> {
  if (kind !== 'volume') return source;
  const pool = await findPool(connection, poolName, wait);
  const volume = pool === undefined ? undefined : await findVolume(connection, pool, source, wait);
  return volume === undefined ? `${poolName}/${source}` : getVolumePath(connection, volume, wait);
}

/** `backing` is empty when it builds on nothing. Throws FAILED_PRECONDITION when that cannot be seen. */
async function lookBelow(
  connection: Connection,
  layer: Layer,
  wait: WaitOptions,
): Promise<{ readonly layer: Layer; readonly backing: string }> {
  const { path, sight } = layer;
  if (sight.kind === 'volume') {
    const look = getVolumeXml(connection, sight.volume, wait);
    const xml = await orUndefined(look, ErrorCode.noStorageVolume);
    // libvirt knows it from its last look at the pool, and finds only now that it has gone.
    if (xml === undefined) return { layer: { path, sight: { kind: 'missing' } }, backing: '' };
    return { layer, backing: find(parseXml(xml), 'backingStore', 'path')?.text ?? '' };
  }
  const isThere = sight.kind === 'unknown' && (await existing([path], wait)).has(path);
  return { layer, backing: isThere ? await readBacking(path, wait) : '' };
}

/** Those of the paths that this host sees. By a program, since a look at storage that hangs would never return. */
export async function existing(paths: readonly string[], wait: WaitOptions): Promise<ReadonlySet<string>> {
  const files = paths.filter((path) => path.startsWith('/'));
  return new Set((await identifyByStat()(files, wait)).keys());
}

/** Reads the header of an image that is in no pool; it may be in use. */
async function readBacking(path: string, wait: WaitOptions): Promise<string> {
  const limited = { ...wait, timeoutMs: LOOK_TIMEOUT_MS };
  const args = ['info', '--force-share', '--output=json', '--', path];
  const { exitCode, output, errors } = await askProgram('qemu-img', args, limited);
  if (exitCode !== 0)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `cannot see what ${path} builds on: qemu-img ${errors.trim() === '' ? 'did not answer in time' : `failed: ${errors.trim()}`}; put it into a storage pool, or undefine without deleting volumes`,
    );
  const answer: unknown = JSON.parse(output);
  const backing =
    typeof answer === 'object' && answer !== null && 'full-backing-filename' in answer
      ? answer['full-backing-filename']
      : '';
  return typeof backing === 'string' ? backing : '';
}
