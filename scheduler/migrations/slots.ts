// Keeps the slots that migrations hold. All share one key, so that one compare-and-set decides between schedulers.
import * as v from 'valibot';
import { list, read, someFields, text } from '../../shared/outside-data.ts';
import { changeKey, decodeJson, encodeJson, type Store } from '../store/store.ts';
import { refuseSlot, type NoSlot, type Slot, type SlotLimits } from './slot-limits.ts';

const KEY = 'slots';

const slot = someFields({
  migrationId: text,
  sourceHostId: text,
  targetHostId: text,
  memoryBytes: v.number(),
  bandwidthBytesPerSecond: v.number(),
});
const slots = someFields({ held: list(v.unknown()) });

export class Slots {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Why the slot cannot be taken now; undefined when it can. */
  async ask(wanted: Slot, limits: SlotLimits, roomBytes: number | undefined): Promise<NoSlot | undefined> {
    return refuseSlot(await this.held(), wanted, limits, roomBytes);
  }

  /** Takes the slot, or resolves with the reason why not. Taking it again changes nothing. */
  async take(wanted: Slot, limits: SlotLimits, roomBytes: number | undefined): Promise<NoSlot | undefined> {
    let refused: NoSlot | undefined;
    await changeKey(this.#store, KEY, (bytes) => {
      const held = readSlots(bytes);
      refused = refuseSlot(held, wanted, limits, roomBytes);
      const isHeld = held.some(({ migrationId }) => migrationId === wanted.migrationId);
      return refused === undefined && !isHeld ? encodeJson({ held: [...held, wanted] }) : undefined;
    });
    return refused;
  }

  /** Gives the migration's slot back, if it holds one. */
  async release(migrationId: string): Promise<void> {
    await this.keepOnly((slot) => slot.migrationId !== migrationId);
  }

  /** Gives back all slots but the wanted ones: orphans of a scheduler that died. */
  async keepOnly(isWanted: (slot: Slot) => boolean): Promise<void> {
    await changeKey(this.#store, KEY, (bytes) => {
      const held = readSlots(bytes);
      const kept = held.filter(isWanted);
      return kept.length === held.length ? undefined : encodeJson({ held: kept });
    });
  }

  async held(): Promise<readonly Slot[]> {
    return readSlots((await this.#store.get(KEY))?.value);
  }
}

/** Slots that cannot be read count as free. */
export function readSlots(bytes: Uint8Array | undefined): readonly Slot[] {
  if (bytes === undefined) return [];
  const { held } = read(slots, decodeJson(bytes), `journal: ${KEY}`);
  return held.filter((each) => v.is(slot, each));
}
