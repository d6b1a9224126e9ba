// Original file: proto/evenkeel/v1/scheduler.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AddRuleRequestInput as _evenkeel_v1_AddRuleRequestInput, AddRuleRequest as _evenkeel_v1_AddRuleRequest } from '../../evenkeel/v1/AddRuleRequest.ts';
import type { AddRuleResponseInput as _evenkeel_v1_AddRuleResponseInput, AddRuleResponse as _evenkeel_v1_AddRuleResponse } from '../../evenkeel/v1/AddRuleResponse.ts';
import type { ApproveProposalRequestInput as _evenkeel_v1_ApproveProposalRequestInput, ApproveProposalRequest as _evenkeel_v1_ApproveProposalRequest } from '../../evenkeel/v1/ApproveProposalRequest.ts';
import type { ApproveProposalResponseInput as _evenkeel_v1_ApproveProposalResponseInput, ApproveProposalResponse as _evenkeel_v1_ApproveProposalResponse } from '../../evenkeel/v1/ApproveProposalResponse.ts';
import type { EnterMaintenanceRequestInput as _evenkeel_v1_EnterMaintenanceRequestInput, EnterMaintenanceRequest as _evenkeel_v1_EnterMaintenanceRequest } from '../../evenkeel/v1/EnterMaintenanceRequest.ts';
import type { EnterMaintenanceResponseInput as _evenkeel_v1_EnterMaintenanceResponseInput, EnterMaintenanceResponse as _evenkeel_v1_EnterMaintenanceResponse } from '../../evenkeel/v1/EnterMaintenanceResponse.ts';
import type { ExitMaintenanceRequestInput as _evenkeel_v1_ExitMaintenanceRequestInput, ExitMaintenanceRequest as _evenkeel_v1_ExitMaintenanceRequest } from '../../evenkeel/v1/ExitMaintenanceRequest.ts';
import type { ExitMaintenanceResponseInput as _evenkeel_v1_ExitMaintenanceResponseInput, ExitMaintenanceResponse as _evenkeel_v1_ExitMaintenanceResponse } from '../../evenkeel/v1/ExitMaintenanceResponse.ts';
import type { ExplainRequestInput as _evenkeel_v1_ExplainRequestInput, ExplainRequest as _evenkeel_v1_ExplainRequest } from '../../evenkeel/v1/ExplainRequest.ts';
import type { ExplainResponseInput as _evenkeel_v1_ExplainResponseInput, ExplainResponse as _evenkeel_v1_ExplainResponse } from '../../evenkeel/v1/ExplainResponse.ts';
import type { GetModeRequestInput as _evenkeel_v1_GetModeRequestInput, GetModeRequest as _evenkeel_v1_GetModeRequest } from '../../evenkeel/v1/GetModeRequest.ts';
import type { GetModeResponseInput as _evenkeel_v1_GetModeResponseInput, GetModeResponse as _evenkeel_v1_GetModeResponse } from '../../evenkeel/v1/GetModeResponse.ts';
import type { GetRecordRequestInput as _evenkeel_v1_GetRecordRequestInput, GetRecordRequest as _evenkeel_v1_GetRecordRequest } from '../../evenkeel/v1/GetRecordRequest.ts';
import type { GetRecordResponseInput as _evenkeel_v1_GetRecordResponseInput, GetRecordResponse as _evenkeel_v1_GetRecordResponse } from '../../evenkeel/v1/GetRecordResponse.ts';
import type { ListDecisionsRequestInput as _evenkeel_v1_ListDecisionsRequestInput, ListDecisionsRequest as _evenkeel_v1_ListDecisionsRequest } from '../../evenkeel/v1/ListDecisionsRequest.ts';
import type { ListDecisionsResponseInput as _evenkeel_v1_ListDecisionsResponseInput, ListDecisionsResponse as _evenkeel_v1_ListDecisionsResponse } from '../../evenkeel/v1/ListDecisionsResponse.ts';
import type { ListHostsRequestInput as _evenkeel_v1_ListHostsRequestInput, ListHostsRequest as _evenkeel_v1_ListHostsRequest } from '../../evenkeel/v1/ListHostsRequest.ts';
import type { ListHostsResponseInput as _evenkeel_v1_ListHostsResponseInput, ListHostsResponse as _evenkeel_v1_ListHostsResponse } from '../../evenkeel/v1/ListHostsResponse.ts';
import type { ListMaintenanceRequestInput as _evenkeel_v1_ListMaintenanceRequestInput, ListMaintenanceRequest as _evenkeel_v1_ListMaintenanceRequest } from '../../evenkeel/v1/ListMaintenanceRequest.ts';
import type { ListMaintenanceResponseInput as _evenkeel_v1_ListMaintenanceResponseInput, ListMaintenanceResponse as _evenkeel_v1_ListMaintenanceResponse } from '../../evenkeel/v1/ListMaintenanceResponse.ts';
import type { ListMigrationsRequestInput as _evenkeel_v1_ListMigrationsRequestInput, ListMigrationsRequest as _evenkeel_v1_ListMigrationsRequest } from '../../evenkeel/v1/ListMigrationsRequest.ts';
import type { ListMigrationsResponseInput as _evenkeel_v1_ListMigrationsResponseInput, ListMigrationsResponse as _evenkeel_v1_ListMigrationsResponse } from '../../evenkeel/v1/ListMigrationsResponse.ts';
import type { ListProposalsRequestInput as _evenkeel_v1_ListProposalsRequestInput, ListProposalsRequest as _evenkeel_v1_ListProposalsRequest } from '../../evenkeel/v1/ListProposalsRequest.ts';
import type { ListProposalsResponseInput as _evenkeel_v1_ListProposalsResponseInput, ListProposalsResponse as _evenkeel_v1_ListProposalsResponse } from '../../evenkeel/v1/ListProposalsResponse.ts';
import type { ListRulesRequestInput as _evenkeel_v1_ListRulesRequestInput, ListRulesRequest as _evenkeel_v1_ListRulesRequest } from '../../evenkeel/v1/ListRulesRequest.ts';
import type { ListRulesResponseInput as _evenkeel_v1_ListRulesResponseInput, ListRulesResponse as _evenkeel_v1_ListRulesResponse } from '../../evenkeel/v1/ListRulesResponse.ts';
import type { ListVmLoadsRequestInput as _evenkeel_v1_ListVmLoadsRequestInput, ListVmLoadsRequest as _evenkeel_v1_ListVmLoadsRequest } from '../../evenkeel/v1/ListVmLoadsRequest.ts';
import type { ListVmLoadsResponseInput as _evenkeel_v1_ListVmLoadsResponseInput, ListVmLoadsResponse as _evenkeel_v1_ListVmLoadsResponse } from '../../evenkeel/v1/ListVmLoadsResponse.ts';
import type { PlanRequestInput as _evenkeel_v1_PlanRequestInput, PlanRequest as _evenkeel_v1_PlanRequest } from '../../evenkeel/v1/PlanRequest.ts';
import type { PlanResponseInput as _evenkeel_v1_PlanResponseInput, PlanResponse as _evenkeel_v1_PlanResponse } from '../../evenkeel/v1/PlanResponse.ts';
import type { RejectProposalRequestInput as _evenkeel_v1_RejectProposalRequestInput, RejectProposalRequest as _evenkeel_v1_RejectProposalRequest } from '../../evenkeel/v1/RejectProposalRequest.ts';
import type { RejectProposalResponseInput as _evenkeel_v1_RejectProposalResponseInput, RejectProposalResponse as _evenkeel_v1_RejectProposalResponse } from '../../evenkeel/v1/RejectProposalResponse.ts';
import type { RemoveRuleRequestInput as _evenkeel_v1_RemoveRuleRequestInput, RemoveRuleRequest as _evenkeel_v1_RemoveRuleRequest } from '../../evenkeel/v1/RemoveRuleRequest.ts';
import type { RemoveRuleResponseInput as _evenkeel_v1_RemoveRuleResponseInput, RemoveRuleResponse as _evenkeel_v1_RemoveRuleResponse } from '../../evenkeel/v1/RemoveRuleResponse.ts';
import type { SchedulerServiceAbortMigrationRequestInput as _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, SchedulerServiceAbortMigrationRequest as _evenkeel_v1_SchedulerServiceAbortMigrationRequest } from '../../evenkeel/v1/SchedulerServiceAbortMigrationRequest.ts';
import type { SchedulerServiceAbortMigrationResponseInput as _evenkeel_v1_SchedulerServiceAbortMigrationResponseInput, SchedulerServiceAbortMigrationResponse as _evenkeel_v1_SchedulerServiceAbortMigrationResponse } from '../../evenkeel/v1/SchedulerServiceAbortMigrationResponse.ts';
import type { SchedulerServiceCreateVmRequestInput as _evenkeel_v1_SchedulerServiceCreateVmRequestInput, SchedulerServiceCreateVmRequest as _evenkeel_v1_SchedulerServiceCreateVmRequest } from '../../evenkeel/v1/SchedulerServiceCreateVmRequest.ts';
import type { SchedulerServiceCreateVmResponseInput as _evenkeel_v1_SchedulerServiceCreateVmResponseInput, SchedulerServiceCreateVmResponse as _evenkeel_v1_SchedulerServiceCreateVmResponse } from '../../evenkeel/v1/SchedulerServiceCreateVmResponse.ts';
import type { SchedulerServiceDestroyVmRequestInput as _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, SchedulerServiceDestroyVmRequest as _evenkeel_v1_SchedulerServiceDestroyVmRequest } from '../../evenkeel/v1/SchedulerServiceDestroyVmRequest.ts';
import type { SchedulerServiceDestroyVmResponseInput as _evenkeel_v1_SchedulerServiceDestroyVmResponseInput, SchedulerServiceDestroyVmResponse as _evenkeel_v1_SchedulerServiceDestroyVmResponse } from '../../evenkeel/v1/SchedulerServiceDestroyVmResponse.ts';
import type { SchedulerServiceGetVmRequestInput as _evenkeel_v1_SchedulerServiceGetVmRequestInput, SchedulerServiceGetVmRequest as _evenkeel_v1_SchedulerServiceGetVmRequest } from '../../evenkeel/v1/SchedulerServiceGetVmRequest.ts';
import type { SchedulerServiceGetVmResponseInput as _evenkeel_v1_SchedulerServiceGetVmResponseInput, SchedulerServiceGetVmResponse as _evenkeel_v1_SchedulerServiceGetVmResponse } from '../../evenkeel/v1/SchedulerServiceGetVmResponse.ts';
import type { SchedulerServiceMigrateRequestInput as _evenkeel_v1_SchedulerServiceMigrateRequestInput, SchedulerServiceMigrateRequest as _evenkeel_v1_SchedulerServiceMigrateRequest } from '../../evenkeel/v1/SchedulerServiceMigrateRequest.ts';
import type { SchedulerServiceMigrateResponseInput as _evenkeel_v1_SchedulerServiceMigrateResponseInput, SchedulerServiceMigrateResponse as _evenkeel_v1_SchedulerServiceMigrateResponse } from '../../evenkeel/v1/SchedulerServiceMigrateResponse.ts';
import type { SchedulerServiceShutdownVmRequestInput as _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, SchedulerServiceShutdownVmRequest as _evenkeel_v1_SchedulerServiceShutdownVmRequest } from '../../evenkeel/v1/SchedulerServiceShutdownVmRequest.ts';
import type { SchedulerServiceShutdownVmResponseInput as _evenkeel_v1_SchedulerServiceShutdownVmResponseInput, SchedulerServiceShutdownVmResponse as _evenkeel_v1_SchedulerServiceShutdownVmResponse } from '../../evenkeel/v1/SchedulerServiceShutdownVmResponse.ts';
import type { SchedulerServiceStartVmRequestInput as _evenkeel_v1_SchedulerServiceStartVmRequestInput, SchedulerServiceStartVmRequest as _evenkeel_v1_SchedulerServiceStartVmRequest } from '../../evenkeel/v1/SchedulerServiceStartVmRequest.ts';
import type { SchedulerServiceStartVmResponseInput as _evenkeel_v1_SchedulerServiceStartVmResponseInput, SchedulerServiceStartVmResponse as _evenkeel_v1_SchedulerServiceStartVmResponse } from '../../evenkeel/v1/SchedulerServiceStartVmResponse.ts';
import type { SchedulerServiceUndefineVmRequestInput as _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, SchedulerServiceUndefineVmRequest as _evenkeel_v1_SchedulerServiceUndefineVmRequest } from '../../evenkeel/v1/SchedulerServiceUndefineVmRequest.ts';
import type { SchedulerServiceUndefineVmResponseInput as _evenkeel_v1_SchedulerServiceUndefineVmResponseInput, SchedulerServiceUndefineVmResponse as _evenkeel_v1_SchedulerServiceUndefineVmResponse } from '../../evenkeel/v1/SchedulerServiceUndefineVmResponse.ts';
import type { SetModeRequestInput as _evenkeel_v1_SetModeRequestInput, SetModeRequest as _evenkeel_v1_SetModeRequest } from '../../evenkeel/v1/SetModeRequest.ts';
import type { SetModeResponseInput as _evenkeel_v1_SetModeResponseInput, SetModeResponse as _evenkeel_v1_SetModeResponse } from '../../evenkeel/v1/SetModeResponse.ts';
import type { TakeSnapshotRequestInput as _evenkeel_v1_TakeSnapshotRequestInput, TakeSnapshotRequest as _evenkeel_v1_TakeSnapshotRequest } from '../../evenkeel/v1/TakeSnapshotRequest.ts';
import type { TakeSnapshotResponseInput as _evenkeel_v1_TakeSnapshotResponseInput, TakeSnapshotResponse as _evenkeel_v1_TakeSnapshotResponse } from '../../evenkeel/v1/TakeSnapshotResponse.ts';
import type { WatchLoadRequestInput as _evenkeel_v1_WatchLoadRequestInput, WatchLoadRequest as _evenkeel_v1_WatchLoadRequest } from '../../evenkeel/v1/WatchLoadRequest.ts';
import type { WatchLoadResponseInput as _evenkeel_v1_WatchLoadResponseInput, WatchLoadResponse as _evenkeel_v1_WatchLoadResponse } from '../../evenkeel/v1/WatchLoadResponse.ts';

