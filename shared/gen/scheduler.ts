// Generated from proto/evenkeel/v1/scheduler.proto by "npm run generate".
import type * as grpc from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { AgentStatusInput, AgentStatus, DecisionInput, Decision, HostFactsInput, HostFacts, HostSampleInput, HostSample, MigrationInput, Migration, ModeInput, Mode, MoveInput, Move, MoveObstacleInput, MoveObstacle, RefusalInput, Refusal, RuleKindInput, RuleKind, RuleStrengthInput, RuleStrength, VmSampleInput, VmSample } from './telemetry.ts';
import type { KeptVolumeInput, KeptVolume, VmInput, Vm, VmSpecInput, VmSpec } from './agent.ts';

export interface AddRuleRequestInput {
  /**
   * Without rule_id it gets one; with rule_id it replaces the rule with that id.
   */
  rule?: RuleInput | null;
}

export interface AddRuleRequest {
  /**
   * Without rule_id it gets one; with rule_id it replaces the rule with that id.
   */
  rule: Rule | null;
}

export interface AddRuleResponseInput {
  rule?: RuleInput | null;
}

export interface AddRuleResponse {
  rule: Rule | null;
}

export interface ApproveProposalRequestInput {
  proposalId?: string;
}

export interface ApproveProposalRequest {
  proposalId: string;
}

export interface ApproveProposalResponseInput {
  proposal?: ProposalInput | null;
}

export interface ApproveProposalResponse {
  proposal: Proposal | null;
}

export interface EnterMaintenanceRequestInput {
  host?: string;
  /**
   * Only return what would move where and what cannot leave.
   */
  checkOnly?: boolean;
  /**
   * Proceed although some VMs cannot leave; otherwise that is FAILED_PRECONDITION.
   */
  acceptRemaining?: boolean;
  reason?: string;
}

export interface EnterMaintenanceRequest {
  host: string;
  /**
   * Only return what would move where and what cannot leave.
   */
  checkOnly: boolean;
  /**
   * Proceed although some VMs cannot leave; otherwise that is FAILED_PRECONDITION.
   */
  acceptRemaining: boolean;
  reason: string;
}

export interface EnterMaintenanceResponseInput {
  maintenance?: MaintenanceInput | null;
}

export interface EnterMaintenanceResponse {
  maintenance: Maintenance | null;
}

export interface ExitMaintenanceRequestInput {
  host?: string;
}

export interface ExitMaintenanceRequest {
  host: string;
}

export interface ExitMaintenanceResponseInput {
  maintenance?: MaintenanceInput | null;
}

export interface ExitMaintenanceResponse {
  maintenance: Maintenance | null;
}

export interface ExplainRequestInput {
  /**
   * VM name or uuid; empty to ask about a host.
   */
  vm?: string;
  /**
   * Host id or name; empty to ask about a VM.
   */
  host?: string;
}

export interface ExplainRequest {
  /**
   * VM name or uuid; empty to ask about a host.
   */
  vm: string;
  /**
   * Host id or name; empty to ask about a VM.
   */
  host: string;
}

export interface ExplainResponseInput {
  /**
   * Absent if the request was about a host.
   */
  vm?: VmLoadInput | null;
  host?: HostLoadInput | null;
  /**
   * Plain sentences, most important first.
   */
  sentences?: string[];
  /**
   * Why each of the other hosts cannot take the VM now.
   */
  refusals?: RefusalInput[];
  possibleTargets?: string[];
  decisions?: DecisionInput[];
  migrations?: MigrationInput[];
  /**
   * Predicted and measured figures of its latest moves.
   */
  reviews?: MoveReviewInput[];
}

export interface ExplainResponse {
  /**
   * Absent if the request was about a host.
   */
  vm: VmLoad | null;
  host: HostLoad | null;
  /**
   * Plain sentences, most important first.
   */
  sentences: string[];
  /**
   * Why each of the other hosts cannot take the VM now.
   */
  refusals: Refusal[];
  possibleTargets: string[];
  decisions: Decision[];
  migrations: Migration[];
  /**
   * Predicted and measured figures of its latest moves.
   */
  reviews: MoveReview[];
}

export interface GetModeRequestInput {
}

export interface GetModeRequest {
}

export interface GetModeResponseInput {
  mode?: ModeInput;
  overrides?: ModeOverrideInput[];
}

export interface GetModeResponse {
  mode: Mode;
  overrides: ModeOverride[];
}

export interface GetRecordRequestInput {
  /**
   * Id of a decision or a record.
   */
  recordId?: string;
}

export interface GetRecordRequest {
  /**
   * Id of a decision or a record.
   */
  recordId: string;
}

