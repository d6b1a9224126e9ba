// Opens the agent's state folder on a real disk.
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateFolder } from './folder.ts';

export function openStateFolder(path: string): StateFolder {
  return {
    path,
    read: async (name) => {
      try {
        return await readFile(join(path, name), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: async (name, text) => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await writeFile(join(path, name), text, { mode: 0o600 });
    },
    flush: (name) => flush(join(path, name)),
    rename: (from, to) => rename(join(path, from), join(path, to)),
    flushFolder: () => flush(path),
  };
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
