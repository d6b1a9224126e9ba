// The highest migration epoch that this host has seen of each VM, on disk before it is acted on: a late command is refused.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';

export interface Seen {
  readonly epoch: number;
  readonly migrationId: string;
}

/** new: may be started. known: was started under this very id, perhaps before a restart. fenced: a later one was seen. */
export type Claim = { readonly kind: 'new' | 'known' } | { readonly kind: 'fenced'; readonly seen: Seen };

/** Whether a command may start its migration, given what was seen of the VM before. */
export function judgeClaim(seen: Seen | undefined, asked: Seen): Claim {
  if (seen === undefined || asked.epoch > seen.epoch) return { kind: 'new' };
  if (asked.epoch === seen.epoch && asked.migrationId === seen.migrationId) return { kind: 'known' };
  return { kind: 'fenced', seen };
}

// A host sees far fewer VMs leave in its life; those that left longest ago are forgotten first.
const VMS_MAX = 10_000;
const FILE = 'epochs.json';

export class Epochs {
  readonly #directory: string;
  #seen: Map<string, Seen> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Judges and, when new, records; resolves when that is on disk. Claims of one host are taken one after another. */
  claim(vmUuid: string, asked: Seen): Promise<Claim> {
    const claim = this.#last.then(() => this.#claim(vmUuid, asked));
    this.#last = claim.catch(() => undefined);
    return claim;
  }

  async #claim(vmUuid: string, asked: Seen): Promise<Claim> {
    const seen = (this.#seen ??= await this.#load());
    const claim = judgeClaim(seen.get(vmUuid), asked);
    if (claim.kind !== 'new') return claim;
    const next = new Map(seen);
    // Deleted first, so that the map's order is that of the last use.
    next.delete(vmUuid);
    next.set(vmUuid, asked);
    for (const oldest of next.keys()) {
      if (next.size <= VMS_MAX) break;
      next.delete(oldest);
    }
    await this.#store(next);
    this.#seen = next;
    return claim;
  }

  async #load(): Promise<Map<string, Seen>> {
    const file = join(this.#directory, FILE);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
      throw new EvenkeelError('FAILED_PRECONDITION', `read ${file}: ${messageOf(error)}`, error);
    }
    try {
      return parse(JSON.parse(text));
    } catch (error) {
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `read ${file}: ${messageOf(error)}; when no migration from this host is under way, remove the file`,
        error,
      );
    }
  }

  /** Whole or not at all: written beside, flushed, renamed, and the folder flushed. */
  async #store(seen: ReadonlyMap<string, Seen>): Promise<void> {
    const file = join(this.#directory, FILE);
    try {
      await mkdir(this.#directory, { recursive: true });
      await writeFlushed(`${file}.new`, JSON.stringify({ vms: Object.fromEntries(seen) }));
      await rename(`${file}.new`, file);
      await flush(dirname(file));
    } catch (error) {
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `write ${file}: ${messageOf(error)}; no migration starts before this works, check stateDirectory`,
        error,
      );
    }
  }
}

function parse(content: unknown): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const [uuid, entry] of Object.entries(record(record(content)['vms']))) {
    const { epoch, migrationId } = record(entry);
    if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || typeof migrationId !== 'string')
      throw new Error(`entry of ${uuid} is no epoch`);
    seen.set(uuid, { epoch, migrationId });
  }
  return seen;
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('is not what was written');
  return { ...value };
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flush(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