export interface GetRecordResponseInput {
  /**
   * JSON of snapshot, policy, limits and plan: docs/PLANNER.md.
   */
  json?: Buffer | Uint8Array | string;
}

export interface GetRecordResponse {
  /**
   * JSON of snapshot, policy, limits and plan: docs/PLANNER.md.
   */
  json: Buffer;
}

/**
 * A host as the scheduler sees it.
 */
export interface HostLoadInput {
  hostId?: string;
  hostName?: string;
  state?: HostStateInput;
  lastReportAtMs?: number;
  facts?: HostFactsInput | null;
  sample?: HostSampleInput | null;
  agent?: AgentStatusInput | null;
  vmsRunning?: number;
  /**
   * Sum of the memory that its VMs may grow to.
   */
  memoryAllocatedBytes?: number;
  cpuDemandRatio?: number;
  memoryUsedRatio?: number;
  /**
   * Resources at or over their entry level in k of n samples: "cpu", "memory".
   */
  hotResources?: string[];
  /**
   * 0 when not hot.
   */
  hotSinceMs?: number;
  migrationsIn?: number;
  migrationsOut?: number;
  /**
   * It is being emptied or kept empty for maintenance.
   */
  inMaintenance?: boolean;
  /**
   * What is wrong with its id, its clock or its reports, with the cure; empty when nothing is.
   */
  warning?: string;
}

/**
 * A host as the scheduler sees it.
 */
export interface HostLoad {
  hostId: string;
  hostName: string;
  state: HostState;
  lastReportAtMs: number;
  facts: HostFacts | null;
  sample: HostSample | null;
  agent: AgentStatus | null;
  vmsRunning: number;
  /**
   * Sum of the memory that its VMs may grow to.
   */
  memoryAllocatedBytes: number;
  cpuDemandRatio: number;
  memoryUsedRatio: number;
  /**
   * Resources at or over their entry level in k of n samples: "cpu", "memory".
   */
  hotResources: string[];
  /**
   * 0 when not hot.
   */
  hotSinceMs: number;
  migrationsIn: number;
  migrationsOut: number;
  /**
   * It is being emptied or kept empty for maintenance.
   */
  inMaintenance: boolean;
  /**
   * What is wrong with its id, its clock or its reports, with the cure; empty when nothing is.
   */
  warning: string;
}

export const HostState = {
  HOST_STATE_UNSPECIFIED: 'HOST_STATE_UNSPECIFIED',
  /**
   * Reports arrive and are complete.
   */
  HOST_STATE_READY: 'HOST_STATE_READY',
  /**
   * Reports arrive, but libvirt does not answer: neither source nor target.
   */
  HOST_STATE_UNKNOWN: 'HOST_STATE_UNKNOWN',
  /**
   * No report for several intervals: neither source nor target.
   */
  HOST_STATE_STALE: 'HOST_STATE_STALE',
} as const;

export type HostStateInput =
  | 'HOST_STATE_UNSPECIFIED'
  /**
   * Reports arrive and are complete.
   */
  | 'HOST_STATE_READY'
  /**
   * Reports arrive, but libvirt does not answer: neither source nor target.
   */
  | 'HOST_STATE_UNKNOWN'
  /**
   * No report for several intervals: neither source nor target.
   */
  | 'HOST_STATE_STALE'

export type HostState = typeof HostState[keyof typeof HostState]

export interface ListDecisionsRequestInput {
  limit?: number;
}

export interface ListDecisionsRequest {
  limit: number;
}

export interface ListDecisionsResponseInput {
  decisions?: DecisionInput[];
}

export interface ListDecisionsResponse {
  decisions: Decision[];
}

export interface ListHostsRequestInput {
}

export interface ListHostsRequest {
}

export interface ListHostsResponseInput {
  hosts?: HostLoadInput[];
}

export interface ListHostsResponse {
  hosts: HostLoad[];
}

export interface ListMaintenanceRequestInput {
}

export interface ListMaintenanceRequest {
}

export interface ListMaintenanceResponseInput {
  maintenance?: MaintenanceInput[];
}

export interface ListMaintenanceResponse {
  maintenance: Maintenance[];
}

export interface ListMigrationsRequestInput {
  limit?: number;
  activeOnly?: boolean;
}

export interface ListMigrationsRequest {
  limit: number;
  activeOnly: boolean;
}

export interface ListMigrationsResponseInput {
  migrations?: MigrationInput[];
}

export interface ListMigrationsResponse {
  migrations: Migration[];
}

export interface ListProposalsRequestInput {
  waitingOnly?: boolean;
  limit?: number;
}

