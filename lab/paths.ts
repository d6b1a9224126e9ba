// Defines the paths of the lab's state and of the project.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Everything the lab makes is below this folder, in one cgroup tree, or on one bridge. */
export const stateFolder = '/var/lib/evenkeel-lab';
/** Kept by `lab down`, because it is slow to make and does no harm: the guest image and the result of the KVM probe. */
export const cacheFolder = join(stateFolder, 'cache');

export const hostsFolder = join(stateFolder, 'hosts');
/** The folder that every host sees as its storage pool. */
export const poolFolder = join(stateFolder, 'shared');
export const leaseFolder = join(stateFolder, 'leases');
/** A copy of what a package would install under /usr/lib/evenkeel. */
export const codeStage = join(stateFolder, 'code');
export const lxcfsMount = join(stateFolder, 'lxcfs');
export const servicesFolder = join(stateFolder, 'services');
export const tlsFolder = join(stateFolder, 'tls');
export const runFolder = join(stateFolder, 'run');
/** The folder of one file, which is mounted into the host. */
export function statFile(host: string): string {
  return join(runFolder, 'stat', host, 'stat');
}

/** The folder of package.json, found from this file: the lab runs from lab/ in tests and from dist/lab/ otherwise. */
export const repositoryRoot = findRoot(import.meta.dirname);

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findRoot(parent);
}
