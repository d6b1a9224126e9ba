// Makes the lab's groups, mounts, links and processes, each written into the ledger first, and takes them away again.
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
/** A container is asked to power itself off; systemd ends its last services well within this. */
const powerOffTimeoutMs = 20_000;
/** What was killed outright is gone as soon as the kernel gets to it. */
const killTimeoutMs = 10_000;

export const logFolder = join(stateFolder, 'log');

/** Hosts are built side by side; each change of the ledger waits for the one before it. */
const ledgerChanges = new Serial();

function changeLedger(change: (ledger: Ledger) => Ledger): Promise<void> {
  return ledgerChanges.run(async () => saveLedger(change(await readLedger())));
}

async function record(entry: LedgerEntry): Promise<void> {
  await changeLedger((ledger) => withEntry(ledger, entry));
}

/** Makes a group for the owner and returns the machine's hierarchies. */
export async function makeGroup(owner: Owner, limits: GroupLimits): Promise<Hierarchy[]> {
  const hierarchies = await readHierarchies();
  await record({ owner, kind: 'group', name: owner });
  await createGroup(hierarchies, owner, limits);
  return hierarchies;
}

/** Starts a daemon in the owner's group, its output in a log file, so that it outlives this command. */
export async function startDaemon(owner: Owner, argv: readonly string[], limits: GroupLimits): Promise<void> {
  const hierarchies = await makeGroup(owner, limits);
  await mkdir(logFolder, { recursive: true });
  const log = await open(join(logFolder, `${owner}.log`), 'a');
  try {
    // The process enters its groups itself, before it becomes the daemon: at no moment does it run outside of them.
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

/** Mounts once; `place` is created when missing. */
export async function makeMount(owner: Owner, place: string, argv: readonly string[]): Promise<void> {
  if (await isMounted(place)) return;
  await mkdir(place, { recursive: true });
  await record({ owner, kind: 'mount', name: place });
  await runCommand(['mount', ...argv, place], { timeoutMs: commandTimeoutMs });
}

/** Says that `place` will be mounted by someone else (a FUSE daemon). */
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

/** Takes away what the owners made, or everything. Safe to repeat after being cut short anywhere. */
export async function undo(owners?: readonly Owner[]): Promise<void> {
  const ledger = await readLedger();
  for (const step of undoSteps(ledger, await mountPoints(), owners)) await perform(step);
  // The recorded mounts may have been made between reading the table and ending their makers.
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
  // A person's shell may stand in it: it goes from the table now and for good when the shell leaves.
  await runCommand(['umount', '--lazy', path], { timeoutMs: commandTimeoutMs });
}

/**
 * Ends the processes of a group: politely at first, then by force. A container's own processes are left to the
 * container's systemd in the polite part, which is asked through systemd-nspawn to power off.
 */
async function endGroup(group: string): Promise<void> {
  const hierarchies = await readHierarchies();
  const members = await groupMembers(hierarchies, group);
  const named = (name: string): Promise<number[]> =>
    selectAsync(members, async (pid) => (await commandName(pid)) === name);
  const containers = await named('systemd-nspawn');
  // A systemd whose systemd-nspawn was killed takes SIGTERM for "start yourself again": only force ends it.
  const isOrphaned = containers.length === 0 && (await named('systemd')).length > 0;
  if (!isOrphaned) {
    signalAll(containers.length > 0 ? containers : members, 'SIGTERM');
    if (await isEmptyWithin(hierarchies, group, powerOffTimeoutMs)) return;
  }
  // Twice at least: a member may have started another between the list and the signal.
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
      // It ended by itself.
    }
  }
}

/** False for a process that is gone or has ended and waits for its parent to look (a zombie stays in its group). */
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
