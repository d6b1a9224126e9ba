// Keeps a /proc/stat for each host where lxcfs cannot, since that needs cpuacct, a controller of cgroup version 1.
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { groupFile, readHierarchies, unifiedOf } from './cgroup.ts';
import { statFile } from '../paths.ts';
import { formatStat, nextCounters, parseCpuStat, type StatCounters } from './proc-stat.ts';
import { hosts } from '../topology.ts';

/** A tenth of the shortest sampling interval: the maximum age of what an agent reads. */
const intervalMs = 100;

const unified = unifiedOf(await readHierarchies());
if (unified === undefined)
  throw new Error('cpu-view: this machine has no unified control group hierarchy with cpu');
const files = new Map<string, FileHandle>();
const counters = new Map<string, StatCounters>();
for (const { name } of hosts) {
  await mkdir(dirname(statFile(name)), { recursive: true });
  files.set(name, await open(statFile(name), 'w'));
}
for (;;) {
  for (const { name, cpuCores } of hosts) {
    // A host that is down has no group; its file stays unchanged.
    const text = await readFile(groupFile(unified, name, 'cpu.stat'), 'utf8').catch(() => '');
    const next = nextCounters(counters.get(name), parseCpuStat(text), systemClock.monotonicMs(), cpuCores);
    counters.set(name, next);
    // In place, since the file is mounted in the host; the length never changes.
    await files.get(name)?.write(formatStat(next, cpuCores), 0);
  }
  await systemClock.sleep(intervalMs);
}