export interface ListProposalsRequest {
  waitingOnly: boolean;
  limit: number;
}

export interface ListProposalsResponseInput {
  proposals?: ProposalInput[];
}

export interface ListProposalsResponse {
  proposals: Proposal[];
}

export interface ListRulesRequestInput {
}

export interface ListRulesRequest {
}

export interface ListRulesResponseInput {
  rules?: RuleInput[];
  conflicts?: RuleConflictInput[];
}

export interface ListRulesResponse {
  rules: Rule[];
  conflicts: RuleConflict[];
}

export interface ListVmLoadsRequestInput {
  /**
   * Host id or name; empty for all.
   */
  host?: string;
}

export interface ListVmLoadsRequest {
  /**
   * Host id or name; empty for all.
   */
  host: string;
}

export interface ListVmLoadsResponseInput {
  vms?: VmLoadInput[];
}

export interface ListVmLoadsResponse {
  vms: VmLoad[];
}

/**
 * A host in maintenance and its progress.
 */
export interface MaintenanceInput {
  hostId?: string;
  hostName?: string;
  enteredAtMs?: number;
  reason?: string;
  /**
   * Number of VMs when it entered maintenance, now, and those of them that are moving.
   */
  vmsAtEntry?: number;
  vmsLeft?: number;
  vmsMoving?: number;
  /**
   * The remaining moves in order, as planned now.
   */
  moves?: MoveInput[];
  /**
   * The VMs that cannot leave, with the reasons.
   */
  impossible?: RefusalInput[];
  /**
   * Expected duration of all remaining moves together.
   */
  remainingMs?: number;
}

/**
 * A host in maintenance and its progress.
 */
export interface Maintenance {
  hostId: string;
  hostName: string;
  enteredAtMs: number;
  reason: string;
  /**
   * Number of VMs when it entered maintenance, now, and those of them that are moving.
   */
  vmsAtEntry: number;
  vmsLeft: number;
  vmsMoving: number;
  /**
   * The remaining moves in order, as planned now.
   */
  moves: Move[];
  /**
   * The VMs that cannot leave, with the reasons.
   */
  impossible: Refusal[];
  /**
   * Expected duration of all remaining moves together.
   */
  remainingMs: number;
}

/**
 * A host or VM with its own mode. The VM's own mode comes first, then the more cautious one of its host and its target,
 * then the cluster's; while the cluster's is observe, nothing moves.
 */
export interface ModeOverrideInput {
  mode?: ModeInput;
  hostId?: string;
  hostName?: string;
  vmUuid?: string;
  vmName?: string;
}

/**
 * A host or VM with its own mode. The VM's own mode comes first, then the more cautious one of its host and its target,
 * then the cluster's; while the cluster's is observe, nothing moves.
 */
export interface ModeOverride {
  mode: Mode;
  hostId: string;
  hostName: string;
  vmUuid: string;
  vmName: string;
}

/**
 * Predicted and measured figures of a move that has ended.
 */
export interface MoveReviewInput {
  migrationId?: string;
  decisionId?: string;
  vmName?: string;
  figures?: ReviewedFigureInput[];
}

/**
 * Predicted and measured figures of a move that has ended.
 */
export interface MoveReview {
  migrationId: string;
  decisionId: string;
  vmName: string;
  figures: ReviewedFigure[];
}

export interface PlanRequestInput {
}

export interface PlanRequest {
}

export interface PlanResponseInput {
  mode?: ModeInput;
  /**
   * One for each move, and one for each host or VM that stays although something asks for a move.
   */
  decisions?: DecisionInput[];
  /**
   * If the whole cluster is left alone, the reason, for example too many unknown hosts.
   */
  frozenReason?: string;
  conflicts?: RuleConflictInput[];
  /**
   * Hosts without a VM after the plan, which could be powered off.
   */
  emptyHosts?: string[];
  /**
   * Why the search ended: "complete", "move_budget", "byte_budget", "steps", "deadline".
   */
  stopped?: string;
}

export interface PlanResponse {
  mode: Mode;
  /**
   * One for each move, and one for each host or VM that stays although something asks for a move.
   */
  decisions: Decision[];
  /**
   * If the whole cluster is left alone, the reason, for example too many unknown hosts.
   */
  frozenReason: string;
  conflicts: RuleConflict[];
  /**
   * Hosts without a VM after the plan, which could be powered off.
   */
  emptyHosts: string[];
  /**
   * Why the search ended: "complete", "move_budget", "byte_budget", "steps", "deadline".
   */
  stopped: string;
}

/**
 * A move that waits for an operator.
 */
