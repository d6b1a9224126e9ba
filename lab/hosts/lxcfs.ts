// Runs lxcfs, which gives each host a /proc that shows its own processors, memory and uptime.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, until } from '../../shared/clock.ts';
import { daemonPids, expectMount, isMounted, logFolder, startDaemon } from '../kernel/kernel-objects.ts';
import { lxcfsMount, runFolder } from '../paths.ts';

export const lxcfsOwner = 'lxcfs';
const startTimeoutMs = 10_000;

export async function ensureLxcfs(): Promise<void> {
  if (await lxcfsIsUp()) return;
  await expectMount(lxcfsOwner, lxcfsMount);
  // --enable-cfs shows a group's CPU quota as a number of processors; -l counts load per group. The separate pid file
  // avoids a clash with an lxcfs of the machine itself.
  const pidFile = join(runFolder, 'lxcfs.pid');
  const argv = [
    'lxcfs',
    '--foreground',
    '--enable-cfs',
    '--enable-loadavg',
    `--pidfile=${pidFile}`,
    lxcfsMount,
  ];
  await startDaemon(lxcfsOwner, argv, { cpuShares: 1024 });
  if (!(await until(systemClock, lxcfsIsUp, { everyMs: 100, timeoutMs: startTimeoutMs })))
    throw new Error(
      `lxcfs: not up after ${startTimeoutMs} ms; see ${join(logFolder, 'lxcfs.log')}; is /dev/fuse there?`,
    );
}

export async function lxcfsIsUp(): Promise<boolean> {
  if ((await daemonPids(lxcfsOwner)).length === 0 || !(await isMounted(lxcfsMount))) return false;
  return readFile(join(lxcfsMount, 'proc/uptime'), 'utf8').then(
    () => true,
    () => false,
  );
}
