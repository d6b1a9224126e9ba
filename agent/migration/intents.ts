// What this host has promised about migrations, on disk before it is acted on: a restart forgets nothing, a late command is refused.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Ruling, VmRecord } from './claims.ts';
import { readRecords, writeRecords } from './intent-text.ts';

/** The folder that keeps it: the boundary where a simulator lets the power fail. A write lasts once it is flushed. */
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

export const INTENTS_FILE = 'intents.json';
const NEW_FILE = `${INTENTS_FILE}.new`;
// A host sees far fewer VMs come and go in its life; of those without an open intent the longest unused are dropped.
const VMS_MAX = 10_000;

export class Intents {
  readonly #folder: StateFolder;
  #records: ReadonlyMap<string, VmRecord> | undefined;
  /** Changes are made one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: StateFolder) {
    this.#folder = folder;
  }

  /** Rules on one VM; resolves when what is to be remembered is on disk. Throws FAILED_PRECONDITION when it cannot be. */
  rule<Answer>(vmUuid: string, ruling: (record: VmRecord | undefined) => Ruling<Answer>): Promise<Answer> {
    const work = this.#last.then(() => this.#rule(vmUuid, ruling));
    this.#last = work.catch(() => undefined);
    return work;
  }

  async of(vmUuid: string): Promise<VmRecord | undefined> {
    await this.#last;
    return (await this.#load()).get(vmUuid);
  }

  /** VMs whose migration is not over here. */
  async open(): Promise<[vmUuid: string, record: VmRecord][]> {
    await this.#last;
    return [...(await this.#load())].filter(([, { intent }]) => intent !== undefined);
  }

  async #rule<Answer>(
    vmUuid: string,
    ruling: (record: VmRecord | undefined) => Ruling<Answer>,
  ): Promise<Answer> {
    const records = await this.#load();
    const before = records.get(vmUuid);
    const { record, answer } = ruling(before);
    if (record === before || record === undefined) return answer;
    const next = new Map(records);
    // Deleted first, so that the map's order is that of the last use.
    next.delete(vmUuid);
    next.set(vmUuid, record);
    makeRoom(next);
    await this.#store(next);
    this.#records = next;
    return answer;
  }

  async #load(): Promise<ReadonlyMap<string, VmRecord>> {
    if (this.#records !== undefined) return this.#records;
    const file = `${this.#folder.path}/${INTENTS_FILE}`;
    try {
      const text = await this.#folder.read(INTENTS_FILE);
      this.#records = text === undefined ? new Map<string, VmRecord>() : readRecords(text);
      return this.#records;
    } catch (error) {
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `read ${file}: ${messageOf(error)}; no migration starts or goes on here until you have made sure that no VM of this host is in a migration ("evenkeel migrations", "virsh list --all" on both hosts), then move the file away`,
        error,
      );
    }
  }

  /** Whole or not at all: written beside, flushed, renamed, and the folder flushed. */
  async #store(records: ReadonlyMap<string, VmRecord>): Promise<void> {
    const folder = this.#folder;
    try {
      await folder.write(NEW_FILE, writeRecords(records));
      await folder.flush(NEW_FILE);
      await folder.rename(NEW_FILE, INTENTS_FILE);
      await folder.flushFolder();
    } catch (error) {
      // Whether it is on disk is unknown: read what is, before the next ruling.
      this.#records = undefined;
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `write ${folder.path}/${INTENTS_FILE}: ${messageOf(error)}; no migration starts before this works, check stateDirectory and its disk`,
        error,
      );
    }
  }
}

function makeRoom(records: Map<string, VmRecord>): void {
  for (const [vmUuid, { intent }] of records) {
    if (records.size <= VMS_MAX) return;
    if (intent === undefined) records.delete(vmUuid);
  }
  if (records.size > VMS_MAX)
    throw new EvenkeelError(
      'RESOURCE_EXHAUSTED',
      `remember a migration: ${VMS_MAX} migrations of this host have not ended; end them first`,
    );
}
