// Records that the tests brought the lab up, so that it is taken down after them only then.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateFolder } from '../../lab/paths.ts';

/** Exists while a lab is up that tests brought up; holds the process id of their runner, the parent of each test. */
const file = join(stateFolder, 'started-by-tests');

async function read(): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** Makes this run of tests responsible for the lab. */
export async function claimLab(): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, String(process.ppid));
}

/** True if this run owns the lab: another run, for example of a single file, must not take it down while this one uses it. */
export async function isOurLab(): Promise<boolean> {
  return (await read()) === String(process.ppid);
}

/** True if the run that brought the lab up ended before it could take it down. */
export async function isOrphanedLab(): Promise<boolean> {
  const owner = Number(await read());
  if (owner <= 1) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch {
    return true;
  }
}

export async function releaseLab(): Promise<void> {
  await rm(file, { force: true });
}
