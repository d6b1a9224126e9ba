// Defines the folder that keeps what the agent must not lose. A write is durable once it is flushed.

/** The boundary at which the simulator makes the power fail. */
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

/** Atomic, and durable once it resolves: writes a new file, flushes it, renames it and flushes the folder. */
export async function replaceFile(folder: StateFolder, name: string, text: string): Promise<void> {
  const beside = `${name}.new`;
  await folder.write(beside, text);
  await folder.flush(beside);
  await folder.rename(beside, name);
  await folder.flushFolder();
}