export interface ProposalInput {
  proposalId?: string;
  decisionId?: string;
  trigger?: string;
  move?: MoveInput | null;
  state?: ProposalStateInput;
  proposedAtMs?: number;
  expiresAtMs?: number;
  endedAtMs?: number;
  /**
   * Why it ended.
   */
  note?: string;
  /**
   * The migration that executes it, once started.
   */
  migrationId?: string;
}

/**
 * A move that waits for an operator.
 */
export interface Proposal {
  proposalId: string;
  decisionId: string;
  trigger: string;
  move: Move | null;
  state: ProposalState;
  proposedAtMs: number;
  expiresAtMs: number;
  endedAtMs: number;
  /**
   * Why it ended.
   */
  note: string;
  /**
   * The migration that executes it, once started.
   */
  migrationId: string;
}

export const ProposalState = {
  PROPOSAL_STATE_UNSPECIFIED: 'PROPOSAL_STATE_UNSPECIFIED',
  PROPOSAL_STATE_WAITING: 'PROPOSAL_STATE_WAITING',
  /**
   * Checked again, and started.
   */
  PROPOSAL_STATE_STARTED: 'PROPOSAL_STATE_STARTED',
  PROPOSAL_STATE_REJECTED: 'PROPOSAL_STATE_REJECTED',
  /**
   * No operator answered in time.
   */
  PROPOSAL_STATE_EXPIRED: 'PROPOSAL_STATE_EXPIRED',
  /**
   * Its reason is gone.
   */
  PROPOSAL_STATE_WITHDRAWN: 'PROPOSAL_STATE_WITHDRAWN',
  /**
   * An operator approved it; it starts when its hosts have a free slot.
   */
  PROPOSAL_STATE_APPROVED: 'PROPOSAL_STATE_APPROVED',
} as const;

export type ProposalStateInput =
  | 'PROPOSAL_STATE_UNSPECIFIED'
  | 'PROPOSAL_STATE_WAITING'
  /**
   * Checked again, and started.
   */
  | 'PROPOSAL_STATE_STARTED'
  | 'PROPOSAL_STATE_REJECTED'
  /**
   * No operator answered in time.
   */
  | 'PROPOSAL_STATE_EXPIRED'
  /**
   * Its reason is gone.
   */
  | 'PROPOSAL_STATE_WITHDRAWN'
  /**
   * An operator approved it; it starts when its hosts have a free slot.
   */
  | 'PROPOSAL_STATE_APPROVED'

export type ProposalState = typeof ProposalState[keyof typeof ProposalState]

export interface RejectProposalRequestInput {
  proposalId?: string;
}

export interface RejectProposalRequest {
  proposalId: string;
}

export interface RejectProposalResponseInput {
  proposal?: ProposalInput | null;
}

export interface RejectProposalResponse {
  proposal: Proposal | null;
}

export interface RemoveRuleRequestInput {
  ruleId?: string;
}

export interface RemoveRuleRequest {
  ruleId: string;
}

export interface RemoveRuleResponseInput {
  rule?: RuleInput | null;
}

export interface RemoveRuleResponse {
  rule: Rule | null;
}

export interface ReviewedFigureInput {
  /**
   * "seconds", "bytes", "kvm1 cpu", "kvm2 memory", ...
   */
  name?: string;
  predicted?: number;
  /**
   * Absent until it is known.
   */
  actual?: number;
  /**
   * "ms", "bytes" or "ratio".
   */
  unit?: string;
  '_actual'?: "actual";
}

export interface ReviewedFigure {
  /**
   * "seconds", "bytes", "kvm1 cpu", "kvm2 memory", ...
   */
  name: string;
  predicted: number;
  /**
   * Absent until it is known.
   */
  actual?: number;
  /**
   * "ms", "bytes" or "ratio".
   */
  unit: string;
}

/**
 * A rule about where VMs run.
 */
export interface RuleInput {
  ruleId?: string;
  kind?: RuleKindInput;
  strength?: RuleStrengthInput;
  /**
   * Names or uuids.
   */
  vms?: string[];
  /**
   * Names or ids.
   */
  hosts?: string[];
  /**
   * Where it is defined: "evenkeel rule", "scheduler.yaml", or "metadata of web1, web2".
   */
  writtenIn?: string;
  writtenAtMs?: number;
  comment?: string;
  /**
   * VMs and hosts of the rule that were never seen; the rule applies to the others.
   */
  unknown?: string[];
}

/**
 * A rule about where VMs run.
 */
