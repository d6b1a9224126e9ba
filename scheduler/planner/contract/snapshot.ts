// All that a plan depends on, as plain data: the same snapshot, policy and limits give the same plan, byte for byte.
//
// Bytes, cores, milliseconds and ratios only. What is optional here may be left out of the JSON; docs/PLANNER.md has the
// whole format as a table, read-snapshot.ts checks it.
import type { RuleKind, RuleStrength } from '../../../shared/rule-words.ts';
import type { LoadResource } from './policy.ts';

export const SNAPSHOT_FORMAT = 'evenkeel-snapshot-1';

/** What is done about a move: nothing, proposed to a person, carried out. */
export type PlanMode = 'observe' | 'recommend' | 'auto';

/** One resource of a host or a VM, in cores, bytes or bytes a second; may be more than there is: it is what is wanted. */
export interface Figures {
  /** Mean of the last k samples. */
  readonly now: number;
  /** A high percentile of the window: what a target must be ready for. */
  readonly peak: number;
  /** Expected at now plus a migration's time, with its error on top; `now` where nothing is known. */
  readonly forecast: number;
}

/** Network and disk only where they are known. */
export interface LoadFigures {
  readonly cpu: Figures;
  readonly memory: Figures;
  readonly network?: Figures;
  readonly disk?: Figures;
}

/** A resource that has been too full for long enough to act on it. */
export interface HotSpot {
  readonly resource: LoadResource;
  readonly sinceMs: number;
  readonly level: 'hot' | 'critical';
  /** The samples that show it, in words. */
  readonly evidence: string;
}

export interface SnapshotHost {
  readonly hostId: string;
  readonly hostName: string;
  readonly state: 'ready' | 'unknown' | 'stale';
  /** A draining host gives all its VMs away and takes none: maintenance, or it leaves. */
  readonly service: 'in_service' | 'draining';
  readonly mode?: PlanMode;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Capacity of the way in or out; without it the network is not looked at. */
  readonly networkBytesPerSecond?: number;
  readonly diskBytesPerSecond?: number;
  /** Of the whole host: its VMs and its own use. VMs on their way in are not part of it, see `migrations`. */
  readonly load: LoadFigures;
  /** What all its VMs may grow to, incoming copies among them. */
  readonly memoryAllocatedBytes: number;
  /** Empty: not hot. Absent: judged by the entry levels from `load.now`. */
  readonly hot?: readonly HotSpot[];
  /** Until then its figures do not yet show what came or went. */
  readonly settlingUntilMs?: number;
  /** What VMs may ask for in `needs`: "arch:x86_64", "pool:shared", "network:lan", "bridge:br0", ... */
  readonly traits: readonly string[];
  /** Watts at evenly spaced CPU loads from idle to full, two or more. */
  readonly watts?: readonly number[];
  readonly migrationsIn: number;
  readonly migrationsOut: number;
}

/** Why a VM stays where it is. */
export interface Hold {
  readonly code: string;
  readonly reason: string;
  readonly cure: string;
  readonly untilMs?: number;
  /** A VM that cools down may still be moved off a host that must be emptied; one that migrates may not. */
  readonly against: 'every_move' | 'optional_moves';
}

/** CPU of one VM over the time that packing looks back on, in cores. */
export interface UsualLoad {
  readonly meanCores: number;
  /** Standard deviation of its samples around that mean. */
  readonly deviationCores: number;
  readonly samples: number;
}

export interface SnapshotVm {
  readonly uuid: string;
  readonly name: string;
  readonly hostId: string;
  readonly vcpus: number;
  /** What it may grow to. */
  readonly memoryMaxBytes: number;
  readonly load: LoadFigures;
  /** CPU over a long run, for packing; without it `load.cpu` has to do. */
  readonly usualCpu?: UsualLoad;
  readonly dirtyBytesPerSecond?: number;
  /** Traits that its host must have. */
  readonly needs?: readonly string[];
  readonly held?: Hold;
  readonly refusedTargets?: readonly {
    readonly hostId: string;
    readonly reason: string;
    readonly untilMs: number;
  }[];
  /** Hosts that it left lately: it does not go back unless it must. */
  readonly leftHosts?: readonly { readonly hostId: string; readonly atMs: number }[];
  readonly mode?: PlanMode;
}

export interface SnapshotRule {
  readonly id: string;
  readonly kind: RuleKind;
  readonly strength: RuleStrength;
  /** uuids; of `pending` VMs, their ids. */
  readonly vms: readonly string[];
  /** hostIds. */
  readonly hosts: readonly string[];
  /** Where a person finds it: "scheduler.yaml", "metadata of web1", "evenkeel rule". */
  readonly writtenIn: string;
}

/** A migration under way, whoever ordered it. */
export interface SnapshotMigration {
  readonly vmUuid: string;
  readonly sourceHostId: string;
  readonly targetHostId: string;
}

/** A new VM that fits nowhere as things are. */
export interface PendingVm {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMaxBytes: number;
  readonly needs?: readonly string[];
}

/** What may still be moved in this hour; without a figure there is no limit. */
export interface Budgets {
  readonly moves?: number;
  readonly bytes?: number;
}

export interface Snapshot {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly atMs: number;
  readonly mode: PlanMode;
  readonly hosts: readonly SnapshotHost[];
  readonly vms: readonly SnapshotVm[];
  readonly rules: readonly SnapshotRule[];
  readonly migrations: readonly SnapshotMigration[];
  readonly pending: readonly PendingVm[];
  readonly budgets: Budgets;
  /** Why nothing that can wait is moved now, for example a quiet window. */
  readonly quietReason?: string;
}

/** VMs have just come to the host or left it, and its figures do not show it yet. */
export function isSettling({ atMs }: Snapshot, { settlingUntilMs = 0 }: SnapshotHost): boolean {
  return settlingUntilMs > atMs;
}
