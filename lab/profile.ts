// Whether the standing lab moves guests' memory in the clear, which is quicker, or over TLS; kept until it is taken down.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateFolder } from './paths.ts';

export type Profile = 'plain' | 'tls';

const profileFile = join(stateFolder, 'profile');

/** Plain unless the lab was brought up otherwise. */
export async function readProfile(): Promise<Profile> {
  return (await readFile(profileFile, 'utf8').catch(() => '')) === 'tls' ? 'tls' : 'plain';
}

export async function saveProfile(profile: Profile): Promise<void> {
  await mkdir(dirname(profileFile), { recursive: true });
  await writeFile(profileFile, profile);
}
