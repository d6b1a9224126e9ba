// Makes and removes the lab's control groups, mounts, links and processes; each is written into the ledger first.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, until } from '../../shared/clock.ts';
import { Serial } from '../../shared/serial.ts';
import {
  createGroup,
  entryFiles,
  groupMembers,
  readHierarchies,
  removeGroup,
  type GroupLimits,
  type Hierarchy,
} from '../hosts/cgroup.ts';
import { commandEnvironment, runCommand, tryCommand } from '../command.ts';
import { fileExists } from '../files.ts';
import {
  has,
  readLedger,
  saveLedger,
  undoSteps,
  withEntry,
  withoutOwners,
  type Ledger,
  type LedgerEntry,
  type Owner,
  type Undo,
} from './ledger.ts';
import { stateFolder } from '../paths.ts';

const commandTimeoutMs = 10_000;
/** For a container to power off: systemd ends its last services well within this time. */
const powerOffTimeoutMs = 20_000;
/** After SIGKILL a process is gone as soon as the kernel gets to it. */
const killTimeoutMs = 10_000;

export const logFolder = join(stateFolder, 'log');

/** Hosts are built in parallel; changes of the ledger are made one at a time. */
const ledgerChanges = new Serial();

function changeLedger(change: (ledger: Ledger) => Ledger): Promise<void> {
  return ledgerChanges.run(async () => saveLedger(change(await readLedger())));
}

async function record(entry: LedgerEntry): Promise<void> {
  await changeLedger((ledger) => withEntry(ledger, entry));
}

/** Makes a control group for the owner and returns the machine's hierarchies. */
export async function makeGroup(owner: Owner, limits: GroupLimits): Promise<Hierarchy[]> {
  const hierarchies = await readHierarchies();
  await record({ owner, kind: 'group', name: owner });
  await createGroup(hierarchies, owner, limits);
  return hierarchies;
}

/** Starts a daemon in the owner's group that outlives this command; its output goes to a log file. */
export async function startDaemon(owner: Owner, argv: readonly string[], limits: GroupLimits): Promise<void> {
  const hierarchies = await makeGroup(owner, limits);
  await mkdir(logFolder, { recursive: true });
  const log = await open(join(logFolder, `${owner}.log`), 'a');
  try {
    // The process enters its groups itself before it becomes the daemon, so it never runs outside of them.
    const enter = entryFiles(hierarchies, owner)
      .map((file) => `echo $$ > '${file}'`)
      .join(' && ');
    const child = spawn('/bin/sh', ['-c', `${enter} && exec "$@"`, 'sh', ...argv], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: commandEnvironment,
      cwd: '/',
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const entered = async (): Promise<boolean> =>
      child.pid !== undefined && (await groupMembers(hierarchies, owner)).includes(child.pid);
    while (child.exitCode === null && !(await entered())) await systemClock.sleep(10);
  } finally {
    await log.close();
  }
}

export async function daemonPids(owner: Owner): Promise<number[]> {
  return groupMembers(await readHierarchies(), owner);
}

/** Mounts once; creates `place` if missing. */
export async function makeMount(owner: Owner, place: string, argv: readonly string[]): Promise<void> {
  if (await isMounted(place)) return;
  await mkdir(place, { recursive: true });
  await record({ owner, kind: 'mount', name: place });
  await runCommand(['mount', ...argv, place], { timeoutMs: commandTimeoutMs });
}

/** Records that another program (a FUSE daemon) will mount `place`. */
export async function expectMount(owner: Owner, place: string): Promise<void> {
  await mkdir(place, { recursive: true });
  await record({ owner, kind: 'mount', name: place });
}

export async function isMounted(place: string): Promise<boolean> {
  return (await mountPoints()).includes(place);
}

async function mountPoints(): Promise<string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined);
}

/** Makes a network link once. Refuses a link of this name that the lab did not make. */
export async function makeLink(owner: Owner, name: string, argv: readonly string[]): Promise<void> {
  const entry: LedgerEntry = { owner, kind: 'link', name };
  if (await linkExists(name)) {
    if (has(await readLedger(), entry)) return;
    throw new Error(
      `network link ${name}: exists, but the lab did not make it; remove it: ip link delete ${name}`,
    );
  }
  await record(entry);
  await runCommand(['ip', 'link', 'add', name, ...argv], { timeoutMs: commandTimeoutMs });
}

