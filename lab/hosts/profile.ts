// Keeps the profile of the lab's hosts until the lab is taken down.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateFolder } from '../paths.ts';

/** plain: guests' memory unencrypted, which is faster. tls: over TLS. leases: virtlockd holds the leases of VMs. */
export type Profile = 'plain' | 'tls' | 'leases';

export const profiles: readonly Profile[] = ['plain', 'tls', 'leases'];

const profileFile = join(stateFolder, 'profile');

/** The current profile; plain by default. */
export async function readProfile(): Promise<Profile> {
  const saved = await readFile(profileFile, 'utf8').catch(() => '');
  return profiles.find((profile) => profile === saved) ?? 'plain';
}

export async function saveProfile(profile: Profile): Promise<void> {
  await mkdir(dirname(profileFile), { recursive: true });
  await writeFile(profileFile, profile);
}