/**
 * Hosts and VMs may be named by id or by name; an unknown one is NOT_FOUND with the known ones in the text.
 */
export interface SchedulerServiceClient extends grpc.Client {
  AbortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceAbortMigrationResponse>): grpc.ClientUnaryCall;
  
  /**
   * FAILED_PRECONDITION, with the culprits named, when it cannot hold beside the others.
   */
  AddRule(argument: _evenkeel_v1_AddRuleRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  AddRule(argument: _evenkeel_v1_AddRuleRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  AddRule(argument: _evenkeel_v1_AddRuleRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  AddRule(argument: _evenkeel_v1_AddRuleRequestInput, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  /**
   * FAILED_PRECONDITION, with the culprits named, when it cannot hold beside the others.
   */
  addRule(argument: _evenkeel_v1_AddRuleRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  addRule(argument: _evenkeel_v1_AddRuleRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  addRule(argument: _evenkeel_v1_AddRuleRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  addRule(argument: _evenkeel_v1_AddRuleRequestInput, callback: grpc.requestCallback<_evenkeel_v1_AddRuleResponse>): grpc.ClientUnaryCall;
  
  /**
   * Checked again, now and before it runs: FAILED_PRECONDITION when it would no longer help or no longer be safe.
   */
  ApproveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  ApproveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  ApproveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  ApproveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  /**
   * Checked again, now and before it runs: FAILED_PRECONDITION when it would no longer help or no longer be safe.
   */
  approveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  approveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  approveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  approveProposal(argument: _evenkeel_v1_ApproveProposalRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ApproveProposalResponse>): grpc.ClientUnaryCall;
  
  /**
   * VM life cycle; the scheduler finds the host, or chooses one for a new VM.
   */
  CreateVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  /**
   * VM life cycle; the scheduler finds the host, or chooses one for a new VM.
   */
  createVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_SchedulerServiceCreateVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceCreateVmResponse>): grpc.ClientUnaryCall;
  
  DestroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceDestroyVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Empties a host in order and keeps it empty. With check_only it changes nothing and tells what would go where.
   */
  EnterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  EnterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  EnterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  EnterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  /**
   * Empties a host in order and keeps it empty. With check_only it changes nothing and tells what would go where.
   */
  enterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  enterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  enterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  enterMaintenance(argument: _evenkeel_v1_EnterMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_EnterMaintenanceResponse>): grpc.ClientUnaryCall;
  
  ExitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  ExitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  ExitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  ExitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  exitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  exitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  exitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  exitMaintenance(argument: _evenkeel_v1_ExitMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ExitMaintenanceResponse>): grpc.ClientUnaryCall;
  
  /**
   * Why a VM moved or did not, and why it may or may not move now.
   */
  Explain(argument: _evenkeel_v1_ExplainRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  Explain(argument: _evenkeel_v1_ExplainRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  Explain(argument: _evenkeel_v1_ExplainRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  Explain(argument: _evenkeel_v1_ExplainRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  /**
   * Why a VM moved or did not, and why it may or may not move now.
   */
  explain(argument: _evenkeel_v1_ExplainRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  explain(argument: _evenkeel_v1_ExplainRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  explain(argument: _evenkeel_v1_ExplainRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  explain(argument: _evenkeel_v1_ExplainRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ExplainResponse>): grpc.ClientUnaryCall;
  
  /**
   * The mode of the cluster, and of the hosts and VMs that have one of their own.
   */
  GetMode(argument: _evenkeel_v1_GetModeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  GetMode(argument: _evenkeel_v1_GetModeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  GetMode(argument: _evenkeel_v1_GetModeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  GetMode(argument: _evenkeel_v1_GetModeRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  /**
   * The mode of the cluster, and of the hosts and VMs that have one of their own.
   */
  getMode(argument: _evenkeel_v1_GetModeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  getMode(argument: _evenkeel_v1_GetModeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  getMode(argument: _evenkeel_v1_GetModeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  getMode(argument: _evenkeel_v1_GetModeRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetModeResponse>): grpc.ClientUnaryCall;
  
  /**
   * What a decision was made from, so that it can be made again.
   */
  GetRecord(argument: _evenkeel_v1_GetRecordRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  GetRecord(argument: _evenkeel_v1_GetRecordRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  GetRecord(argument: _evenkeel_v1_GetRecordRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  GetRecord(argument: _evenkeel_v1_GetRecordRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  /**
   * What a decision was made from, so that it can be made again.
   */
  getRecord(argument: _evenkeel_v1_GetRecordRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  getRecord(argument: _evenkeel_v1_GetRecordRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  getRecord(argument: _evenkeel_v1_GetRecordRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  getRecord(argument: _evenkeel_v1_GetRecordRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetRecordResponse>): grpc.ClientUnaryCall;
  
  GetVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_SchedulerServiceGetVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceGetVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * The latest decisions, newest first.
   */
  ListDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  ListDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  ListDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  ListDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  /**
   * The latest decisions, newest first.
   */
  listDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  listDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  listDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  listDecisions(argument: _evenkeel_v1_ListDecisionsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListDecisionsResponse>): grpc.ClientUnaryCall;
  
  ListHosts(argument: _evenkeel_v1_ListHostsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  ListHosts(argument: _evenkeel_v1_ListHostsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  ListHosts(argument: _evenkeel_v1_ListHostsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  ListHosts(argument: _evenkeel_v1_ListHostsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  listHosts(argument: _evenkeel_v1_ListHostsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  listHosts(argument: _evenkeel_v1_ListHostsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  listHosts(argument: _evenkeel_v1_ListHostsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  listHosts(argument: _evenkeel_v1_ListHostsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListHostsResponse>): grpc.ClientUnaryCall;
  
  ListMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  ListMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  ListMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  ListMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  listMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  listMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  listMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  listMaintenance(argument: _evenkeel_v1_ListMaintenanceRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListMaintenanceResponse>): grpc.ClientUnaryCall;
  
  ListMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  ListMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  ListMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  ListMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  listMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  listMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  listMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  listMigrations(argument: _evenkeel_v1_ListMigrationsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListMigrationsResponse>): grpc.ClientUnaryCall;
  
  /**
   * Moves that wait for a person, and what became of the latest others, newest first.
   */
  ListProposals(argument: _evenkeel_v1_ListProposalsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  ListProposals(argument: _evenkeel_v1_ListProposalsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  ListProposals(argument: _evenkeel_v1_ListProposalsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  ListProposals(argument: _evenkeel_v1_ListProposalsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  /**
   * Moves that wait for a person, and what became of the latest others, newest first.
   */
  listProposals(argument: _evenkeel_v1_ListProposalsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  listProposals(argument: _evenkeel_v1_ListProposalsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  listProposals(argument: _evenkeel_v1_ListProposalsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  listProposals(argument: _evenkeel_v1_ListProposalsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListProposalsResponse>): grpc.ClientUnaryCall;
  
  /**
   * Every rule, wherever it is written, and the conflicts among them.
   */
  ListRules(argument: _evenkeel_v1_ListRulesRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  ListRules(argument: _evenkeel_v1_ListRulesRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  ListRules(argument: _evenkeel_v1_ListRulesRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  ListRules(argument: _evenkeel_v1_ListRulesRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  /**
   * Every rule, wherever it is written, and the conflicts among them.
   */
  listRules(argument: _evenkeel_v1_ListRulesRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  listRules(argument: _evenkeel_v1_ListRulesRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  listRules(argument: _evenkeel_v1_ListRulesRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  listRules(argument: _evenkeel_v1_ListRulesRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListRulesResponse>): grpc.ClientUnaryCall;
  
  ListVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  ListVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  ListVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  ListVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  listVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  listVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  listVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  listVmLoads(argument: _evenkeel_v1_ListVmLoadsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListVmLoadsResponse>): grpc.ClientUnaryCall;
  
  /**
   * Orders a migration, to the best host when none is named, and streams it to its end. It goes on when the stream breaks.
   */
  Migrate(argument: _evenkeel_v1_SchedulerServiceMigrateRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_SchedulerServiceMigrateResponse>;
  Migrate(argument: _evenkeel_v1_SchedulerServiceMigrateRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_SchedulerServiceMigrateResponse>;
  /**
   * Orders a migration, to the best host when none is named, and streams it to its end. It goes on when the stream breaks.
   */
  migrate(argument: _evenkeel_v1_SchedulerServiceMigrateRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_SchedulerServiceMigrateResponse>;
  migrate(argument: _evenkeel_v1_SchedulerServiceMigrateRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_SchedulerServiceMigrateResponse>;
  
  /**
   * What the planner would do now; changes nothing.
   */
  Plan(argument: _evenkeel_v1_PlanRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  Plan(argument: _evenkeel_v1_PlanRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  Plan(argument: _evenkeel_v1_PlanRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  Plan(argument: _evenkeel_v1_PlanRequestInput, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  /**
   * What the planner would do now; changes nothing.
   */
  plan(argument: _evenkeel_v1_PlanRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  plan(argument: _evenkeel_v1_PlanRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  plan(argument: _evenkeel_v1_PlanRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  plan(argument: _evenkeel_v1_PlanRequestInput, callback: grpc.requestCallback<_evenkeel_v1_PlanResponse>): grpc.ClientUnaryCall;
  
  /**
   * The same move is not proposed again for a while.
   */
  RejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  RejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  RejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  RejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  /**
   * The same move is not proposed again for a while.
   */
  rejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  rejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  rejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  rejectProposal(argument: _evenkeel_v1_RejectProposalRequestInput, callback: grpc.requestCallback<_evenkeel_v1_RejectProposalResponse>): grpc.ClientUnaryCall;
  
  RemoveRule(argument: _evenkeel_v1_RemoveRuleRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  RemoveRule(argument: _evenkeel_v1_RemoveRuleRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  RemoveRule(argument: _evenkeel_v1_RemoveRuleRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  RemoveRule(argument: _evenkeel_v1_RemoveRuleRequestInput, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  removeRule(argument: _evenkeel_v1_RemoveRuleRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  removeRule(argument: _evenkeel_v1_RemoveRuleRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  removeRule(argument: _evenkeel_v1_RemoveRuleRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  removeRule(argument: _evenkeel_v1_RemoveRuleRequestInput, callback: grpc.requestCallback<_evenkeel_v1_RemoveRuleResponse>): grpc.ClientUnaryCall;
  
  SetMode(argument: _evenkeel_v1_SetModeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  SetMode(argument: _evenkeel_v1_SetModeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  SetMode(argument: _evenkeel_v1_SetModeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  SetMode(argument: _evenkeel_v1_SetModeRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  setMode(argument: _evenkeel_v1_SetModeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  setMode(argument: _evenkeel_v1_SetModeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  setMode(argument: _evenkeel_v1_SetModeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  setMode(argument: _evenkeel_v1_SetModeRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SetModeResponse>): grpc.ClientUnaryCall;
  
  ShutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceShutdownVmResponse>): grpc.ClientUnaryCall;
  
  StartVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_SchedulerServiceStartVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceStartVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * All that a plan depends on, as JSON, now.
   */
  TakeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  TakeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  TakeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  TakeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  /**
   * All that a plan depends on, as JSON, now.
   */
  takeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  takeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  takeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  takeSnapshot(argument: _evenkeel_v1_TakeSnapshotRequestInput, callback: grpc.requestCallback<_evenkeel_v1_TakeSnapshotResponse>): grpc.ClientUnaryCall;
  
  UndefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SchedulerServiceUndefineVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Hosts and VMs with their load, now and after each change, at most once per interval_ms.
   */
  WatchLoad(argument: _evenkeel_v1_WatchLoadRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_WatchLoadResponse>;
  WatchLoad(argument: _evenkeel_v1_WatchLoadRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_WatchLoadResponse>;
  /**
   * Hosts and VMs with their load, now and after each change, at most once per interval_ms.
   */
  watchLoad(argument: _evenkeel_v1_WatchLoadRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_WatchLoadResponse>;
  watchLoad(argument: _evenkeel_v1_WatchLoadRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_WatchLoadResponse>;
  
}

/**
 * Hosts and VMs may be named by id or by name; an unknown one is NOT_FOUND with the known ones in the text.
 */
export interface SchedulerServiceHandlers extends grpc.UntypedServiceImplementation {
  AbortMigration: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceAbortMigrationRequest, _evenkeel_v1_SchedulerServiceAbortMigrationResponseInput>;
  
  /**
   * FAILED_PRECONDITION, with the culprits named, when it cannot hold beside the others.
   */
  AddRule: grpc.handleUnaryCall<_evenkeel_v1_AddRuleRequest, _evenkeel_v1_AddRuleResponseInput>;
  
  /**
   * Checked again, now and before it runs: FAILED_PRECONDITION when it would no longer help or no longer be safe.
   */
  ApproveProposal: grpc.handleUnaryCall<_evenkeel_v1_ApproveProposalRequest, _evenkeel_v1_ApproveProposalResponseInput>;
  
  /**
   * VM life cycle; the scheduler finds the host, or chooses one for a new VM.
   */
  CreateVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceCreateVmRequest, _evenkeel_v1_SchedulerServiceCreateVmResponseInput>;
  
  DestroyVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceDestroyVmRequest, _evenkeel_v1_SchedulerServiceDestroyVmResponseInput>;
  
  /**
   * Empties a host in order and keeps it empty. With check_only it changes nothing and tells what would go where.
   */
  EnterMaintenance: grpc.handleUnaryCall<_evenkeel_v1_EnterMaintenanceRequest, _evenkeel_v1_EnterMaintenanceResponseInput>;
  
  ExitMaintenance: grpc.handleUnaryCall<_evenkeel_v1_ExitMaintenanceRequest, _evenkeel_v1_ExitMaintenanceResponseInput>;
  
  /**
   * Why a VM moved or did not, and why it may or may not move now.
   */
  Explain: grpc.handleUnaryCall<_evenkeel_v1_ExplainRequest, _evenkeel_v1_ExplainResponseInput>;
  
  /**
   * The mode of the cluster, and of the hosts and VMs that have one of their own.
   */
  GetMode: grpc.handleUnaryCall<_evenkeel_v1_GetModeRequest, _evenkeel_v1_GetModeResponseInput>;
  
  /**
   * What a decision was made from, so that it can be made again.
   */
  GetRecord: grpc.handleUnaryCall<_evenkeel_v1_GetRecordRequest, _evenkeel_v1_GetRecordResponseInput>;
  
  GetVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceGetVmRequest, _evenkeel_v1_SchedulerServiceGetVmResponseInput>;
  
  /**
   * The latest decisions, newest first.
   */
  ListDecisions: grpc.handleUnaryCall<_evenkeel_v1_ListDecisionsRequest, _evenkeel_v1_ListDecisionsResponseInput>;
  
  ListHosts: grpc.handleUnaryCall<_evenkeel_v1_ListHostsRequest, _evenkeel_v1_ListHostsResponseInput>;
  
  ListMaintenance: grpc.handleUnaryCall<_evenkeel_v1_ListMaintenanceRequest, _evenkeel_v1_ListMaintenanceResponseInput>;
  
  ListMigrations: grpc.handleUnaryCall<_evenkeel_v1_ListMigrationsRequest, _evenkeel_v1_ListMigrationsResponseInput>;
  
  /**
   * Moves that wait for a person, and what became of the latest others, newest first.
   */
  ListProposals: grpc.handleUnaryCall<_evenkeel_v1_ListProposalsRequest, _evenkeel_v1_ListProposalsResponseInput>;
  
  /**
   * Every rule, wherever it is written, and the conflicts among them.
   */
  ListRules: grpc.handleUnaryCall<_evenkeel_v1_ListRulesRequest, _evenkeel_v1_ListRulesResponseInput>;
  
  ListVmLoads: grpc.handleUnaryCall<_evenkeel_v1_ListVmLoadsRequest, _evenkeel_v1_ListVmLoadsResponseInput>;
  
  /**
   * Orders a migration, to the best host when none is named, and streams it to its end. It goes on when the stream breaks.
   */
  Migrate: grpc.handleServerStreamingCall<_evenkeel_v1_SchedulerServiceMigrateRequest, _evenkeel_v1_SchedulerServiceMigrateResponseInput>;
  
  /**
   * What the planner would do now; changes nothing.
   */
  Plan: grpc.handleUnaryCall<_evenkeel_v1_PlanRequest, _evenkeel_v1_PlanResponseInput>;
  
  /**
   * The same move is not proposed again for a while.
   */
  RejectProposal: grpc.handleUnaryCall<_evenkeel_v1_RejectProposalRequest, _evenkeel_v1_RejectProposalResponseInput>;
  
  RemoveRule: grpc.handleUnaryCall<_evenkeel_v1_RemoveRuleRequest, _evenkeel_v1_RemoveRuleResponseInput>;
  
  SetMode: grpc.handleUnaryCall<_evenkeel_v1_SetModeRequest, _evenkeel_v1_SetModeResponseInput>;
  
  ShutdownVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceShutdownVmRequest, _evenkeel_v1_SchedulerServiceShutdownVmResponseInput>;
  
  StartVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceStartVmRequest, _evenkeel_v1_SchedulerServiceStartVmResponseInput>;
  
  /**
   * All that a plan depends on, as JSON, now.
   */
  TakeSnapshot: grpc.handleUnaryCall<_evenkeel_v1_TakeSnapshotRequest, _evenkeel_v1_TakeSnapshotResponseInput>;
  
  UndefineVm: grpc.handleUnaryCall<_evenkeel_v1_SchedulerServiceUndefineVmRequest, _evenkeel_v1_SchedulerServiceUndefineVmResponseInput>;
  
  /**
   * Hosts and VMs with their load, now and after each change, at most once per interval_ms.
   */
  WatchLoad: grpc.handleServerStreamingCall<_evenkeel_v1_WatchLoadRequest, _evenkeel_v1_WatchLoadResponseInput>;
  
}

export interface SchedulerServiceDefinition extends grpc.ServiceDefinition {
  AbortMigration: MethodDefinition<_evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, _evenkeel_v1_SchedulerServiceAbortMigrationResponseInput, _evenkeel_v1_SchedulerServiceAbortMigrationRequest, _evenkeel_v1_SchedulerServiceAbortMigrationResponse>
  AddRule: MethodDefinition<_evenkeel_v1_AddRuleRequestInput, _evenkeel_v1_AddRuleResponseInput, _evenkeel_v1_AddRuleRequest, _evenkeel_v1_AddRuleResponse>
  ApproveProposal: MethodDefinition<_evenkeel_v1_ApproveProposalRequestInput, _evenkeel_v1_ApproveProposalResponseInput, _evenkeel_v1_ApproveProposalRequest, _evenkeel_v1_ApproveProposalResponse>
  CreateVm: MethodDefinition<_evenkeel_v1_SchedulerServiceCreateVmRequestInput, _evenkeel_v1_SchedulerServiceCreateVmResponseInput, _evenkeel_v1_SchedulerServiceCreateVmRequest, _evenkeel_v1_SchedulerServiceCreateVmResponse>
  DestroyVm: MethodDefinition<_evenkeel_v1_SchedulerServiceDestroyVmRequestInput, _evenkeel_v1_SchedulerServiceDestroyVmResponseInput, _evenkeel_v1_SchedulerServiceDestroyVmRequest, _evenkeel_v1_SchedulerServiceDestroyVmResponse>
  EnterMaintenance: MethodDefinition<_evenkeel_v1_EnterMaintenanceRequestInput, _evenkeel_v1_EnterMaintenanceResponseInput, _evenkeel_v1_EnterMaintenanceRequest, _evenkeel_v1_EnterMaintenanceResponse>
  ExitMaintenance: MethodDefinition<_evenkeel_v1_ExitMaintenanceRequestInput, _evenkeel_v1_ExitMaintenanceResponseInput, _evenkeel_v1_ExitMaintenanceRequest, _evenkeel_v1_ExitMaintenanceResponse>
  Explain: MethodDefinition<_evenkeel_v1_ExplainRequestInput, _evenkeel_v1_ExplainResponseInput, _evenkeel_v1_ExplainRequest, _evenkeel_v1_ExplainResponse>
  GetMode: MethodDefinition<_evenkeel_v1_GetModeRequestInput, _evenkeel_v1_GetModeResponseInput, _evenkeel_v1_GetModeRequest, _evenkeel_v1_GetModeResponse>
  GetRecord: MethodDefinition<_evenkeel_v1_GetRecordRequestInput, _evenkeel_v1_GetRecordResponseInput, _evenkeel_v1_GetRecordRequest, _evenkeel_v1_GetRecordResponse>
  GetVm: MethodDefinition<_evenkeel_v1_SchedulerServiceGetVmRequestInput, _evenkeel_v1_SchedulerServiceGetVmResponseInput, _evenkeel_v1_SchedulerServiceGetVmRequest, _evenkeel_v1_SchedulerServiceGetVmResponse>
  ListDecisions: MethodDefinition<_evenkeel_v1_ListDecisionsRequestInput, _evenkeel_v1_ListDecisionsResponseInput, _evenkeel_v1_ListDecisionsRequest, _evenkeel_v1_ListDecisionsResponse>
  ListHosts: MethodDefinition<_evenkeel_v1_ListHostsRequestInput, _evenkeel_v1_ListHostsResponseInput, _evenkeel_v1_ListHostsRequest, _evenkeel_v1_ListHostsResponse>
  ListMaintenance: MethodDefinition<_evenkeel_v1_ListMaintenanceRequestInput, _evenkeel_v1_ListMaintenanceResponseInput, _evenkeel_v1_ListMaintenanceRequest, _evenkeel_v1_ListMaintenanceResponse>
  ListMigrations: MethodDefinition<_evenkeel_v1_ListMigrationsRequestInput, _evenkeel_v1_ListMigrationsResponseInput, _evenkeel_v1_ListMigrationsRequest, _evenkeel_v1_ListMigrationsResponse>
  ListProposals: MethodDefinition<_evenkeel_v1_ListProposalsRequestInput, _evenkeel_v1_ListProposalsResponseInput, _evenkeel_v1_ListProposalsRequest, _evenkeel_v1_ListProposalsResponse>
  ListRules: MethodDefinition<_evenkeel_v1_ListRulesRequestInput, _evenkeel_v1_ListRulesResponseInput, _evenkeel_v1_ListRulesRequest, _evenkeel_v1_ListRulesResponse>
  ListVmLoads: MethodDefinition<_evenkeel_v1_ListVmLoadsRequestInput, _evenkeel_v1_ListVmLoadsResponseInput, _evenkeel_v1_ListVmLoadsRequest, _evenkeel_v1_ListVmLoadsResponse>
  Migrate: MethodDefinition<_evenkeel_v1_SchedulerServiceMigrateRequestInput, _evenkeel_v1_SchedulerServiceMigrateResponseInput, _evenkeel_v1_SchedulerServiceMigrateRequest, _evenkeel_v1_SchedulerServiceMigrateResponse>
  Plan: MethodDefinition<_evenkeel_v1_PlanRequestInput, _evenkeel_v1_PlanResponseInput, _evenkeel_v1_PlanRequest, _evenkeel_v1_PlanResponse>
  RejectProposal: MethodDefinition<_evenkeel_v1_RejectProposalRequestInput, _evenkeel_v1_RejectProposalResponseInput, _evenkeel_v1_RejectProposalRequest, _evenkeel_v1_RejectProposalResponse>
  RemoveRule: MethodDefinition<_evenkeel_v1_RemoveRuleRequestInput, _evenkeel_v1_RemoveRuleResponseInput, _evenkeel_v1_RemoveRuleRequest, _evenkeel_v1_RemoveRuleResponse>
  SetMode: MethodDefinition<_evenkeel_v1_SetModeRequestInput, _evenkeel_v1_SetModeResponseInput, _evenkeel_v1_SetModeRequest, _evenkeel_v1_SetModeResponse>
  ShutdownVm: MethodDefinition<_evenkeel_v1_SchedulerServiceShutdownVmRequestInput, _evenkeel_v1_SchedulerServiceShutdownVmResponseInput, _evenkeel_v1_SchedulerServiceShutdownVmRequest, _evenkeel_v1_SchedulerServiceShutdownVmResponse>
  StartVm: MethodDefinition<_evenkeel_v1_SchedulerServiceStartVmRequestInput, _evenkeel_v1_SchedulerServiceStartVmResponseInput, _evenkeel_v1_SchedulerServiceStartVmRequest, _evenkeel_v1_SchedulerServiceStartVmResponse>
  TakeSnapshot: MethodDefinition<_evenkeel_v1_TakeSnapshotRequestInput, _evenkeel_v1_TakeSnapshotResponseInput, _evenkeel_v1_TakeSnapshotRequest, _evenkeel_v1_TakeSnapshotResponse>
  UndefineVm: MethodDefinition<_evenkeel_v1_SchedulerServiceUndefineVmRequestInput, _evenkeel_v1_SchedulerServiceUndefineVmResponseInput, _evenkeel_v1_SchedulerServiceUndefineVmRequest, _evenkeel_v1_SchedulerServiceUndefineVmResponse>
  WatchLoad: MethodDefinition<_evenkeel_v1_WatchLoadRequestInput, _evenkeel_v1_WatchLoadResponseInput, _evenkeel_v1_WatchLoadRequest, _evenkeel_v1_WatchLoadResponse>
}