export interface Rule {
  ruleId: string;
  kind: RuleKind;
  strength: RuleStrength;
  /**
   * Names or uuids.
   */
  vms: string[];
  /**
   * Names or ids.
   */
  hosts: string[];
  /**
   * Where it is defined: "evenkeel rule", "scheduler.yaml", or "metadata of web1, web2".
   */
  writtenIn: string;
  writtenAtMs: number;
  comment: string;
  /**
   * VMs and hosts of the rule that were never seen; the rule applies to the others.
   */
  unknown: string[];
}

/**
 * Must-rules that cannot hold together.
 */
export interface RuleConflictInput {
  code?: string;
  reason?: string;
  cure?: string;
  ruleIds?: string[];
  vms?: string[];
}

/**
 * Must-rules that cannot hold together.
 */
export interface RuleConflict {
  code: string;
  reason: string;
  cure: string;
  ruleIds: string[];
  vms: string[];
}

/**
 * Hosts and VMs may be named by id or by name; an unknown one is NOT_FOUND, and the text lists the known ones.
 */

/**
 * Hosts and VMs may be named by id or by name; an unknown one is NOT_FOUND, and the text lists the known ones.
 */
export interface SchedulerServiceHandlers extends grpc.UntypedServiceImplementation {
  AbortMigration: grpc.handleUnaryCall<SchedulerServiceAbortMigrationRequest, SchedulerServiceAbortMigrationResponseInput>;

  /**
   * FAILED_PRECONDITION if it conflicts with other rules, which the text names.
   */
  AddRule: grpc.handleUnaryCall<AddRuleRequest, AddRuleResponseInput>;

  /**
   * The move is checked again, now and before it starts: FAILED_PRECONDITION if it no longer helps or is no longer safe.
   */
  ApproveProposal: grpc.handleUnaryCall<ApproveProposalRequest, ApproveProposalResponseInput>;

  /**
   * The life cycle of VMs; the scheduler finds the host, or chooses one for a new VM.
   */
  CreateVm: grpc.handleUnaryCall<SchedulerServiceCreateVmRequest, SchedulerServiceCreateVmResponseInput>;

  DestroyVm: grpc.handleUnaryCall<SchedulerServiceDestroyVmRequest, SchedulerServiceDestroyVmResponseInput>;

  /**
   * Empties a host in order and keeps it empty. With check_only it changes nothing and returns what would move where.
   */
  EnterMaintenance: grpc.handleUnaryCall<EnterMaintenanceRequest, EnterMaintenanceResponseInput>;

  ExitMaintenance: grpc.handleUnaryCall<ExitMaintenanceRequest, ExitMaintenanceResponseInput>;

  /**
   * Why a VM moved or did not, and why it may or may not move now.
   */
  Explain: grpc.handleUnaryCall<ExplainRequest, ExplainResponseInput>;

  /**
   * The mode of the cluster, and the modes set for hosts and VMs.
   */
  GetMode: grpc.handleUnaryCall<GetModeRequest, GetModeResponseInput>;

  /**
   * All that a decision was made from, so that it can be made again.
   */
  GetRecord: grpc.handleUnaryCall<GetRecordRequest, GetRecordResponseInput>;

  GetVm: grpc.handleUnaryCall<SchedulerServiceGetVmRequest, SchedulerServiceGetVmResponseInput>;

  /**
   * The latest decisions, newest first.
   */
  ListDecisions: grpc.handleUnaryCall<ListDecisionsRequest, ListDecisionsResponseInput>;

  ListHosts: grpc.handleUnaryCall<ListHostsRequest, ListHostsResponseInput>;

  ListMaintenance: grpc.handleUnaryCall<ListMaintenanceRequest, ListMaintenanceResponseInput>;

  ListMigrations: grpc.handleUnaryCall<ListMigrationsRequest, ListMigrationsResponseInput>;

  /**
   * Moves that wait for an operator, and the latest others with what became of them, newest first.
   */
  ListProposals: grpc.handleUnaryCall<ListProposalsRequest, ListProposalsResponseInput>;

  /**
   * Every rule, wherever it is defined, and the conflicts between rules.
   */
  ListRules: grpc.handleUnaryCall<ListRulesRequest, ListRulesResponseInput>;

  ListVmLoads: grpc.handleUnaryCall<ListVmLoadsRequest, ListVmLoadsResponseInput>;

  /**
   * Orders a migration, to the best host if none is named, and streams it to its end. It continues if the stream breaks.
   */
  Migrate: grpc.handleServerStreamingCall<SchedulerServiceMigrateRequest, SchedulerServiceMigrateResponseInput>;

  /**
   * What the planner would do now; changes nothing.
   */
  Plan: grpc.handleUnaryCall<PlanRequest, PlanResponseInput>;

