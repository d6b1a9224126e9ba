// Keeps what this host has promised about migrations, on disk before it acts: a restart forgets nothing, late commands are refused.
import type { Clock } from '../../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../../shared/errors.ts';
import { Serial } from '../../../shared/serial.ts';
import { replaceFile, type StateFolder } from '../../state/folder.ts';
import { bindingRecord, type Ruling, type VmRecord } from './claims.ts';
import { readRecords, writeRecords } from './intent-text.ts';

export const INTENTS_FILE = 'intents.json';
// A host sees far fewer VMs in its life; beyond this, the VMs unused for longest that have no open intent are dropped.
const VMS_MAX = 10_000;

export class Intents {
  readonly #folder: StateFolder;
  readonly #clock: Clock;
  #records: ReadonlyMap<string, VmRecord> | undefined;
  readonly #changes = new Serial();

  constructor(folder: StateFolder, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Rules on one VM; resolves when the new record is on disk. Throws FAILED_PRECONDITION when it cannot be written. */
  rule<Answer>(vmUuid: string, ruling: (record: VmRecord | undefined) => Ruling<Answer>): Promise<Answer> {
    return this.#changes.run(() => this.#rule(vmUuid, ruling));
  }

  async of(vmUuid: string): Promise<VmRecord | undefined> {
    await this.#changes.ended();
    return this.#binding((await this.#load()).get(vmUuid));
  }

  /** VMs whose migration has not ended here. */
  async open(): Promise<[vmUuid: string, record: VmRecord][]> {
    await this.#changes.ended();
    const open: [vmUuid: string, record: VmRecord][] = [];
    for (const [vmUuid, stored] of await this.#load()) {
      const record = this.#binding(stored);
      if (record?.intent !== undefined) open.push([vmUuid, record]);
    }
    return open;
  }

  /** Judged at each use, not once at the start: the clock may have been wrong when the file was read. */
  #binding(record: VmRecord | undefined): VmRecord | undefined {
    return bindingRecord(record, this.#clock.nowMs());
  }

  async #rule<Answer>(
    vmUuid: string,
    ruling: (record: VmRecord | undefined) => Ruling<Answer>,
  ): Promise<Answer> {
    const records = await this.#load();
    const before = this.#binding(records.get(vmUuid));
    const { record, answer } = ruling(before);
    if (record === before || record === undefined) return answer;
    const next = new Map(records);
    // Deleted first, so that the map is in order of last use.
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
        `read ${file}: ${messageOf(error)}; no migration starts or continues here until you have made sure that no VM of this host is in a migration ("evenkeel migrations", "virsh list --all" on both hosts), then move the file away`,
        error,
      );
    }
  }

  /** Atomic: writes a new file beside it, flushes it, renames it, and flushes the folder. */
  async #store(records: ReadonlyMap<string, VmRecord>): Promise<void> {
    const folder = this.#folder;
    try {
      await replaceFile(folder, INTENTS_FILE, writeRecords(records));
    } catch (error) {
      // It may or may not be on disk: read the file again before the next ruling.
      this.#records = undefined;
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `write ${folder.path}/${INTENTS_FILE}: ${messageOf(error)}; no migration starts before this works; check stateDirectory and its disk`,
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
