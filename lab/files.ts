// Provides file operations shared by the lab's parts.
import { access, rename, writeFile } from 'node:fs/promises';

export async function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Replaces a file in one step: a reader, also after a crash, sees the old content or the new, never half of it. */
export async function writeFileAtomically(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content);
  await rename(draft, path);
}