  /**
   * The same move is not proposed again for a while.
   */
  RejectProposal: grpc.handleUnaryCall<RejectProposalRequest, RejectProposalResponseInput>;

  RemoveRule: grpc.handleUnaryCall<RemoveRuleRequest, RemoveRuleResponseInput>;

  SetMode: grpc.handleUnaryCall<SetModeRequest, SetModeResponseInput>;

  ShutdownVm: grpc.handleUnaryCall<SchedulerServiceShutdownVmRequest, SchedulerServiceShutdownVmResponseInput>;

  StartVm: grpc.handleUnaryCall<SchedulerServiceStartVmRequest, SchedulerServiceStartVmResponseInput>;

  /**
   * All that a plan depends on now, as JSON.
   */
  TakeSnapshot: grpc.handleUnaryCall<TakeSnapshotRequest, TakeSnapshotResponseInput>;

  UndefineVm: grpc.handleUnaryCall<SchedulerServiceUndefineVmRequest, SchedulerServiceUndefineVmResponseInput>;

  /**
   * Hosts and VMs with their load, at once and after each change, at most once per interval_ms.
   */
  WatchLoad: grpc.handleServerStreamingCall<WatchLoadRequest, WatchLoadResponseInput>;

}

export interface SchedulerServiceDefinition extends grpc.ServiceDefinition {
  AbortMigration: MethodDefinition<SchedulerServiceAbortMigrationRequestInput, SchedulerServiceAbortMigrationResponseInput, SchedulerServiceAbortMigrationRequest, SchedulerServiceAbortMigrationResponse>
  AddRule: MethodDefinition<AddRuleRequestInput, AddRuleResponseInput, AddRuleRequest, AddRuleResponse>
  ApproveProposal: MethodDefinition<ApproveProposalRequestInput, ApproveProposalResponseInput, ApproveProposalRequest, ApproveProposalResponse>
  CreateVm: MethodDefinition<SchedulerServiceCreateVmRequestInput, SchedulerServiceCreateVmResponseInput, SchedulerServiceCreateVmRequest, SchedulerServiceCreateVmResponse>
  DestroyVm: MethodDefinition<SchedulerServiceDestroyVmRequestInput, SchedulerServiceDestroyVmResponseInput, SchedulerServiceDestroyVmRequest, SchedulerServiceDestroyVmResponse>
  EnterMaintenance: MethodDefinition<EnterMaintenanceRequestInput, EnterMaintenanceResponseInput, EnterMaintenanceRequest, EnterMaintenanceResponse>
  ExitMaintenance: MethodDefinition<ExitMaintenanceRequestInput, ExitMaintenanceResponseInput, ExitMaintenanceRequest, ExitMaintenanceResponse>
  Explain: MethodDefinition<ExplainRequestInput, ExplainResponseInput, ExplainRequest, ExplainResponse>
  GetMode: MethodDefinition<GetModeRequestInput, GetModeResponseInput, GetModeRequest, GetModeResponse>
  GetRecord: MethodDefinition<GetRecordRequestInput, GetRecordResponseInput, GetRecordRequest, GetRecordResponse>
  GetVm: MethodDefinition<SchedulerServiceGetVmRequestInput, SchedulerServiceGetVmResponseInput, SchedulerServiceGetVmRequest, SchedulerServiceGetVmResponse>
  ListDecisions: MethodDefinition<ListDecisionsRequestInput, ListDecisionsResponseInput, ListDecisionsRequest, ListDecisionsResponse>
  ListHosts: MethodDefinition<ListHostsRequestInput, ListHostsResponseInput, ListHostsRequest, ListHostsResponse>
  ListMaintenance: MethodDefinition<ListMaintenanceRequestInput, ListMaintenanceResponseInput, ListMaintenanceRequest, ListMaintenanceResponse>
  ListMigrations: MethodDefinition<ListMigrationsRequestInput, ListMigrationsResponseInput, ListMigrationsRequest, ListMigrationsResponse>
  ListProposals: MethodDefinition<ListProposalsRequestInput, ListProposalsResponseInput, ListProposalsRequest, ListProposalsResponse>
  ListRules: MethodDefinition<ListRulesRequestInput, ListRulesResponseInput, ListRulesRequest, ListRulesResponse>
  ListVmLoads: MethodDefinition<ListVmLoadsRequestInput, ListVmLoadsResponseInput, ListVmLoadsRequest, ListVmLoadsResponse>
  Migrate: MethodDefinition<SchedulerServiceMigrateRequestInput, SchedulerServiceMigrateResponseInput, SchedulerServiceMigrateRequest, SchedulerServiceMigrateResponse>
  Plan: MethodDefinition<PlanRequestInput, PlanResponseInput, PlanRequest, PlanResponse>
  RejectProposal: MethodDefinition<RejectProposalRequestInput, RejectProposalResponseInput, RejectProposalRequest, RejectProposalResponse>
  RemoveRule: MethodDefinition<RemoveRuleRequestInput, RemoveRuleResponseInput, RemoveRuleRequest, RemoveRuleResponse>
  SetMode: MethodDefinition<SetModeRequestInput, SetModeResponseInput, SetModeRequest, SetModeResponse>
  ShutdownVm: MethodDefinition<SchedulerServiceShutdownVmRequestInput, SchedulerServiceShutdownVmResponseInput, SchedulerServiceShutdownVmRequest, SchedulerServiceShutdownVmResponse>
  StartVm: MethodDefinition<SchedulerServiceStartVmRequestInput, SchedulerServiceStartVmResponseInput, SchedulerServiceStartVmRequest, SchedulerServiceStartVmResponse>
  TakeSnapshot: MethodDefinition<TakeSnapshotRequestInput, TakeSnapshotResponseInput, TakeSnapshotRequest, TakeSnapshotResponse>
  UndefineVm: MethodDefinition<SchedulerServiceUndefineVmRequestInput, SchedulerServiceUndefineVmResponseInput, SchedulerServiceUndefineVmRequest, SchedulerServiceUndefineVmResponse>
  WatchLoad: MethodDefinition<WatchLoadRequestInput, WatchLoadResponseInput, WatchLoadRequest, WatchLoadResponse>
}

