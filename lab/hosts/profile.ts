// What the standing lab's hosts have beyond the plain ones; kept until it is taken down.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateFolder } from '../paths.ts';

/** plain: guests' memory in the clear, which is quicker. tls: over TLS. leases: virtlockd holds what leases VMs have. */
export type Profile = 'plain' | 'tls' | 'leases';

export const profiles: readonly Profile[] = ['plain', 'tls', 'leases'];

const profileFile = join(stateFolder, 'profile');

/** Plain unless the lab was brought up otherwise. */
export async function readProfile(): Promise<Profile> {
  const saved = await readFile(profileFile, 'utf8').catch(() => '');
  return profiles.find((profile) => profile === saved) ?? 'plain';
}

export async function saveProfile(profile: Profile): Promise<void> {
  await mkdir(dirname(profileFile), { recursive: true });
  await writeFile(profileFile, profile);
}
