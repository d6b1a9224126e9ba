// What a plan says: moves in the order in which they are safe, and for all that stays too full or too long the reason.
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

/** What a move brings and what it takes; docs/PLANNER.md defines the cost of a host. */
export interface MoveTerms {
  /** Cost of both hosts that disappears, in core equivalents; negative where a duty asks for the move in spite of it. */
  readonly gainCores: number;
  /** How long what it relieves is expected to last otherwise. */
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
  /** The strictest of cluster, source, target and VM; never observe: what is only observed is not moved. */
  readonly mode: Exclude<PlanMode, 'observe'>;
  /** Places in `moves` of those that must have ended before this one starts: it needs the room they leave. */
  readonly after: readonly number[];
  /** What was looked at instead and refused. */
  readonly refusals: readonly Refusal[];
}

/** A hot or draining host that stays so after all moves, or a pending VM without a place. */
export interface Stay {
  readonly hostId: string;
  readonly hostName: string;
  /** The pending VM, when it is about one. */
  readonly vmUuid: string;
  readonly vmName: string;
  readonly trigger: Trigger;
  /** One word, stable for scripts: "no_gain", "no_target", "frozen", "observing", "moving", ... */
  readonly code: string;
  readonly reason: string;
  readonly evidence: readonly string[];
  /** Moves of the plan that lessen it. */
  readonly moves: number;
  readonly refusals: readonly Refusal[];
}

/** Rules that cannot all be kept, with their culprits. */
export interface Conflict {
  readonly code: string;
  readonly reason: string;
  readonly cure: string;
  readonly ruleIds: readonly string[];
  readonly vmUuids: readonly string[];
}

/** Why the planner stopped: it was done, or what it had to stop at. */
export type Stopped = 'complete' | 'move_budget' | 'byte_budget' | 'steps' | 'deadline';

/** What planMoves gives. */
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

/** What bounds a plan besides the policy. */
export interface PlanLimits {
  /** Candidates looked at: the same number gives the same plan on any machine. */
  readonly steps?: number;
  /** A deadline, asked now and then; true ends the search with the best plan so far. */
  readonly isOver?: () => boolean;
}