export interface SchedulerServiceAbortMigrationRequestInput {
  migrationId?: string;
}

export interface SchedulerServiceAbortMigrationRequest {
  migrationId: string;
}

export interface SchedulerServiceAbortMigrationResponseInput {
  migration?: MigrationInput | null;
}

export interface SchedulerServiceAbortMigrationResponse {
  migration: Migration | null;
}

export interface SchedulerServiceCreateVmRequestInput {
  spec?: VmSpecInput | null;
  /**
   * Host id or name; if empty, the scheduler chooses the one with the most room.
   */
  host?: string;
  start?: boolean;
  /**
   * If it fits nowhere, move other VMs to make room, and wait for that.
   */
  makeRoom?: boolean;
}

export interface SchedulerServiceCreateVmRequest {
  spec: VmSpec | null;
  /**
   * Host id or name; if empty, the scheduler chooses the one with the most room.
   */
  host: string;
  start: boolean;
  /**
   * If it fits nowhere, move other VMs to make room, and wait for that.
   */
  makeRoom: boolean;
}

export interface SchedulerServiceCreateVmResponseInput {
  vm?: VmInput | null;
  hostId?: string;
  hostName?: string;
}

export interface SchedulerServiceCreateVmResponse {
  vm: Vm | null;
  hostId: string;
  hostName: string;
}

export interface SchedulerServiceDestroyVmRequestInput {
  vm?: string;
}

export interface SchedulerServiceDestroyVmRequest {
  vm: string;
}

export interface SchedulerServiceDestroyVmResponseInput {
  vm?: VmInput | null;
}

export interface SchedulerServiceDestroyVmResponse {
  vm: Vm | null;
}

export interface SchedulerServiceGetVmRequestInput {
  vm?: string;
  includeXml?: boolean;
}

export interface SchedulerServiceGetVmRequest {
  vm: string;
  includeXml: boolean;
}

export interface SchedulerServiceGetVmResponseInput {
  vm?: VmInput | null;
  hostId?: string;
  hostName?: string;
  xml?: string;
  /**
   * What keeps a running VM on its host, whatever the target.
   */
  obstacles?: MoveObstacleInput[];
}

export interface SchedulerServiceGetVmResponse {
  vm: Vm | null;
  hostId: string;
  hostName: string;
  xml: string;
  /**
   * What keeps a running VM on its host, whatever the target.
   */
  obstacles: MoveObstacle[];
}

export interface SchedulerServiceMigrateRequestInput {
  vm?: string;
  /**
   * Host id or name; if empty, the planner chooses.
   */
  targetHost?: string;
}

export interface SchedulerServiceMigrateRequest {
  vm: string;
  /**
   * Host id or name; if empty, the planner chooses.
   */
  targetHost: string;
}

export interface SchedulerServiceMigrateResponseInput {
  migration?: MigrationInput | null;
}

export interface SchedulerServiceMigrateResponse {
  migration: Migration | null;
}

export interface SchedulerServiceShutdownVmRequestInput {
  vm?: string;
}

