// What the planner is told by the settings: levels, margins, limits. Ratios are shares of a host's capacity.

/** The resources a host can run out of. */
export type Resource = 'cpu' | 'memory';

export const RESOURCES = ['cpu', 'memory'] as const;

/** A host is hot in a resource from `entryRatio` on and stays so until it is below `exitRatio`. */
export interface Levels {
  readonly entryRatio: number;
  readonly exitRatio: number;
}

export interface Policy {
  /** A level counts as passed when this many … */
  readonly hotSamples: number;
  /** … of this many latest samples are at or over it. */
  readonly windowSamples: number;
  readonly cpu: Levels;
  readonly memory: Levels;
  /** How far below its exit level a target must stay with the VM on it. */
  readonly targetMarginRatio: number;
  /** Gain a move must bring, as cost removed for each core (or its equal in memory) moved; see planner/cost.ts. */
  readonly gainMin: number;
  /** Share of a host's memory that is never planned away. */
  readonly memoryReserveRatio: number;
  /** Migrations at one time in the whole cluster; one in and one out a host hold besides. */
  readonly concurrentMax: number;
  /** The cluster is left alone while more than this share of its hosts is unknown or stale. */
  readonly unknownHostsMaxRatio: number;
  /** How fast memory is copied, for predicting how long a move takes. */
  readonly bandwidthBytesPerSecond: number;
}

/** The load a target may have with the VM on it; below this a host costs nothing. */
export function comfortRatio(policy: Policy, resource: Resource): number {
  return policy[resource].exitRatio - policy.targetMarginRatio;
}
