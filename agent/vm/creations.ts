// Notes on disk what each creation is about to make, so that an agent that was killed can remove it at its next start.
import * as v from 'valibot';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { Serial } from '../../shared/serial.ts';
import { dictionary, list, read, someFields, text } from '../../shared/outside-data.ts';
import { replaceFile, type StateFolder } from '../state/folder.ts';
import { undo, type Made, type UndoContext } from './undo.ts';

const FILE = 'creations.json';

const made = v.variant(
  'kind',
  [
    someFields({ kind: v.literal('volume'), name: text, pool: someFields({ name: text, uuid: text }) }),
    someFields({ kind: v.literal('domain'), name: text, uuid: text }),
  ],
  'one of volume, domain',
);
const creations = dictionary(list(made));

export class Creations {
  readonly #folder: StateFolder;
  readonly #made: Map<string, readonly Made[]>;
  readonly #left: readonly string[];
  readonly #writes = new Serial();

  private constructor(folder: StateFolder, made: Map<string, readonly Made[]>) {
    this.#folder = folder;
    this.#made = made;
    this.#left = [...made.keys()];
  }

  /** Reads what the agent's last run left. A damaged file is logged and ignored: that may leave unused volumes, but harms no VM. */
  static async open(folder: StateFolder, logger: Logger): Promise<Creations> {
    try {
      const content: unknown = JSON.parse((await folder.read(FILE)) ?? '{}');
      return new Creations(folder, new Map(Object.entries(read(creations, content, 'creations'))));
    } catch (error) {
      logger.error(
        { cause: messageOf(error), file: `${folder.path}/${FILE}` },
        'cannot read the notes of interrupted creations; look for volumes "<vm>-<uuid>-vd..." that no VM uses',
      );
      return new Creations(folder, new Map());
    }
  }

  /** Resolves when the note is on disk that the creation has made all this, or is about to. */
  note(creation: string, made: readonly Made[]): Promise<void> {
    this.#made.set(creation, made);
    return this.#store();
  }

  /** Deletes the note: the VM exists, or everything was removed. */
  end(creation: string): Promise<void> {
    return this.#made.delete(creation) ? this.#store() : Promise.resolve();
  }

  /**
   * Removes the volumes of creations that were interrupted before their definition: no VM can use them. Once the
   * definition was begun, the VM may exist, here or by now on another host, so nothing is touched. Does not throw.
   */
  async takeBackLeft(context: UndoContext): Promise<void> {
    const { logger } = context;
    for (const creation of this.#left) {
      const made = this.#made.get(creation) ?? [];
      if (made.some(({ kind }) => kind === 'domain')) {
        logger.warn({ made }, 'the agent stopped while it defined this VM; check whether the VM exists');
      } else {
        logger.warn({ made }, 'removing what an interrupted creation made');
        await undo(made, context);
      }
      await this.end(creation).catch((error: unknown) => {
        logger.warn({ err: error, made }, 'cannot delete the note of a creation that has ended');
      });
    }
  }

  #store(): Promise<void> {
    return this.#writes.run(() =>
      replaceFile(this.#folder, FILE, JSON.stringify(Object.fromEntries(this.#made))),
    );
  }
}
