// The folder that keeps what the agent must not forget. A write lasts once it is flushed.

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
