// Slots: how many migrations use a host, the cluster and its network at one time. All that is held is one key, so one
// compare-and-set decides, whoever else decides at that moment.
import { changeKey, decodeJson, encodeJson, type Store } from '../store/store.ts';

export interface SlotLimits {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly clusterMax: number;
  /** Of all caps together. */
  readonly bandwidthTotalBytesPerSecond: number;
}

/** What one migration holds. */
export interface Slot {
  readonly migrationId: string;
  readonly sourceHostId: string;
  readonly targetHostId: string;
  readonly memoryBytes: number;
  readonly bandwidthBytesPerSecond: number;
}

/** Why there is no slot; `isForMemory` when waiting for one does not promise to help. */
export interface NoSlot {
  readonly reason: string;
  readonly isForMemory: boolean;
}

const KEY = 'slots';

/** Why `wanted` does not fit beside what is held. `roomBytes` is the target's memory without what is reserved here. */
export function refuseSlot(
  held: readonly Slot[],
  wanted: Slot,
  limits: SlotLimits,
  roomBytes: number | undefined,
): NoSlot | undefined {
  const others = held.filter(({ migrationId }) => migrationId !== wanted.migrationId);
  const no = (reason: string, isForMemory = false): NoSlot => ({ reason, isForMemory });
  const outs = others.filter(({ sourceHostId }) => sourceHostId === wanted.sourceHostId);
  if (outs.length >= limits.outPerHost) return no(`the way out of its host is taken by ${idsOf(outs)}`);
  const ins = others.filter(({ targetHostId }) => targetHostId === wanted.targetHostId);
  if (ins.length >= limits.inPerHost) return no(`the way into its target is taken by ${idsOf(ins)}`);
  if (others.length >= limits.clusterMax)
    return no(`${others.length} migrations are under way, as many as the cluster may have at once`);
  const bandwidth = sum(others, (slot) => slot.bandwidthBytesPerSecond) + wanted.bandwidthBytesPerSecond;
  if (bandwidth > limits.bandwidthTotalBytesPerSecond && others.length > 0)
    return no('the bandwidth for migrations is used up');
  const reserved = sum(ins, ({ memoryBytes }) => memoryBytes);
  if (roomBytes !== undefined && reserved + wanted.memoryBytes > roomBytes)
    return no('the memory left on its target does not suffice', true);
  return undefined;
}

export class Slots {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Why the slot could not be taken now. */
  async ask(wanted: Slot, limits: SlotLimits, roomBytes: number | undefined): Promise<NoSlot | undefined> {
    return refuseSlot(await this.held(), wanted, limits, roomBytes);
  }

  /** Takes the slot, or tells why not. Taking it again changes nothing. */
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

  /** Gives back what is held by others than those wanted: orphans of a scheduler that died. */
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

function idsOf(slots: readonly Slot[]): string {
  return slots.map(({ migrationId }) => `migration ${migrationId}`).join(', ');
}

function sum(slots: readonly Slot[], amount: (slot: Slot) => number): number {
  return slots.reduce((total, slot) => total + amount(slot), 0);
}

function readSlots(bytes: Uint8Array | undefined): readonly Slot[] {
  if (bytes === undefined) return [];
  const value = decodeJson(bytes);
  const held = typeof value === 'object' && value !== null && 'held' in value ? value.held : undefined;
  if (!Array.isArray(held)) throw new Error(`the key "${KEY}" of the journal is damaged`);
  return held.filter(isSlot);
}

function isSlot(value: unknown): value is Slot {
  return (
    typeof value === 'object' &&
    value !== null &&
    'migrationId' in value &&
    typeof value.migrationId === 'string' &&
    'sourceHostId' in value &&
    typeof value.sourceHostId === 'string' &&
    'targetHostId' in value &&
    typeof value.targetHostId === 'string' &&
    'memoryBytes' in value &&
    typeof value.memoryBytes === 'number' &&
    'bandwidthBytesPerSecond' in value &&
    typeof value.bandwidthBytesPerSecond === 'number'
  );
}