export async function linkExists(name: string): Promise<boolean> {
  return fileExists(join('/sys/class/net', name));
}

/** Removes what the owners made, or everything. Safe to repeat after an interruption anywhere. */
export async function undo(owners?: readonly Owner[]): Promise<void> {
  const ledger = await readLedger();
  for (const step of undoSteps(ledger, await mountPoints(), owners)) await perform(step);
  // Again: recorded mounts may have been made after the mount table was read but before their makers ended.
  for (const step of undoSteps(ledger, await mountPoints(), owners)) {
    if (step.kind === 'unmount') await perform(step);
  }
  if (owners === undefined) await removeGroup(await readHierarchies(), '');
  await changeLedger((now) => withoutOwners(now, owners ?? now.entries.map((entry) => entry.owner)));
}

async function perform(step: Undo): Promise<void> {
  switch (step.kind) {
    case 'end':
      return endGroup(step.group);
    case 'unmount':
      return unmount(step.path);
    case 'removeGroup':
      return removeGroup(await readHierarchies(), step.group);
    case 'removeLink':
      if (await linkExists(step.name)) {
        await runCommand(['ip', 'link', 'delete', step.name], { timeoutMs: commandTimeoutMs });
      }
      return;
  }
}

async function unmount(path: string): Promise<void> {
  const plain = await tryCommand(['umount', path], { timeoutMs: commandTimeoutMs });
  if (plain.status === 0 || !(await isMounted(path))) return;
  // Lazily, since a shell may be in that folder: the mount leaves the table now, and is freed when the shell leaves.
  await runCommand(['umount', '--lazy', path], { timeoutMs: commandTimeoutMs });
}

/**
 * Ends the processes of a group: first by SIGTERM, then by SIGKILL. In the first step a container's own processes are
 * left to its systemd, which systemd-nspawn asks to power off.
 */
async function endGroup(group: string): Promise<void> {
  const hierarchies = await readHierarchies();
  const members = await groupMembers(hierarchies, group);
  const named = (name: string): Promise<number[]> =>
    selectAsync(members, async (pid) => (await commandName(pid)) === name);
  const containers = await named('systemd-nspawn');
  // A systemd whose systemd-nspawn was killed takes SIGTERM as an order to re-execute itself: only SIGKILL ends it.
  const isOrphaned = containers.length === 0 && (await named('systemd')).length > 0;
  if (!isOrphaned) {
    signalAll(containers.length > 0 ? containers : members, 'SIGTERM');
    if (await isEmptyWithin(hierarchies, group, powerOffTimeoutMs)) return;
  }
  // At least twice: a member may have started another between the list and the signal.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    signalAll(await groupMembers(hierarchies, group), 'SIGKILL');
    if (await isEmptyWithin(hierarchies, group, killTimeoutMs / 5)) return;
  }
  const left = await groupMembers(hierarchies, group);
  throw new Error(
    `end ${group}: processes ${left.join(', ')} survive SIGKILL; look at /proc/${left[0] ?? 0}/stack`,
  );
}

async function isEmptyWithin(
  hierarchies: readonly Hierarchy[],
  group: string,
  timeoutMs: number,
): Promise<boolean> {
  const isEmpty = async (): Promise<boolean> => {
    const living = await selectAsync(await groupMembers(hierarchies, group), isAlive);
    return living.length === 0;
  };
  return until(systemClock, isEmpty, { everyMs: 50, timeoutMs });
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** False for a process that is gone or a zombie (which stays in its group until its parent reaps it). */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return status !== '' && !/^State:\s+[ZX]/m.test(status);
}

export async function commandName(pid: number): Promise<string | undefined> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined);
  return name?.trim();
}

async function selectAsync<T>(items: readonly T[], wanted: (item: T) => Promise<boolean>): Promise<T[]> {
  const answers = await Promise.all(items.map(wanted));
  return items.filter((_, index) => answers[index] === true);
}
