// Simulates one host's state folder on a disk that loses what was not flushed when the power fails.
import type { StateFolder } from '../../agent/state/folder.ts';
import type { Life } from './node.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

// A flush of a small file on a busy disk takes some milliseconds.
const FLUSH_MAX_MS = 12;
const IO_TIMEOUT_MS = 60_000;

interface File {
  /** What every reader sees now. */
  text: string;
  /** What is on the disk; undefined if the file would be gone after a power failure. */
  flushed: string | undefined;
}

export class Disk {
  readonly #timeline: Timeline;
  readonly #random: Random;
  /** Names as readers see them, and as they would be found after a power failure. */
  #names = new Map<string, File>();
  #durable = new Map<string, File>();
  isFailing = false;

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#random = random;
  }

  /** Power failure: names fall back to the last flushed folder, contents to the last flush or a torn write. */
  losePower(): void {
    const found = this.#random.chance(0.5) ? new Map(this.#names) : new Map(this.#durable);
    for (const [name, file] of found) {
      if (file.flushed === undefined && this.#random.chance(0.5)) found.delete(name);
      else if (file.flushed !== file.text)
        file.text = this.#random.chance(0.5)
          ? (file.flushed ?? '')
          : file.text.slice(0, this.#random.whole(0, file.text.length));
      file.flushed = file.text;
    }
    this.#names = found;
    this.#durable = new Map(found);
  }

  /** Loses everything, as when somebody removes the folder. */
  wipe(): void {
    this.#names = new Map();
    this.#durable = new Map();
  }

  /** The folder, for one life of the agent. */
  folder(life: Life): StateFolder {
    const work = <T>(what: string, maxMs: number, carryOut: () => T): Promise<T> =>
      life.outside(what, { timeoutMs: IO_TIMEOUT_MS }, (done, failed) => {
        this.#timeline.after(this.#random.between(0, maxMs), () => {
          if (!life.isAlive) return;
          if (this.isFailing) failed(new Error(`${what}: ENOSPC: no space left on device`));
          else done(carryOut());
        });
      });
    return {
      path: '/state',
      read: (name) => work(`read ${name}`, 1, () => this.#names.get(name)?.text),
      write: (name, text) =>
        work(`write ${name}`, 1, () => {
          // A rename may have given the same file another name, whose content must not change.
          this.#names.set(name, { text, flushed: undefined });
        }),
      flush: (name) =>
        work(`flush ${name}`, FLUSH_MAX_MS, () => {
          const file = this.#names.get(name);
          if (file !== undefined) file.flushed = file.text;
        }),
      rename: (from, to) =>
        work(`rename ${from}`, 1, () => {
          const file = this.#names.get(from);
          if (file === undefined) throw new Error(`rename ${from}: ENOENT`);
          this.#names.delete(from);
          this.#names.set(to, file);
        }),
      flushFolder: () =>
        work('flush folder', FLUSH_MAX_MS, () => {
          this.#durable = new Map(this.#names);
        }),
    };
  }
}
