// Remembers that the lab stands only because of the tests, so that it is taken down after them and not otherwise.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateFolder } from '../../lab/paths.ts';

/** There while a lab stands that tests brought up; holds the process id of their runner, the parent of each test. */
const file = join(stateFolder, 'started-by-tests');

async function read(): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** This run of tests answers for the lab from now on. */
export async function claimLab(): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, String(process.ppid));
}

/** The lab is this run's: another run, of a single file for example, must not take it down under the one that uses it. */
export async function isOurLab(): Promise<boolean> {
  return (await read()) === String(process.ppid);
}

/** The run of tests that brought the lab up was ended before it could take it down. */
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