export interface SchedulerServiceShutdownVmRequest {
  vm: string;
}

export interface SchedulerServiceShutdownVmResponseInput {
  vm?: VmInput | null;
}

export interface SchedulerServiceShutdownVmResponse {
  vm: Vm | null;
}

export interface SchedulerServiceStartVmRequestInput {
  vm?: string;
}

export interface SchedulerServiceStartVmRequest {
  vm: string;
}

export interface SchedulerServiceStartVmResponseInput {
  vm?: VmInput | null;
}

export interface SchedulerServiceStartVmResponse {
  vm: Vm | null;
}

export interface SchedulerServiceUndefineVmRequestInput {
  vm?: string;
  deleteVolumes?: boolean;
}

export interface SchedulerServiceUndefineVmRequest {
  vm: string;
  deleteVolumes: boolean;
}

export interface SchedulerServiceUndefineVmResponseInput {
  deletedVolumes?: string[];
  keptVolumes?: KeptVolumeInput[];
}

export interface SchedulerServiceUndefineVmResponse {
  deletedVolumes: string[];
  keptVolumes: KeptVolume[];
}

export interface SetModeRequestInput {
  /**
   * MODE_UNSPECIFIED removes the own mode of that host or VM.
   */
  mode?: ModeInput;
  /**
   * Host id or name, or VM uuid or name; both empty for the cluster.
   */
  host?: string;
  vm?: string;
}

export interface SetModeRequest {
  /**
   * MODE_UNSPECIFIED removes the own mode of that host or VM.
   */
  mode: Mode;
  /**
   * Host id or name, or VM uuid or name; both empty for the cluster.
   */
  host: string;
  vm: string;
}

export interface SetModeResponseInput {
  mode?: ModeInput;
  overrides?: ModeOverrideInput[];
}

export interface SetModeResponse {
  mode: Mode;
  overrides: ModeOverride[];
}

export interface TakeSnapshotRequestInput {
}

export interface TakeSnapshotRequest {
}

export interface TakeSnapshotResponseInput {
  /**
   * JSON of the current snapshot, policy and limits: docs/PLANNER.md.
   */
  json?: Buffer | Uint8Array | string;
}

export interface TakeSnapshotResponse {
  /**
   * JSON of the current snapshot, policy and limits: docs/PLANNER.md.
   */
  json: Buffer;
}

/**
 * A VM as the scheduler sees it, on the host that runs it.
 */
export interface VmLoadInput {
  sample?: VmSampleInput | null;
  hostId?: string;
  hostName?: string;
  lastReportAtMs?: number;
  /**
   * 0 when free to move.
   */
  coolDownUntilMs?: number;
  /**
   * The migration it is in; empty if none.
   */
  migrationId?: string;
  /**
   * Set if more than one host reports it as running, or its host is stale: do not act on it.
   */
  warning?: string;
}

/**
 * A VM as the scheduler sees it, on the host that runs it.
 */
export interface VmLoad {
  sample: VmSample | null;
  hostId: string;
  hostName: string;
  lastReportAtMs: number;
  /**
   * 0 when free to move.
   */
  coolDownUntilMs: number;
  /**
   * The migration it is in; empty if none.
   */
  migrationId: string;
  /**
   * Set if more than one host reports it as running, or its host is stale: do not act on it.
   */
  warning: string;
}

/**
 * A new VM for which a caller waits while room is made; schedulers share it in NATS.
 */
export interface WaitingVmInput {
  id?: string;
  name?: string;
  vcpus?: number;
  memoryMaxBytes?: number;
  /**
   * Traits that its host must have, such as "pool:shared".
   */
  needs?: string[];
  /**
   * After this the caller no longer waits.
   */
  expiresAtMs?: number;
}

/**
 * A new VM for which a caller waits while room is made; schedulers share it in NATS.
 */
export interface WaitingVm {
  id: string;
  name: string;
  vcpus: number;
  memoryMaxBytes: number;
  /**
   * Traits that its host must have, such as "pool:shared".
   */
  needs: string[];
  /**
   * After this the caller no longer waits.
   */
  expiresAtMs: number;
}

export interface WatchLoadRequestInput {
  intervalMs?: number;
}

export interface WatchLoadRequest {
  intervalMs: number;
}

export interface WatchLoadResponseInput {
  atMs?: number;
  hosts?: HostLoadInput[];
  vms?: VmLoadInput[];
  migrations?: MigrationInput[];
}

export interface WatchLoadResponse {
  atMs: number;
  hosts: HostLoad[];
  vms: VmLoad[];
  migrations: Migration[];
}
