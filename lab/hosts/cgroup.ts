// Makes the lab's control groups, which limit each host, and which list all that the lab has started.
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { fileExists } from '../files.ts';

/** One mounted hierarchy. The unified one (version 2) has all controllers; on version 1 each has a few or none. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly path: string;
  readonly controllers: readonly string[];
}

/** All groups of the lab are below this one, in every hierarchy. */
const rootGroup = 'evenkeel-lab';

export interface GroupLimits {
  /** CPU quota of the group, in cores; lxcfs shows the group this many processors. */
  readonly cpuCores?: number;
  /** Weight against other groups; 1024 is the default of every group (cgroup v1 cpu.shares). */
  readonly cpuShares: number;
  readonly memoryBytes?: number;
}

const periodUs = 100_000; // the kernel's default period

/**
 * The cgroup hierarchies in /proc/self/mountinfo. A machine with version 1 controllers may also have the unified
 * hierarchy, without controllers, for systemd's own bookkeeping ("hybrid"); it counts, because processes are in it. Of
 * several mounts of a hierarchy the first is used: the others may belong to containers on the machine.
 */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    // "36 35 98:0 /root /mount/point opts optional... - fstype source superopts" (proc_pid_mountinfo(5))
    const [place, description] = line.split(' - ');
    const [, , , root, path] = place?.split(' ') ?? [];
    const [type, , superOptions] = description?.split(' ') ?? [];
    if (path === undefined || root !== '/') continue;
    if (type === 'cgroup2') found.push({ version: 2, path, controllers: [] });
    if (type === 'cgroup') {
      const controllers = (superOptions ?? '').split(',').filter((option) => v1Controllers.has(option));
      found.push({ version: 1, path, controllers });
    }
  }
  const seen = new Set<string>();
  return found.filter((hierarchy) => {
    const key = hierarchy.version === 2 ? 'unified' : hierarchy.controllers.join(',') || hierarchy.path;
    return seen.has(key) ? false : seen.add(key);
  });
}

const v1Controllers = new Set(['cpu', 'cpuacct', 'cpuset', 'memory', 'blkio', 'devices', 'freezer', 'pids']);

/** The files that set `limits` on a group of this hierarchy; on `pure` unified machines those of the unified hierarchy. */
export function limitFiles(
  hierarchy: Hierarchy,
  limits: GroupLimits,
): readonly (readonly [file: string, value: string])[] {
  const files: (readonly [string, string])[] = [];
  const { cpuCores, cpuShares, memoryBytes } = limits;
  const quotaUs = cpuCores === undefined ? undefined : Math.round(cpuCores * periodUs);
  if (hierarchy.version === 2) {
    // As the kernel and systemd convert the scale 2..262144 to 1..10000.
    files.push(['cpu.weight', String(Math.round(1 + ((cpuShares - 2) * 9999) / 262142))]);
    if (quotaUs !== undefined) files.push(['cpu.max', `${quotaUs} ${periodUs}`]);
    if (memoryBytes !== undefined) files.push(['memory.max', String(memoryBytes)]);
    return files;
  }
  if (hierarchy.controllers.includes('cpu')) {
    files.push(['cpu.shares', String(cpuShares)]);
    if (quotaUs !== undefined) {
      files.push(['cpu.cfs_period_us', String(periodUs)], ['cpu.cfs_quota_us', String(quotaUs)]);
    }
  }
  if (hierarchy.controllers.includes('memory') && memoryBytes !== undefined) {
    files.push(['memory.limit_in_bytes', String(memoryBytes)]);
  }
  return files;
}

export async function readHierarchies(): Promise<Hierarchy[]> {
  const hierarchies = parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
  const has = (controller: string): boolean =>
    hierarchies.some(({ version, controllers }) => version === 1 && controllers.includes(controller));
  if (['cpu', 'cpuacct', 'cpuset', 'memory'].every(has)) return hierarchies;
  const unified = hierarchies.find(({ version }) => version === 2);
  if (unified === undefined || hierarchies.some(({ controllers }) => controllers.length > 0)) {
    throw new Error(
      'control groups: mount either the unified hierarchy alone or cpu, cpuacct, cpuset and memory of version 1; ' +
        'see /proc/self/mountinfo for what this machine has',
    );
  }
  const offered = await readFile(join(unified.path, 'cgroup.controllers'), 'utf8');
  return [{ ...unified, controllers: offered.trim().split(' ') }];
}

