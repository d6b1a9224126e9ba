// What the planner is told by the settings: levels, margins, limits. Ratios are shares of a host's capacity.
import { MIB } from '../../../shared/units.ts';

/** The resources that are watched for hot spots in the samples. */
export type Resource = 'cpu' | 'memory';

export const RESOURCES = ['cpu', 'memory'] as const;

/** All that a host can run out of; network and disk count where a snapshot knows them. */
export type LoadResource = Resource | 'network' | 'disk';

export const LOAD_RESOURCES = ['cpu', 'memory', 'network', 'disk'] as const;

/** A host is hot in a resource from `entryRatio` on and stays so until it is below `exitRatio`. */
export interface Levels {
  readonly entryRatio: number;
  readonly exitRatio: number;
}

/** What a plan depends on besides the snapshot. */
export interface PlanPolicy {
  readonly cpu: Levels;
  readonly memory: Levels;
  readonly network: Levels;
  readonly disk: Levels;
  /** How far below its exit level a target must stay with the VM on it. */
  readonly targetMarginRatio: number;
  /** Gain a move to a crowded target must bring, as cost removed for each core (or its equal in memory) moved. */
  readonly gainMin: number;
  /** Share of a host's memory that is never planned away. */
  readonly memoryReserveRatio: number;
  /** The cluster is left alone while more than this share of its hosts is unknown or stale. */
  readonly unknownHostsMaxRatio: number;
  /** How fast memory is copied, for predicting how long a move takes. */
  readonly bandwidthBytesPerSecond: number;
  /** Cores that a migration costs its two hosts while it runs, and its guest in slowness: the price of its seconds. */
  readonly migrationPriceCores: number;
  /** What lasted for some time is expected to last as long again, within these bounds. */
  readonly persistenceMinMs: number;
  readonly persistenceMaxMs: number;
  /** True also evens out hosts that are not hot: more moves, for no better service. */
  readonly evenness: boolean;
  /** True also empties hosts that the others can carry, so that they could be powered off. */
  readonly consolidation: boolean;
  /** True empties and fills only hosts of whose VMs the usual load is known, which takes 40 minutes of history. */
  readonly packsKnownOnly: boolean;
  /** Room each packed host keeps, in standard deviations of what its VMs want together. */
  readonly packingMargin: number;
  /** Most moves of one plan. */
  readonly movesMax: number;
}

/** The policy of a new installation; the scheduler's settings take their defaults from here. */
export const DEFAULT_PLAN_POLICY: PlanPolicy = {
  cpu: { entryRatio: 0.9, exitRatio: 0.75 },
  memory: { entryRatio: 0.9, exitRatio: 0.8 },
  network: { entryRatio: 0.9, exitRatio: 0.75 },
  disk: { entryRatio: 0.9, exitRatio: 0.75 },
  targetMarginRatio: 0.05,
  gainMin: 0.1,
  memoryReserveRatio: 0.1,
  unknownHostsMaxRatio: 0.34,
  bandwidthBytesPerSecond: 100 * MIB,
  migrationPriceCores: 0.5,
  persistenceMinMs: 600_000,
  persistenceMaxMs: 3_600_000,
  evenness: false,
  consolidation: false,
  packsKnownOnly: false,
  packingMargin: 2,
  movesMax: 10_000,
};

/** What detection and the control loop are told besides. */
export interface Policy extends PlanPolicy {
  /** A level counts as passed when this many … */
  readonly hotSamples: number;
  /** … of this many latest samples are at or over it. */
  readonly windowSamples: number;
  /** Migrations at one time in the whole cluster; one in and one out a host hold besides. */
  readonly concurrentMax: number;
}

/** The load a target may have with the VM on it; below this a host costs next to nothing. */
export function comfortRatio(policy: PlanPolicy, resource: LoadResource): number {
  return policy[resource].exitRatio - policy.targetMarginRatio;
}
