// Finds the QEMU process of a VM and notices its end, which libvirt reports only a fifth of a second later or more.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A process by pid and start time, since pids are reused. */
export interface QemuProcess {
  readonly pid: string;
  /** In clock ticks since boot (proc_pid_stat(5), field 22). */
  readonly startedTicks: string;
}

/** The process that libvirt started with `-uuid`; undefined when none, or more than one, is found. */
export async function findQemuProcess(procRoot: string, vmUuid: string): Promise<QemuProcess | undefined> {
  const pids = (await readdir(procRoot)).filter((name) => /^\d+$/.test(name));
  const found: QemuProcess[] = [];
  for (const pid of pids) {
    const command = await readOf(procRoot, pid, 'cmdline');
    if (command?.includes(`\0-uuid\0${vmUuid}\0`) !== true) continue;
    const stat = await statOf(procRoot, pid);
    if (stat !== undefined) found.push({ pid, startedTicks: stat.startedTicks });
  }
  return found.length === 1 ? found[0] : undefined;
}

/** True once none of its threads runs: the process is gone, or a zombie that waits to be reaped. */
export async function hasEnded(procRoot: string, { pid, startedTicks }: QemuProcess): Promise<boolean> {
  const stat = await statOf(procRoot, pid);
  if (stat?.startedTicks !== startedTicks) return true;
  // The first thread may have ended before the others.
  return stat.state === 'Z' && stat.threads === 1;
}

interface Stat {
  readonly state: string | undefined;
  readonly threads: number;
  readonly startedTicks: string;
}

/** Undefined when there is no such process. Throws when that cannot be determined. */
async function statOf(procRoot: string, pid: string): Promise<Stat | undefined> {
  const text = await readOf(procRoot, pid, 'stat');
  if (text === undefined) return undefined;
  // The command's name may contain anything, including parentheses: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startedTicks = fields[19];
  if (startedTicks === undefined) throw new Error(`read ${pid}/stat: too few fields`);
  return { state: fields[0], threads: Number(fields[17]), startedTicks };
}

async function readOf(procRoot: string, pid: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(procRoot, pid, file), 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