/** The unified hierarchy if it accounts for CPU time here; undefined if version 1 does. */
export function unifiedOf(hierarchies: readonly Hierarchy[]): Hierarchy | undefined {
  return hierarchies.find(({ version, controllers }) => version === 2 && controllers.includes('cpu'));
}

export function groupFile(hierarchy: Hierarchy, group: string, file: string): string {
  return join(folder(hierarchy, group), file);
}

function folder(hierarchy: Hierarchy, group: string): string {
  return join(hierarchy.path, rootGroup, group);
}

/** The files into which a process writes its PID to enter the group. */
export function entryFiles(hierarchies: readonly Hierarchy[], group: string): string[] {
  return hierarchies.map((hierarchy) => join(folder(hierarchy, group), 'cgroup.procs'));
}

/** Makes the group in every hierarchy and limits it. Leaves alone what is already right. */
export async function createGroup(
  hierarchies: readonly Hierarchy[],
  group: string,
  limits: GroupLimits,
): Promise<void> {
  for (const hierarchy of hierarchies) {
    const root = join(hierarchy.path, rootGroup);
    const path = folder(hierarchy, group);
    await mkdir(path, { recursive: true });
    if (hierarchy.version === 1 && hierarchy.controllers.includes('cpuset')) {
      // A group with an empty cpuset accepts no process (cgroup-v1/cpusets.rst).
      for (const place of [root, path]) await inheritCpuset(place);
    }
    if (hierarchy.version === 2 && hierarchy.controllers.length > 0) {
      for (const parent of [hierarchy.path, root]) {
        await writeFile(join(parent, 'cgroup.subtree_control'), '+cpu +memory +pids');
      }
    }
    if (hierarchy.controllers.length === 0) continue;
    await setLimits(path, limitFiles(hierarchy, limits));
  }
}

/**
 * systemd-nspawn puts a container into a sub-group "payload" of the unified hierarchy, and lxcfs reads the limits of the
 * container's own group only: they must be there too.
 */
export async function limitPayload(
  hierarchies: readonly Hierarchy[],
  group: string,
  limits: GroupLimits,
): Promise<void> {
  for (const hierarchy of hierarchies) {
    if (hierarchy.version === 1 || hierarchy.controllers.length === 0) continue;
    await writeFile(join(folder(hierarchy, group), 'cgroup.subtree_control'), '+cpu +memory +pids');
    await setLimits(join(folder(hierarchy, group), 'payload'), limitFiles(hierarchy, limits));
  }
}

async function setLimits(path: string, files: ReturnType<typeof limitFiles>): Promise<void> {
  for (const [file, value] of files) await writeFile(join(path, file), value);
}

async function inheritCpuset(path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = await readFile(join(path, file), 'utf8');
    if (own.trim() === '') await writeFile(join(path, file), await readFile(join(path, '..', file), 'utf8'));
  }
}

/** The processes of the group and of the groups that a container made below it, as PIDs on this machine. */
export async function groupMembers(hierarchies: readonly Hierarchy[], group: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const hierarchy of hierarchies) {
    for (const path of await subtree(folder(hierarchy, group))) {
      const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const pid of text.split('\n').filter(Boolean)) pids.add(Number(pid));
    }
  }
  return [...pids].sort((a, b) => a - b);
}

/** Removes an empty group and everything below it; `group` '' is the lab's root group. */
export async function removeGroup(hierarchies: readonly Hierarchy[], group: string): Promise<void> {
  for (const hierarchy of hierarchies) {
    const paths = await subtree(folder(hierarchy, group));
    for (const path of paths.reverse()) await removeFolder(path);
  }
}

async function removeFolder(path: string): Promise<void> {
  // A process that has just died keeps its group busy for a moment.
  for (let attempt = 0; attempt < 40; attempt += 1) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (!(await fileExists(path))) return;
      if (attempt === 39) throw error;
      await systemClock.sleep(50);
    }
  }
}

/** The folder and all folders below it, parents first; empty if it does not exist. */
async function subtree(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  if (entries.length === 0) return [];
  const paths = [path];
  for (const entry of entries) {
    if (entry.isDirectory()) paths.push(...(await subtree(join(path, entry.name))));
  }
  return paths;
}
