// Limits how many migrations use a host, the cluster and its network at once. Pure.

export interface SlotSettings {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly concurrentMax: number;
  /** Bandwidth limit of each migration. */
  readonly bandwidthBytesPerSecond: number;
  /** Sum of all those limits; 0 for as much as `concurrentMax` migrations need. */
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

/** Why there is no slot; `isForMemory` when waiting is not expected to help. */
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

/** Why `wanted` does not fit beside the held slots. `roomBytes` is the target's free memory before what the slots reserve. */
export function refuseSlot(
  held: readonly Slot[],
  wanted: Slot,
  limits: SlotLimits,
  roomBytes: number | undefined,
): NoSlot | undefined {
  const others = held.filter(({ migrationId }) => migrationId !== wanted.migrationId);
  const no = (reason: string, isForMemory = false): NoSlot => ({ reason, isForMemory });
  const outs = others.filter(({ sourceHostId }) => sourceHostId === wanted.sourceHostId);
  if (outs.length >= limits.outPerHost)
    return no(`no outgoing slot is free on its host: taken by ${idsOf(outs)}`);
  const ins = others.filter(({ targetHostId }) => targetHostId === wanted.targetHostId);
  if (ins.length >= limits.inPerHost)
    return no(`no incoming slot is free on its target: taken by ${idsOf(ins)}`);
  if (others.length >= limits.clusterMax)
    return no(`${others.length} migrations are under way, the most that the cluster allows at once`);
  const bandwidth = sum(others, (slot) => slot.bandwidthBytesPerSecond) + wanted.bandwidthBytesPerSecond;
  if (bandwidth > limits.bandwidthTotalBytesPerSecond && others.length > 0)
    return no('the bandwidth for migrations is used up');
  const reserved = sum(ins, ({ memoryBytes }) => memoryBytes);
  if (roomBytes !== undefined && reserved + wanted.memoryBytes > roomBytes)
    return no('its target has too little memory left', true);
  return undefined;
}

function idsOf(slots: readonly Slot[]): string {
  return slots.map(({ migrationId }) => `migration ${migrationId}`).join(', ');
}

function sum(slots: readonly Slot[], amount: (slot: Slot) => number): number {
  return slots.reduce((total, slot) => total + amount(slot), 0);
}
