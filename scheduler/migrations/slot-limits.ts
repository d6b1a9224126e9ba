// Limits how many migrations use a host, the cluster and its network at one time. Pure.

export interface SlotSettings {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly concurrentMax: number;
  /** Cap of each migration. */
  readonly bandwidthBytesPerSecond: number;
  /** Sum of all caps; 0 for as much as `concurrentMax` migrations need. */
  readonly bandwidthTotalBytesPerSecond: number;
}

/** The settings applied to a cluster of some size. */
export interface SlotLimits {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly clusterMax: number;
  readonly bandwidthBytesPerSecond: number;
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

/** Never more migrations than half the hosts. */
export function slotLimits(settings: SlotSettings, hosts: number): SlotLimits {
  const { outPerHost, inPerHost, concurrentMax, bandwidthBytesPerSecond } = settings;
  const total = settings.bandwidthTotalBytesPerSecond;
  return {
    ...{ outPerHost, inPerHost, bandwidthBytesPerSecond },
    clusterMax: Math.max(1, Math.min(concurrentMax, Math.floor(hosts / 2))),
    bandwidthTotalBytesPerSecond: total > 0 ? total : concurrentMax * bandwidthBytesPerSecond,
  };
}

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

function idsOf(slots: readonly Slot[]): string {
  return slots.map(({ migrationId }) => `migration ${migrationId}`).join(', ');
}

function sum(slots: readonly Slot[], amount: (slot: Slot) => number): number {
  return slots.reduce((total, slot) => total + amount(slot), 0);
}
