// Small file operations that the lab's parts share.
import { access, rename, writeFile } from 'node:fs/promises';

export async function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Replaces a file in one step: a reader, or a successor after a kill, sees the old content or the new, never half. */
export async function writeFileAtomically(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content);
  await rename(draft, path);
}
