// What creations under way have made, on disk before it is made: an agent that was killed takes it back at its next start.
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

  /** With what the agent's last life left. A damaged file is told and done without: it costs volumes, no VM. */
  static async open(folder: StateFolder, logger: Logger): Promise<Creations> {
    try {
      const content: unknown = JSON.parse((await folder.read(FILE)) ?? '{}');
      return new Creations(folder, new Map(Object.entries(read(creations, content, 'creations'))));
    } catch (error) {
      logger.error(
        { cause: messageOf(error), file: `${folder.path}/${FILE}` },
        'cannot read what interrupted creations made; look for volumes "<vm>-<uuid>-vd..." that no VM uses',
      );
      return new Creations(folder, new Map());
    }
  }

  /** Resolves when it is on disk that the creation is about to make this, or has made it. */
  note(creation: string, made: readonly Made[]): Promise<void> {
    this.#made.set(creation, made);
    return this.#store();
  }

  /** The VM is there, or all was taken back. */
  end(creation: string): Promise<void> {
    return this.#made.delete(creation) ? this.#store() : Promise.resolve();
  }

  /**
   * Takes back the volumes of creations that were broken off before their definition: no VM can have them. Where a
   * definition was begun the VM may exist, here or by now on another host: then nothing is touched. Does not throw.
   */
  async takeBackLeft(context: UndoContext): Promise<void> {
    const { logger } = context;
    for (const creation of this.#left) {
      const made = this.#made.get(creation) ?? [];
      if (made.some(({ kind }) => kind === 'domain')) {
        logger.warn({ made }, 'the agent ended while this VM was being defined; see whether it is there');
      } else {
        logger.warn({ made }, 'taking back what an interrupted creation made');
        await undo(made, context);
      }
      await this.end(creation).catch((error: unknown) => {
        logger.warn({ err: error, made }, 'could not forget a creation that has ended');
      });
    }
  }

  #store(): Promise<void> {
    return this.#writes.run(() =>
      replaceFile(this.#folder, FILE, JSON.stringify(Object.fromEntries(this.#made))),
    );
  }
}
