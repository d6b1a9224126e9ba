// Stages the built project as a package would install it, so that a rebuild of the working copy does not disturb hosts.
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { codeStage, repositoryRoot, runFolder } from '../paths.ts';

const stampFile = join(runFolder, 'code');

/** Copied unchanged. node_modules and the runtime are selected below. */
const parts = ['dist', 'proto', 'systemd', 'package.json'] as const;

/**
 * Copies the project, its production dependencies and this node into the stage if they changed. Returns a digest of
 * the stage, which is changed in place: hosts have it mounted.
 */
export async function stageCode(): Promise<string> {
  const digest = await projectDigest();
  if ((await stagedCode()) === digest) return digest;
  await mkdir(codeStage, { recursive: true });
  // No stamp while copying: an interrupted copy is made again.
  await rm(stampFile, { force: true });
  for (const name of await readdir(codeStage))
    await rm(join(codeStage, name), { recursive: true, force: true });
  for (const part of parts) await cp(join(repositoryRoot, part), join(codeStage, part), { recursive: true });
  const lock = await readFile(join(repositoryRoot, 'package-lock.json'), 'utf8');
  for (const path of productionPackages(lock)) await copyPackage(path);
  await mkdir(join(codeStage, 'bin'));
  await copyFile(await realpath(process.execPath), join(codeStage, 'bin/node'));
  await writeFile(stampFile, digest);
  return digest;
}

/** The digest of what is staged; empty if nothing is. */
export async function stagedCode(): Promise<string> {
  return readFile(stampFile, 'utf8').catch(() => '');
}

/** The folders of node_modules that `npm ci --omit=dev` would install, by the lock file. */
export function productionPackages(lock: string): string[] {
  const content: unknown = JSON.parse(lock);
  if (!v.is(lockFile, content))
    throw new Error('package-lock.json: has no packages; recreate it: npm install');
  return Object.entries(content.packages)
    .filter(([path, entry]) => path !== '' && entry.dev !== true && entry.devOptional !== true)
    .map(([path]) => path);
}

const lockFile = v.object({
  packages: v.record(
    v.string(),
    v.object({ dev: v.optional(v.boolean()), devOptional: v.optional(v.boolean()) }),
  ),
});

async function copyPackage(path: string): Promise<void> {
  const source = join(repositoryRoot, path);
  // Optional packages for other platforms are in the lock file and not on disk.
  if ((await stat(source).catch(() => undefined)) === undefined) return;
  await mkdir(join(codeStage, dirname(path)), { recursive: true });
  await cp(source, join(codeStage, path), { recursive: true, verbatimSymlinks: true });
}

/** Content, not times: an unchanged rebuild must not restart the agents. */
async function projectDigest(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(process.version);
  for (const part of [...parts, 'package-lock.json']) {
    for (const file of await filesBelow(join(repositoryRoot, part))) {
      // Incremental build state changes with every build, and no program reads it.
      if (file.endsWith('.tsbuildinfo')) continue;
      hash.update(file).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
