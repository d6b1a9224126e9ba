// Defines the planner's policy: levels, margins, limits. Ratios are shares of a host's capacity.
import * as v from 'valibot';
import {
  amount,
  count,
  fields,
  flag,
  options,
  read,
  size,
  someFields,
  type Described,
} from '../../../shared/outside-data.ts';
import { MIB } from '../../../shared/units.ts';

/** The resources whose samples are watched for hot spots. */
export type Resource = 'cpu' | 'memory';

export const RESOURCES = ['cpu', 'memory'] as const;

/** Everything a host can run out of; network and disk count only where a snapshot has figures for them. */
export type LoadResource = Resource | 'network' | 'disk';

export const LOAD_RESOURCES = ['cpu', 'memory', 'network', 'disk'] as const;

const levels = v.pipe(
  fields({ entryRatio: amount, exitRatio: amount }),
  v.forward(
    v.check(
      ({ entryRatio, exitRatio }) => exitRatio < entryRatio,
      ({ input }) => `below entryRatio (${input.entryRatio})`,
    ),
    ['exitRatio'],
  ),
);

/** A host is hot in a resource from `entryRatio` on and stays so until it is below `exitRatio`. */
export type Levels = Described<typeof levels>;

const planPolicy = someFields({
  cpu: levels,
  memory: levels,
  network: levels,
  disk: levels,
  /** How far below its exit level a target must stay with the VM on it. */
  targetMarginRatio: amount,
  /** Least gain of a move to a crowded target, as cost removed for each core (or its equivalent in memory) moved. */
  gainMin: amount,
  /** Share of a host's memory that is never planned away. */
  memoryReserveRatio: amount,
  /** The cluster is left alone while more than this share of its hosts is unknown or stale. */
  unknownHostsMaxRatio: amount,
  /** How fast memory is copied, for predicting how long a move takes. */
  bandwidthBytesPerSecond: size,
  /** Cores that a migration costs its two hosts while it runs, and its guest in slowness: the price of its seconds. */
  migrationPriceCores: amount,
  /** A hot spot is expected to last as long again as it has lasted, within these bounds. */
  persistenceMinMs: amount,
  persistenceMaxMs: amount,
  /** True also evens out hosts that are not hot: more moves, for no better service. */
  evenness: flag,
  /** True also empties hosts that the others can carry, so that they could be powered off. */
  consolidation: flag,
  /** True empties and fills only hosts whose VMs all have a known usual load, which takes 40 minutes of history. */
  packsKnownOnly: flag,
  /** Room each packed host keeps, in standard deviations of the joint demand of its VMs. */
  packingMargin: amount,
  /** Maximum number of moves in one plan. */
  movesMax: count,
});

/** What a plan depends on besides the snapshot. */
export type PlanPolicy = Described<typeof planPolicy>;

const changes = options(v.partial(planPolicy).entries);

/** The policy `under`, with the fields of the JSON replacing its own. Throws InvalidData. */
export function readPolicy(json: unknown, under: PlanPolicy, path: string): PlanPolicy {
  return read(planPolicy, { ...under, ...read(changes, json, path) }, path);
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

/** The policy, and what detection and the control loop need besides. */
export interface Policy extends PlanPolicy {
  /** A level counts as passed when this many … */
  readonly hotSamples: number;
  /** … of this many latest samples are at or over it. */
  readonly windowSamples: number;
  /** Concurrent migrations in the whole cluster; each host has a limit of its own as well. */
  readonly concurrentMax: number;
}

/** The load a target may have with the VM on it; below this a host costs next to nothing. */
export function comfortRatio(policy: PlanPolicy, resource: LoadResource): number {
  return policy[resource].exitRatio - policy.targetMarginRatio;
}
