// Defines a plan: moves in an order that is safe, and the reason for every problem that they do not solve.
import type { Refusal } from '../../../shared/gen/telemetry.ts';
import type { LoadResource } from './policy.ts';
import type { PlanMode } from './snapshot.ts';

/** Why a move is made, in order of duty. */
export type Trigger =
  'evacuate' | 'must_rule' | 'hot_host' | 'make_room' | 'should_rule' | 'consolidate' | 'evenness';

/** Load of one host in one resource before and after the move. */
export interface Projected {
  readonly hostId: string;
  readonly hostName: string;
  readonly resource: LoadResource;
  readonly beforeRatio: number;
  readonly afterRatio: number;
}

/** Gain and cost of a move; docs/PLANNER.md defines the cost of a host. */
export interface MoveTerms {
  /** Cost that the move removes from its two hosts, in core equivalents; negative if a duty requires a move that adds cost. */
  readonly gainCores: number;
  /** How long the problem would be expected to last without the move. */
  readonly persistenceSeconds: number;
  /** Predicted time and traffic of the migration. */
  readonly migrationSeconds: number;
  readonly migrationBytes: number;
  /** gainCores x persistenceSeconds - price of the migration, in core seconds. */
  readonly netCoreSeconds: number;
}

export interface PlannedMove {
  readonly vmUuid: string;
  readonly vmName: string;
  readonly sourceHostId: string;
  readonly sourceHostName: string;
  readonly targetHostId: string;
  readonly targetHostName: string;
  readonly trigger: Trigger;
  readonly reason: string;
  readonly evidence: readonly string[];
  readonly projections: readonly Projected[];
  readonly terms: MoveTerms;
  /** From the modes of cluster, source, target and VM; never observe, in which nothing is moved. */
  readonly mode: Exclude<PlanMode, 'observe'>;
  /** Indexes in `moves` of those that must end before this one starts, because it needs the room they leave. */
  readonly after: readonly number[];
  /** Alternatives that were refused. */
  readonly refusals: readonly Refusal[];
}

/** A problem that remains after all moves: a hot or draining host, a broken rule, a pending VM without a host. */
export interface Stay {
  readonly hostId: string;
  readonly hostName: string;
  /** The VM, when it is about one. */
  readonly vmUuid: string;
  readonly vmName: string;
  readonly trigger: Trigger;
  /** One word, stable for scripts: "no_gain", "no_target", "frozen", "observing", "moving", ... */
  readonly code: string;
  readonly reason: string;
  readonly evidence: readonly string[];
  /** Moves of the plan that leave the host. */
  readonly moves: number;
  readonly refusals: readonly Refusal[];
}

/** Rules that contradict each other, and the VMs they are about. */
export interface Conflict {
  readonly code: string;
  readonly reason: string;
  readonly cure: string;
  readonly ruleIds: readonly string[];
  readonly vmUuids: readonly string[];
}

/** Why the planner stopped: it was done, or it reached this limit. */
export type Stopped = 'complete' | 'move_budget' | 'byte_budget' | 'steps' | 'deadline';

/** The result of planMoves. */
export interface Plan {
  readonly moves: readonly PlannedMove[];
  readonly stays: readonly Stay[];
  readonly conflicts: readonly Conflict[];
  /** Why the cluster as a whole is left alone; empty when it is not. */
  readonly frozenReason: string;
  /** Hosts without VMs once the moves are done, which could be powered off; only with consolidation. */
  readonly emptyHosts: readonly { readonly hostId: string; readonly hostName: string }[];
  /** Cost of all hosts in core equivalents. */
  readonly objective: { readonly before: number; readonly after: number };
  readonly stopped: Stopped;
  /** Work done, as `PlanLimits.steps` counts it. */
  readonly steps: number;
}

/** Limits of the search; others are in the policy. */
export interface PlanLimits {
  /** Candidates looked at: the same number gives the same plan on any machine. */
  readonly steps?: number;
  /** A deadline, polled now and then; true ends the search with the best plan so far. */
  readonly isOver?: () => boolean;
}
