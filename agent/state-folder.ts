// The folder that keeps what the agent must not forget. A write lasts once it is flushed.
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The boundary where a simulator lets the power fail. */
export interface StateFolder {
  /** For messages. */
  readonly path: string;
  /** Undefined when there is no such file. */
  read(name: string): Promise<string | undefined>;
  /** Makes or replaces the file; its content may be lost or torn until it is flushed. */
  write(name: string, text: string): Promise<void>;
  flush(name: string): Promise<void>;
  /** Replaces `to` whole; may be lost until the folder is flushed. */
  rename(from: string, to: string): Promise<void>;
  flushFolder(): Promise<void>;
}

/** Whole or not at all, and lasting once it resolves: written beside, flushed, renamed, and the folder flushed. */
export async function replaceFile(folder: StateFolder, name: string, text: string): Promise<void> {
  const beside = `${name}.new`;
  await folder.write(beside, text);
  await folder.flush(beside);
  await folder.rename(beside, name);
  await folder.flushFolder();
}

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
