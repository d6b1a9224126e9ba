import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AbortMigrationRequestInput as _evenkeel_v1_AbortMigrationRequestInput, AbortMigrationRequest as _evenkeel_v1_AbortMigrationRequest } from './evenkeel/v1/AbortMigrationRequest.ts';
import type { AbortMigrationResponseInput as _evenkeel_v1_AbortMigrationResponseInput, AbortMigrationResponse as _evenkeel_v1_AbortMigrationResponse } from './evenkeel/v1/AbortMigrationResponse.ts';
import type { AddRuleRequestInput as _evenkeel_v1_AddRuleRequestInput, AddRuleRequest as _evenkeel_v1_AddRuleRequest } from './evenkeel/v1/AddRuleRequest.ts';
import type { AddRuleResponseInput as _evenkeel_v1_AddRuleResponseInput, AddRuleResponse as _evenkeel_v1_AddRuleResponse } from './evenkeel/v1/AddRuleResponse.ts';
import type { AgentServiceClient as _evenkeel_v1_AgentServiceClient, AgentServiceDefinition as _evenkeel_v1_AgentServiceDefinition } from './evenkeel/v1/AgentService.ts';
import type { AgentStatusInput as _evenkeel_v1_AgentStatusInput, AgentStatus as _evenkeel_v1_AgentStatus } from './evenkeel/v1/AgentStatus.ts';
import type { ApproveProposalRequestInput as _evenkeel_v1_ApproveProposalRequestInput, ApproveProposalRequest as _evenkeel_v1_ApproveProposalRequest } from './evenkeel/v1/ApproveProposalRequest.ts';
import type { ApproveProposalResponseInput as _evenkeel_v1_ApproveProposalResponseInput, ApproveProposalResponse as _evenkeel_v1_ApproveProposalResponse } from './evenkeel/v1/ApproveProposalResponse.ts';
import type { CheckTargetRequestInput as _evenkeel_v1_CheckTargetRequestInput, CheckTargetRequest as _evenkeel_v1_CheckTargetRequest } from './evenkeel/v1/CheckTargetRequest.ts';
import type { CheckTargetResponseInput as _evenkeel_v1_CheckTargetResponseInput, CheckTargetResponse as _evenkeel_v1_CheckTargetResponse } from './evenkeel/v1/CheckTargetResponse.ts';
import type { CreateVmRequestInput as _evenkeel_v1_CreateVmRequestInput, CreateVmRequest as _evenkeel_v1_CreateVmRequest } from './evenkeel/v1/CreateVmRequest.ts';
import type { CreateVmResponseInput as _evenkeel_v1_CreateVmResponseInput, CreateVmResponse as _evenkeel_v1_CreateVmResponse } from './evenkeel/v1/CreateVmResponse.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from './evenkeel/v1/Decision.ts';
import type { DestroyVmRequestInput as _evenkeel_v1_DestroyVmRequestInput, DestroyVmRequest as _evenkeel_v1_DestroyVmRequest } from './evenkeel/v1/DestroyVmRequest.ts';
import type { DestroyVmResponseInput as _evenkeel_v1_DestroyVmResponseInput, DestroyVmResponse as _evenkeel_v1_DestroyVmResponse } from './evenkeel/v1/DestroyVmResponse.ts';
import type { DiskSampleInput as _evenkeel_v1_DiskSampleInput, DiskSample as _evenkeel_v1_DiskSample } from './evenkeel/v1/DiskSample.ts';
import type { DiskSpecInput as _evenkeel_v1_DiskSpecInput, DiskSpec as _evenkeel_v1_DiskSpec } from './evenkeel/v1/DiskSpec.ts';
import type { EndMigrationRequestInput as _evenkeel_v1_EndMigrationRequestInput, EndMigrationRequest as _evenkeel_v1_EndMigrationRequest } from './evenkeel/v1/EndMigrationRequest.ts';
import type { EndMigrationResponseInput as _evenkeel_v1_EndMigrationResponseInput, EndMigrationResponse as _evenkeel_v1_EndMigrationResponse } from './evenkeel/v1/EndMigrationResponse.ts';
import type { EnterMaintenanceRequestInput as _evenkeel_v1_EnterMaintenanceRequestInput, EnterMaintenanceRequest as _evenkeel_v1_EnterMaintenanceRequest } from './evenkeel/v1/EnterMaintenanceRequest.ts';
import type { EnterMaintenanceResponseInput as _evenkeel_v1_EnterMaintenanceResponseInput, EnterMaintenanceResponse as _evenkeel_v1_EnterMaintenanceResponse } from './evenkeel/v1/EnterMaintenanceResponse.ts';
import type { EventInput as _evenkeel_v1_EventInput, Event as _evenkeel_v1_Event } from './evenkeel/v1/Event.ts';
import type { ExitMaintenanceRequestInput as _evenkeel_v1_ExitMaintenanceRequestInput, ExitMaintenanceRequest as _evenkeel_v1_ExitMaintenanceRequest } from './evenkeel/v1/ExitMaintenanceRequest.ts';
import type { ExitMaintenanceResponseInput as _evenkeel_v1_ExitMaintenanceResponseInput, ExitMaintenanceResponse as _evenkeel_v1_ExitMaintenanceResponse } from './evenkeel/v1/ExitMaintenanceResponse.ts';
import type { ExplainRequestInput as _evenkeel_v1_ExplainRequestInput, ExplainRequest as _evenkeel_v1_ExplainRequest } from './evenkeel/v1/ExplainRequest.ts';
import type { ExplainResponseInput as _evenkeel_v1_ExplainResponseInput, ExplainResponse as _evenkeel_v1_ExplainResponse } from './evenkeel/v1/ExplainResponse.ts';
import type { GetHostRequestInput as _evenkeel_v1_GetHostRequestInput, GetHostRequest as _evenkeel_v1_GetHostRequest } from './evenkeel/v1/GetHostRequest.ts';
import type { GetHostResponseInput as _evenkeel_v1_GetHostResponseInput, GetHostResponse as _evenkeel_v1_GetHostResponse } from './evenkeel/v1/GetHostResponse.ts';
import type { GetModeRequestInput as _evenkeel_v1_GetModeRequestInput, GetModeRequest as _evenkeel_v1_GetModeRequest } from './evenkeel/v1/GetModeRequest.ts';
import type { GetModeResponseInput as _evenkeel_v1_GetModeResponseInput, GetModeResponse as _evenkeel_v1_GetModeResponse } from './evenkeel/v1/GetModeResponse.ts';
import type { GetRecordRequestInput as _evenkeel_v1_GetRecordRequestInput, GetRecordRequest as _evenkeel_v1_GetRecordRequest } from './evenkeel/v1/GetRecordRequest.ts';
import type { GetRecordResponseInput as _evenkeel_v1_GetRecordResponseInput, GetRecordResponse as _evenkeel_v1_GetRecordResponse } from './evenkeel/v1/GetRecordResponse.ts';
import type { GetVmRequestInput as _evenkeel_v1_GetVmRequestInput, GetVmRequest as _evenkeel_v1_GetVmRequest } from './evenkeel/v1/GetVmRequest.ts';
import type { GetVmResponseInput as _evenkeel_v1_GetVmResponseInput, GetVmResponse as _evenkeel_v1_GetVmResponse } from './evenkeel/v1/GetVmResponse.ts';
import type { GuardMigrationRequestInput as _evenkeel_v1_GuardMigrationRequestInput, GuardMigrationRequest as _evenkeel_v1_GuardMigrationRequest } from './evenkeel/v1/GuardMigrationRequest.ts';
import type { GuardMigrationResponseInput as _evenkeel_v1_GuardMigrationResponseInput, GuardMigrationResponse as _evenkeel_v1_GuardMigrationResponse } from './evenkeel/v1/GuardMigrationResponse.ts';
import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from './evenkeel/v1/HostFacts.ts';
import type { HostLoadInput as _evenkeel_v1_HostLoadInput, HostLoad as _evenkeel_v1_HostLoad } from './evenkeel/v1/HostLoad.ts';
import type { HostReportInput as _evenkeel_v1_HostReportInput, HostReport as _evenkeel_v1_HostReport } from './evenkeel/v1/HostReport.ts';
import type { HostSampleInput as _evenkeel_v1_HostSampleInput, HostSample as _evenkeel_v1_HostSample } from './evenkeel/v1/HostSample.ts';
import type { ListDecisionsRequestInput as _evenkeel_v1_ListDecisionsRequestInput, ListDecisionsRequest as _evenkeel_v1_ListDecisionsRequest } from './evenkeel/v1/ListDecisionsRequest.ts';
import type { ListDecisionsResponseInput as _evenkeel_v1_ListDecisionsResponseInput, ListDecisionsResponse as _evenkeel_v1_ListDecisionsResponse } from './evenkeel/v1/ListDecisionsResponse.ts';
import type { ListHostsRequestInput as _evenkeel_v1_ListHostsRequestInput, ListHostsRequest as _evenkeel_v1_ListHostsRequest } from './evenkeel/v1/ListHostsRequest.ts';
import type { ListHostsResponseInput as _evenkeel_v1_ListHostsResponseInput, ListHostsResponse as _evenkeel_v1_ListHostsResponse } from './evenkeel/v1/ListHostsResponse.ts';
import type { ListMaintenanceRequestInput as _evenkeel_v1_ListMaintenanceRequestInput, ListMaintenanceRequest as _evenkeel_v1_ListMaintenanceRequest } from './evenkeel/v1/ListMaintenanceRequest.ts';
import type { ListMaintenanceResponseInput as _evenkeel_v1_ListMaintenanceResponseInput, ListMaintenanceResponse as _evenkeel_v1_ListMaintenanceResponse } from './evenkeel/v1/ListMaintenanceResponse.ts';
import type { ListMigrationsRequestInput as _evenkeel_v1_ListMigrationsRequestInput, ListMigrationsRequest as _evenkeel_v1_ListMigrationsRequest } from './evenkeel/v1/ListMigrationsRequest.ts';
import type { ListMigrationsResponseInput as _evenkeel_v1_ListMigrationsResponseInput, ListMigrationsResponse as _evenkeel_v1_ListMigrationsResponse } from './evenkeel/v1/ListMigrationsResponse.ts';
import type { ListProposalsRequestInput as _evenkeel_v1_ListProposalsRequestInput, ListProposalsRequest as _evenkeel_v1_ListProposalsRequest } from './evenkeel/v1/ListProposalsRequest.ts';
import type { ListProposalsResponseInput as _evenkeel_v1_ListProposalsResponseInput, ListProposalsResponse as _evenkeel_v1_ListProposalsResponse } from './evenkeel/v1/ListProposalsResponse.ts';
import type { ListRulesRequestInput as _evenkeel_v1_ListRulesRequestInput, ListRulesRequest as _evenkeel_v1_ListRulesRequest } from './evenkeel/v1/ListRulesRequest.ts';
import type { ListRulesResponseInput as _evenkeel_v1_ListRulesResponseInput, ListRulesResponse as _evenkeel_v1_ListRulesResponse } from './evenkeel/v1/ListRulesResponse.ts';
import type { ListVmLoadsRequestInput as _evenkeel_v1_ListVmLoadsRequestInput, ListVmLoadsRequest as _evenkeel_v1_ListVmLoadsRequest } from './evenkeel/v1/ListVmLoadsRequest.ts';
import type { ListVmLoadsResponseInput as _evenkeel_v1_ListVmLoadsResponseInput, ListVmLoadsResponse as _evenkeel_v1_ListVmLoadsResponse } from './evenkeel/v1/ListVmLoadsResponse.ts';
import type { ListVmsRequestInput as _evenkeel_v1_ListVmsRequestInput, ListVmsRequest as _evenkeel_v1_ListVmsRequest } from './evenkeel/v1/ListVmsRequest.ts';
import type { ListVmsResponseInput as _evenkeel_v1_ListVmsResponseInput, ListVmsResponse as _evenkeel_v1_ListVmsResponse } from './evenkeel/v1/ListVmsResponse.ts';
import type { MaintenanceInput as _evenkeel_v1_MaintenanceInput, Maintenance as _evenkeel_v1_Maintenance } from './evenkeel/v1/Maintenance.ts';
import type { MigrateRequestInput as _evenkeel_v1_MigrateRequestInput, MigrateRequest as _evenkeel_v1_MigrateRequest } from './evenkeel/v1/MigrateRequest.ts';
import type { MigrateResponseInput as _evenkeel_v1_MigrateResponseInput, MigrateResponse as _evenkeel_v1_MigrateResponse } from './evenkeel/v1/MigrateResponse.ts';
import type { MigrateResultInput as _evenkeel_v1_MigrateResultInput, MigrateResult as _evenkeel_v1_MigrateResult } from './evenkeel/v1/MigrateResult.ts';
import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from './evenkeel/v1/Migration.ts';
import type { MigrationForecastInput as _evenkeel_v1_MigrationForecastInput, MigrationForecast as _evenkeel_v1_MigrationForecast } from './evenkeel/v1/MigrationForecast.ts';
import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from './evenkeel/v1/MigrationProgress.ts';
import type { ModeOverrideInput as _evenkeel_v1_ModeOverrideInput, ModeOverride as _evenkeel_v1_ModeOverride } from './evenkeel/v1/ModeOverride.ts';
import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from './evenkeel/v1/Move.ts';
import type { MoveCostInput as _evenkeel_v1_MoveCostInput, MoveCost as _evenkeel_v1_MoveCost } from './evenkeel/v1/MoveCost.ts';
import type { MoveReviewInput as _evenkeel_v1_MoveReviewInput, MoveReview as _evenkeel_v1_MoveReview } from './evenkeel/v1/MoveReview.ts';
import type { NicSampleInput as _evenkeel_v1_NicSampleInput, NicSample as _evenkeel_v1_NicSample } from './evenkeel/v1/NicSample.ts';
import type { NicSpecInput as _evenkeel_v1_NicSpecInput, NicSpec as _evenkeel_v1_NicSpec } from './evenkeel/v1/NicSpec.ts';
import type { ObserveVmRequestInput as _evenkeel_v1_ObserveVmRequestInput, ObserveVmRequest as _evenkeel_v1_ObserveVmRequest } from './evenkeel/v1/ObserveVmRequest.ts';
import type { ObserveVmResponseInput as _evenkeel_v1_ObserveVmResponseInput, ObserveVmResponse as _evenkeel_v1_ObserveVmResponse } from './evenkeel/v1/ObserveVmResponse.ts';
import type { PlacementRuleInput as _evenkeel_v1_PlacementRuleInput, PlacementRule as _evenkeel_v1_PlacementRule } from './evenkeel/v1/PlacementRule.ts';
import type { PlanRequestInput as _evenkeel_v1_PlanRequestInput, PlanRequest as _evenkeel_v1_PlanRequest } from './evenkeel/v1/PlanRequest.ts';
import type { PlanResponseInput as _evenkeel_v1_PlanResponseInput, PlanResponse as _evenkeel_v1_PlanResponse } from './evenkeel/v1/PlanResponse.ts';
import type { ProjectionInput as _evenkeel_v1_ProjectionInput, Projection as _evenkeel_v1_Projection } from './evenkeel/v1/Projection.ts';
import type { ProposalInput as _evenkeel_v1_ProposalInput, Proposal as _evenkeel_v1_Proposal } from './evenkeel/v1/Proposal.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from './evenkeel/v1/Refusal.ts';
import type { RejectProposalRequestInput as _evenkeel_v1_RejectProposalRequestInput, RejectProposalRequest as _evenkeel_v1_RejectProposalRequest } from './evenkeel/v1/RejectProposalRequest.ts';
import type { RejectProposalResponseInput as _evenkeel_v1_RejectProposalResponseInput, RejectProposalResponse as _evenkeel_v1_RejectProposalResponse } from './evenkeel/v1/RejectProposalResponse.ts';
import type { RemoveRuleRequestInput as _evenkeel_v1_RemoveRuleRequestInput, RemoveRuleRequest as _evenkeel_v1_RemoveRuleRequest } from './evenkeel/v1/RemoveRuleRequest.ts';
import type { RemoveRuleResponseInput as _evenkeel_v1_RemoveRuleResponseInput, RemoveRuleResponse as _evenkeel_v1_RemoveRuleResponse } from './evenkeel/v1/RemoveRuleResponse.ts';
import type { ReviewedFigureInput as _evenkeel_v1_ReviewedFigureInput, ReviewedFigure as _evenkeel_v1_ReviewedFigure } from './evenkeel/v1/ReviewedFigure.ts';
import type { RuleInput as _evenkeel_v1_RuleInput, Rule as _evenkeel_v1_Rule } from './evenkeel/v1/Rule.ts';
import type { RuleConflictInput as _evenkeel_v1_RuleConflictInput, RuleConflict as _evenkeel_v1_RuleConflict } from './evenkeel/v1/RuleConflict.ts';
import type { SchedulerServiceClient as _evenkeel_v1_SchedulerServiceClient, SchedulerServiceDefinition as _evenkeel_v1_SchedulerServiceDefinition } from './evenkeel/v1/SchedulerService.ts';
import type { SchedulerServiceAbortMigrationRequestInput as _evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, SchedulerServiceAbortMigrationRequest as _evenkeel_v1_SchedulerServiceAbortMigrationRequest } from './evenkeel/v1/SchedulerServiceAbortMigrationRequest.ts';
import type { SchedulerServiceAbortMigrationResponseInput as _evenkeel_v1_SchedulerServiceAbortMigrationResponseInput, SchedulerServiceAbortMigrationResponse as _evenkeel_v1_SchedulerServiceAbortMigrationResponse } from './evenkeel/v1/SchedulerServiceAbortMigrationResponse.ts';
import type { SchedulerServiceCreateVmRequestInput as _evenkeel_v1_SchedulerServiceCreateVmRequestInput, SchedulerServiceCreateVmRequest as _evenkeel_v1_SchedulerServiceCreateVmRequest } from './evenkeel/v1/SchedulerServiceCreateVmRequest.ts';
import type { SchedulerServiceCreateVmResponseInput as _evenkeel_v1_SchedulerServiceCreateVmResponseInput, SchedulerServiceCreateVmResponse as _evenkeel_v1_SchedulerServiceCreateVmResponse } from './evenkeel/v1/SchedulerServiceCreateVmResponse.ts';
import type { SchedulerServiceDestroyVmRequestInput as _evenkeel_v1_SchedulerServiceDestroyVmRequestInput, SchedulerServiceDestroyVmRequest as _evenkeel_v1_SchedulerServiceDestroyVmRequest } from './evenkeel/v1/SchedulerServiceDestroyVmRequest.ts';
import type { SchedulerServiceDestroyVmResponseInput as _evenkeel_v1_SchedulerServiceDestroyVmResponseInput, SchedulerServiceDestroyVmResponse as _evenkeel_v1_SchedulerServiceDestroyVmResponse } from './evenkeel/v1/SchedulerServiceDestroyVmResponse.ts';
import type { SchedulerServiceGetVmRequestInput as _evenkeel_v1_SchedulerServiceGetVmRequestInput, SchedulerServiceGetVmRequest as _evenkeel_v1_SchedulerServiceGetVmRequest } from './evenkeel/v1/SchedulerServiceGetVmRequest.ts';
import type { SchedulerServiceGetVmResponseInput as _evenkeel_v1_SchedulerServiceGetVmResponseInput, SchedulerServiceGetVmResponse as _evenkeel_v1_SchedulerServiceGetVmResponse } from './evenkeel/v1/SchedulerServiceGetVmResponse.ts';
import type { SchedulerServiceMigrateRequestInput as _evenkeel_v1_SchedulerServiceMigrateRequestInput, SchedulerServiceMigrateRequest as _evenkeel_v1_SchedulerServiceMigrateRequest } from './evenkeel/v1/SchedulerServiceMigrateRequest.ts';
import type { SchedulerServiceMigrateResponseInput as _evenkeel_v1_SchedulerServiceMigrateResponseInput, SchedulerServiceMigrateResponse as _evenkeel_v1_SchedulerServiceMigrateResponse } from './evenkeel/v1/SchedulerServiceMigrateResponse.ts';
import type { SchedulerServiceShutdownVmRequestInput as _evenkeel_v1_SchedulerServiceShutdownVmRequestInput, SchedulerServiceShutdownVmRequest as _evenkeel_v1_SchedulerServiceShutdownVmRequest } from './evenkeel/v1/SchedulerServiceShutdownVmRequest.ts';
import type { SchedulerServiceShutdownVmResponseInput as _evenkeel_v1_SchedulerServiceShutdownVmResponseInput, SchedulerServiceShutdownVmResponse as _evenkeel_v1_SchedulerServiceShutdownVmResponse } from './evenkeel/v1/SchedulerServiceShutdownVmResponse.ts';
import type { SchedulerServiceStartVmRequestInput as _evenkeel_v1_SchedulerServiceStartVmRequestInput, SchedulerServiceStartVmRequest as _evenkeel_v1_SchedulerServiceStartVmRequest } from './evenkeel/v1/SchedulerServiceStartVmRequest.ts';
import type { SchedulerServiceStartVmResponseInput as _evenkeel_v1_SchedulerServiceStartVmResponseInput, SchedulerServiceStartVmResponse as _evenkeel_v1_SchedulerServiceStartVmResponse } from './evenkeel/v1/SchedulerServiceStartVmResponse.ts';
import type { SchedulerServiceUndefineVmRequestInput as _evenkeel_v1_SchedulerServiceUndefineVmRequestInput, SchedulerServiceUndefineVmRequest as _evenkeel_v1_SchedulerServiceUndefineVmRequest } from './evenkeel/v1/SchedulerServiceUndefineVmRequest.ts';
import type { SchedulerServiceUndefineVmResponseInput as _evenkeel_v1_SchedulerServiceUndefineVmResponseInput, SchedulerServiceUndefineVmResponse as _evenkeel_v1_SchedulerServiceUndefineVmResponse } from './evenkeel/v1/SchedulerServiceUndefineVmResponse.ts';
import type { SetModeRequestInput as _evenkeel_v1_SetModeRequestInput, SetModeRequest as _evenkeel_v1_SetModeRequest } from './evenkeel/v1/SetModeRequest.ts';
import type { SetModeResponseInput as _evenkeel_v1_SetModeResponseInput, SetModeResponse as _evenkeel_v1_SetModeResponse } from './evenkeel/v1/SetModeResponse.ts';
import type { SettleVmRequestInput as _evenkeel_v1_SettleVmRequestInput, SettleVmRequest as _evenkeel_v1_SettleVmRequest } from './evenkeel/v1/SettleVmRequest.ts';
import type { SettleVmResponseInput as _evenkeel_v1_SettleVmResponseInput, SettleVmResponse as _evenkeel_v1_SettleVmResponse } from './evenkeel/v1/SettleVmResponse.ts';
import type { ShadowComparisonInput as _evenkeel_v1_ShadowComparisonInput, ShadowComparison as _evenkeel_v1_ShadowComparison } from './evenkeel/v1/ShadowComparison.ts';
import type { ShadowDifferenceInput as _evenkeel_v1_ShadowDifferenceInput, ShadowDifference as _evenkeel_v1_ShadowDifference } from './evenkeel/v1/ShadowDifference.ts';
import type { ShutdownVmRequestInput as _evenkeel_v1_ShutdownVmRequestInput, ShutdownVmRequest as _evenkeel_v1_ShutdownVmRequest } from './evenkeel/v1/ShutdownVmRequest.ts';
import type { ShutdownVmResponseInput as _evenkeel_v1_ShutdownVmResponseInput, ShutdownVmResponse as _evenkeel_v1_ShutdownVmResponse } from './evenkeel/v1/ShutdownVmResponse.ts';
import type { StartVmRequestInput as _evenkeel_v1_StartVmRequestInput, StartVmRequest as _evenkeel_v1_StartVmRequest } from './evenkeel/v1/StartVmRequest.ts';
import type { StartVmResponseInput as _evenkeel_v1_StartVmResponseInput, StartVmResponse as _evenkeel_v1_StartVmResponse } from './evenkeel/v1/StartVmResponse.ts';
import type { TakeSnapshotRequestInput as _evenkeel_v1_TakeSnapshotRequestInput, TakeSnapshotRequest as _evenkeel_v1_TakeSnapshotRequest } from './evenkeel/v1/TakeSnapshotRequest.ts';
import type { TakeSnapshotResponseInput as _evenkeel_v1_TakeSnapshotResponseInput, TakeSnapshotResponse as _evenkeel_v1_TakeSnapshotResponse } from './evenkeel/v1/TakeSnapshotResponse.ts';
import type { UndefineVmRequestInput as _evenkeel_v1_UndefineVmRequestInput, UndefineVmRequest as _evenkeel_v1_UndefineVmRequest } from './evenkeel/v1/UndefineVmRequest.ts';
import type { UndefineVmResponseInput as _evenkeel_v1_UndefineVmResponseInput, UndefineVmResponse as _evenkeel_v1_UndefineVmResponse } from './evenkeel/v1/UndefineVmResponse.ts';
import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from './evenkeel/v1/Vm.ts';
import type { VmDiskInput as _evenkeel_v1_VmDiskInput, VmDisk as _evenkeel_v1_VmDisk } from './evenkeel/v1/VmDisk.ts';
import type { VmLoadInput as _evenkeel_v1_VmLoadInput, VmLoad as _evenkeel_v1_VmLoad } from './evenkeel/v1/VmLoad.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from './evenkeel/v1/VmMetadata.ts';
import type { VmNicInput as _evenkeel_v1_VmNicInput, VmNic as _evenkeel_v1_VmNic } from './evenkeel/v1/VmNic.ts';
import type { VmRefInput as _evenkeel_v1_VmRefInput, VmRef as _evenkeel_v1_VmRef } from './evenkeel/v1/VmRef.ts';
import type { VmRulesInput as _evenkeel_v1_VmRulesInput, VmRules as _evenkeel_v1_VmRules } from './evenkeel/v1/VmRules.ts';
import type { VmSampleInput as _evenkeel_v1_VmSampleInput, VmSample as _evenkeel_v1_VmSample } from './evenkeel/v1/VmSample.ts';
import type { VmSpecInput as _evenkeel_v1_VmSpecInput, VmSpec as _evenkeel_v1_VmSpec } from './evenkeel/v1/VmSpec.ts';
import type { WaitingVmInput as _evenkeel_v1_WaitingVmInput, WaitingVm as _evenkeel_v1_WaitingVm } from './evenkeel/v1/WaitingVm.ts';
import type { WatchLoadRequestInput as _evenkeel_v1_WatchLoadRequestInput, WatchLoadRequest as _evenkeel_v1_WatchLoadRequest } from './evenkeel/v1/WatchLoadRequest.ts';
import type { WatchLoadResponseInput as _evenkeel_v1_WatchLoadResponseInput, WatchLoadResponse as _evenkeel_v1_WatchLoadResponse } from './evenkeel/v1/WatchLoadResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  evenkeel: {
    v1: {
      AbortMigrationRequest: MessageTypeDefinition<_evenkeel_v1_AbortMigrationRequestInput, _evenkeel_v1_AbortMigrationRequest>
      AbortMigrationResponse: MessageTypeDefinition<_evenkeel_v1_AbortMigrationResponseInput, _evenkeel_v1_AbortMigrationResponse>
      AddRuleRequest: MessageTypeDefinition<_evenkeel_v1_AddRuleRequestInput, _evenkeel_v1_AddRuleRequest>
      AddRuleResponse: MessageTypeDefinition<_evenkeel_v1_AddRuleResponseInput, _evenkeel_v1_AddRuleResponse>
      /**
       * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
       * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
       * DEADLINE_EXCEEDED outcome unknown: ask again by name.
       */
      AgentService: SubtypeConstructor<typeof grpc.Client, _evenkeel_v1_AgentServiceClient> & { service: _evenkeel_v1_AgentServiceDefinition }
      AgentStatus: MessageTypeDefinition<_evenkeel_v1_AgentStatusInput, _evenkeel_v1_AgentStatus>
      ApproveProposalRequest: MessageTypeDefinition<_evenkeel_v1_ApproveProposalRequestInput, _evenkeel_v1_ApproveProposalRequest>
      ApproveProposalResponse: MessageTypeDefinition<_evenkeel_v1_ApproveProposalResponseInput, _evenkeel_v1_ApproveProposalResponse>
      CheckTargetRequest: MessageTypeDefinition<_evenkeel_v1_CheckTargetRequestInput, _evenkeel_v1_CheckTargetRequest>
      CheckTargetResponse: MessageTypeDefinition<_evenkeel_v1_CheckTargetResponseInput, _evenkeel_v1_CheckTargetResponse>
      CommitMode: EnumTypeDefinition
      CreateVmRequest: MessageTypeDefinition<_evenkeel_v1_CreateVmRequestInput, _evenkeel_v1_CreateVmRequest>
      CreateVmResponse: MessageTypeDefinition<_evenkeel_v1_CreateVmResponseInput, _evenkeel_v1_CreateVmResponse>
      Decision: MessageTypeDefinition<_evenkeel_v1_DecisionInput, _evenkeel_v1_Decision>
      DestroyVmRequest: MessageTypeDefinition<_evenkeel_v1_DestroyVmRequestInput, _evenkeel_v1_DestroyVmRequest>
      DestroyVmResponse: MessageTypeDefinition<_evenkeel_v1_DestroyVmResponseInput, _evenkeel_v1_DestroyVmResponse>
      DiskSample: MessageTypeDefinition<_evenkeel_v1_DiskSampleInput, _evenkeel_v1_DiskSample>
      DiskSpec: MessageTypeDefinition<_evenkeel_v1_DiskSpecInput, _evenkeel_v1_DiskSpec>
      EndMigrationRequest: MessageTypeDefinition<_evenkeel_v1_EndMigrationRequestInput, _evenkeel_v1_EndMigrationRequest>
      EndMigrationResponse: MessageTypeDefinition<_evenkeel_v1_EndMigrationResponseInput, _evenkeel_v1_EndMigrationResponse>
      EnterMaintenanceRequest: MessageTypeDefinition<_evenkeel_v1_EnterMaintenanceRequestInput, _evenkeel_v1_EnterMaintenanceRequest>
      EnterMaintenanceResponse: MessageTypeDefinition<_evenkeel_v1_EnterMaintenanceResponseInput, _evenkeel_v1_EnterMaintenanceResponse>
      Event: MessageTypeDefinition<_evenkeel_v1_EventInput, _evenkeel_v1_Event>
      ExitMaintenanceRequest: MessageTypeDefinition<_evenkeel_v1_ExitMaintenanceRequestInput, _evenkeel_v1_ExitMaintenanceRequest>
      ExitMaintenanceResponse: MessageTypeDefinition<_evenkeel_v1_ExitMaintenanceResponseInput, _evenkeel_v1_ExitMaintenanceResponse>
      ExplainRequest: MessageTypeDefinition<_evenkeel_v1_ExplainRequestInput, _evenkeel_v1_ExplainRequest>
      ExplainResponse: MessageTypeDefinition<_evenkeel_v1_ExplainResponseInput, _evenkeel_v1_ExplainResponse>
      Firmware: EnumTypeDefinition
      GetHostRequest: MessageTypeDefinition<_evenkeel_v1_GetHostRequestInput, _evenkeel_v1_GetHostRequest>
      GetHostResponse: MessageTypeDefinition<_evenkeel_v1_GetHostResponseInput, _evenkeel_v1_GetHostResponse>
      GetModeRequest: MessageTypeDefinition<_evenkeel_v1_GetModeRequestInput, _evenkeel_v1_GetModeRequest>
      GetModeResponse: MessageTypeDefinition<_evenkeel_v1_GetModeResponseInput, _evenkeel_v1_GetModeResponse>
      GetRecordRequest: MessageTypeDefinition<_evenkeel_v1_GetRecordRequestInput, _evenkeel_v1_GetRecordRequest>
      GetRecordResponse: MessageTypeDefinition<_evenkeel_v1_GetRecordResponseInput, _evenkeel_v1_GetRecordResponse>
      GetVmRequest: MessageTypeDefinition<_evenkeel_v1_GetVmRequestInput, _evenkeel_v1_GetVmRequest>
      GetVmResponse: MessageTypeDefinition<_evenkeel_v1_GetVmResponseInput, _evenkeel_v1_GetVmResponse>
      GuardMigrationRequest: MessageTypeDefinition<_evenkeel_v1_GuardMigrationRequestInput, _evenkeel_v1_GuardMigrationRequest>
      GuardMigrationResponse: MessageTypeDefinition<_evenkeel_v1_GuardMigrationResponseInput, _evenkeel_v1_GuardMigrationResponse>
      HostFacts: MessageTypeDefinition<_evenkeel_v1_HostFactsInput, _evenkeel_v1_HostFacts>
      HostLoad: MessageTypeDefinition<_evenkeel_v1_HostLoadInput, _evenkeel_v1_HostLoad>
      HostReport: MessageTypeDefinition<_evenkeel_v1_HostReportInput, _evenkeel_v1_HostReport>
      HostSample: MessageTypeDefinition<_evenkeel_v1_HostSampleInput, _evenkeel_v1_HostSample>
      HostState: EnumTypeDefinition
      ListDecisionsRequest: MessageTypeDefinition<_evenkeel_v1_ListDecisionsRequestInput, _evenkeel_v1_ListDecisionsRequest>
      ListDecisionsResponse: MessageTypeDefinition<_evenkeel_v1_ListDecisionsResponseInput, _evenkeel_v1_ListDecisionsResponse>
      ListHostsRequest: MessageTypeDefinition<_evenkeel_v1_ListHostsRequestInput, _evenkeel_v1_ListHostsRequest>
      ListHostsResponse: MessageTypeDefinition<_evenkeel_v1_ListHostsResponseInput, _evenkeel_v1_ListHostsResponse>
      ListMaintenanceRequest: MessageTypeDefinition<_evenkeel_v1_ListMaintenanceRequestInput, _evenkeel_v1_ListMaintenanceRequest>
      ListMaintenanceResponse: MessageTypeDefinition<_evenkeel_v1_ListMaintenanceResponseInput, _evenkeel_v1_ListMaintenanceResponse>
      ListMigrationsRequest: MessageTypeDefinition<_evenkeel_v1_ListMigrationsRequestInput, _evenkeel_v1_ListMigrationsRequest>
      ListMigrationsResponse: MessageTypeDefinition<_evenkeel_v1_ListMigrationsResponseInput, _evenkeel_v1_ListMigrationsResponse>
      ListProposalsRequest: MessageTypeDefinition<_evenkeel_v1_ListProposalsRequestInput, _evenkeel_v1_ListProposalsRequest>
      ListProposalsResponse: MessageTypeDefinition<_evenkeel_v1_ListProposalsResponseInput, _evenkeel_v1_ListProposalsResponse>
      ListRulesRequest: MessageTypeDefinition<_evenkeel_v1_ListRulesRequestInput, _evenkeel_v1_ListRulesRequest>
      ListRulesResponse: MessageTypeDefinition<_evenkeel_v1_ListRulesResponseInput, _evenkeel_v1_ListRulesResponse>
      ListVmLoadsRequest: MessageTypeDefinition<_evenkeel_v1_ListVmLoadsRequestInput, _evenkeel_v1_ListVmLoadsRequest>
      ListVmLoadsResponse: MessageTypeDefinition<_evenkeel_v1_ListVmLoadsResponseInput, _evenkeel_v1_ListVmLoadsResponse>
      ListVmsRequest: MessageTypeDefinition<_evenkeel_v1_ListVmsRequestInput, _evenkeel_v1_ListVmsRequest>
      ListVmsResponse: MessageTypeDefinition<_evenkeel_v1_ListVmsResponseInput, _evenkeel_v1_ListVmsResponse>
      Maintenance: MessageTypeDefinition<_evenkeel_v1_MaintenanceInput, _evenkeel_v1_Maintenance>
      MemoryUsedSource: EnumTypeDefinition
      MigrateRequest: MessageTypeDefinition<_evenkeel_v1_MigrateRequestInput, _evenkeel_v1_MigrateRequest>
      MigrateResponse: MessageTypeDefinition<_evenkeel_v1_MigrateResponseInput, _evenkeel_v1_MigrateResponse>
      MigrateResult: MessageTypeDefinition<_evenkeel_v1_MigrateResultInput, _evenkeel_v1_MigrateResult>
      Migration: MessageTypeDefinition<_evenkeel_v1_MigrationInput, _evenkeel_v1_Migration>
      MigrationForecast: MessageTypeDefinition<_evenkeel_v1_MigrationForecastInput, _evenkeel_v1_MigrationForecast>
      MigrationPhase: EnumTypeDefinition
      MigrationProgress: MessageTypeDefinition<_evenkeel_v1_MigrationProgressInput, _evenkeel_v1_MigrationProgress>
      MigrationState: EnumTypeDefinition
      Mode: EnumTypeDefinition
      ModeOverride: MessageTypeDefinition<_evenkeel_v1_ModeOverrideInput, _evenkeel_v1_ModeOverride>
      Move: MessageTypeDefinition<_evenkeel_v1_MoveInput, _evenkeel_v1_Move>
      MoveCost: MessageTypeDefinition<_evenkeel_v1_MoveCostInput, _evenkeel_v1_MoveCost>
      MoveReview: MessageTypeDefinition<_evenkeel_v1_MoveReviewInput, _evenkeel_v1_MoveReview>
      NicSample: MessageTypeDefinition<_evenkeel_v1_NicSampleInput, _evenkeel_v1_NicSample>
      NicSpec: MessageTypeDefinition<_evenkeel_v1_NicSpecInput, _evenkeel_v1_NicSpec>
      ObserveVmRequest: MessageTypeDefinition<_evenkeel_v1_ObserveVmRequestInput, _evenkeel_v1_ObserveVmRequest>
      ObserveVmResponse: MessageTypeDefinition<_evenkeel_v1_ObserveVmResponseInput, _evenkeel_v1_ObserveVmResponse>
      OsFamily: EnumTypeDefinition
      PlacementRule: MessageTypeDefinition<_evenkeel_v1_PlacementRuleInput, _evenkeel_v1_PlacementRule>
      PlanRequest: MessageTypeDefinition<_evenkeel_v1_PlanRequestInput, _evenkeel_v1_PlanRequest>
      PlanResponse: MessageTypeDefinition<_evenkeel_v1_PlanResponseInput, _evenkeel_v1_PlanResponse>
      Projection: MessageTypeDefinition<_evenkeel_v1_ProjectionInput, _evenkeel_v1_Projection>
      Proposal: MessageTypeDefinition<_evenkeel_v1_ProposalInput, _evenkeel_v1_Proposal>
      ProposalState: EnumTypeDefinition
      Refusal: MessageTypeDefinition<_evenkeel_v1_RefusalInput, _evenkeel_v1_Refusal>
      RejectProposalRequest: MessageTypeDefinition<_evenkeel_v1_RejectProposalRequestInput, _evenkeel_v1_RejectProposalRequest>
      RejectProposalResponse: MessageTypeDefinition<_evenkeel_v1_RejectProposalResponseInput, _evenkeel_v1_RejectProposalResponse>
      RemoveRuleRequest: MessageTypeDefinition<_evenkeel_v1_RemoveRuleRequestInput, _evenkeel_v1_RemoveRuleRequest>
      RemoveRuleResponse: MessageTypeDefinition<_evenkeel_v1_RemoveRuleResponseInput, _evenkeel_v1_RemoveRuleResponse>
      ReviewedFigure: MessageTypeDefinition<_evenkeel_v1_ReviewedFigureInput, _evenkeel_v1_ReviewedFigure>
      Rule: MessageTypeDefinition<_evenkeel_v1_RuleInput, _evenkeel_v1_Rule>
      RuleConflict: MessageTypeDefinition<_evenkeel_v1_RuleConflictInput, _evenkeel_v1_RuleConflict>
      RuleKind: EnumTypeDefinition
      RuleStrength: EnumTypeDefinition
      /**
       * Hosts and VMs may be named by id or by name; an unknown one is NOT_FOUND with the known ones in the text.
       */
      SchedulerService: SubtypeConstructor<typeof grpc.Client, _evenkeel_v1_SchedulerServiceClient> & { service: _evenkeel_v1_SchedulerServiceDefinition }
      SchedulerServiceAbortMigrationRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceAbortMigrationRequestInput, _evenkeel_v1_SchedulerServiceAbortMigrationRequest>
      SchedulerServiceAbortMigrationResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceAbortMigrationResponseInput, _evenkeel_v1_SchedulerServiceAbortMigrationResponse>
      SchedulerServiceCreateVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceCreateVmRequestInput, _evenkeel_v1_SchedulerServiceCreateVmRequest>
      SchedulerServiceCreateVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceCreateVmResponseInput, _evenkeel_v1_SchedulerServiceCreateVmResponse>
      SchedulerServiceDestroyVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceDestroyVmRequestInput, _evenkeel_v1_SchedulerServiceDestroyVmRequest>
      SchedulerServiceDestroyVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceDestroyVmResponseInput, _evenkeel_v1_SchedulerServiceDestroyVmResponse>
      SchedulerServiceGetVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceGetVmRequestInput, _evenkeel_v1_SchedulerServiceGetVmRequest>
      SchedulerServiceGetVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceGetVmResponseInput, _evenkeel_v1_SchedulerServiceGetVmResponse>
      SchedulerServiceMigrateRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceMigrateRequestInput, _evenkeel_v1_SchedulerServiceMigrateRequest>
      SchedulerServiceMigrateResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceMigrateResponseInput, _evenkeel_v1_SchedulerServiceMigrateResponse>
      SchedulerServiceShutdownVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceShutdownVmRequestInput, _evenkeel_v1_SchedulerServiceShutdownVmRequest>
      SchedulerServiceShutdownVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceShutdownVmResponseInput, _evenkeel_v1_SchedulerServiceShutdownVmResponse>
      SchedulerServiceStartVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceStartVmRequestInput, _evenkeel_v1_SchedulerServiceStartVmRequest>
      SchedulerServiceStartVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceStartVmResponseInput, _evenkeel_v1_SchedulerServiceStartVmResponse>
      SchedulerServiceUndefineVmRequest: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceUndefineVmRequestInput, _evenkeel_v1_SchedulerServiceUndefineVmRequest>
      SchedulerServiceUndefineVmResponse: MessageTypeDefinition<_evenkeel_v1_SchedulerServiceUndefineVmResponseInput, _evenkeel_v1_SchedulerServiceUndefineVmResponse>
      SetModeRequest: MessageTypeDefinition<_evenkeel_v1_SetModeRequestInput, _evenkeel_v1_SetModeRequest>
      SetModeResponse: MessageTypeDefinition<_evenkeel_v1_SetModeResponseInput, _evenkeel_v1_SetModeResponse>
      SettleAct: EnumTypeDefinition
      SettleVmRequest: MessageTypeDefinition<_evenkeel_v1_SettleVmRequestInput, _evenkeel_v1_SettleVmRequest>
      SettleVmResponse: MessageTypeDefinition<_evenkeel_v1_SettleVmResponseInput, _evenkeel_v1_SettleVmResponse>
      ShadowComparison: MessageTypeDefinition<_evenkeel_v1_ShadowComparisonInput, _evenkeel_v1_ShadowComparison>
      ShadowDifference: MessageTypeDefinition<_evenkeel_v1_ShadowDifferenceInput, _evenkeel_v1_ShadowDifference>
      ShutdownVmRequest: MessageTypeDefinition<_evenkeel_v1_ShutdownVmRequestInput, _evenkeel_v1_ShutdownVmRequest>
      ShutdownVmResponse: MessageTypeDefinition<_evenkeel_v1_ShutdownVmResponseInput, _evenkeel_v1_ShutdownVmResponse>
      StartVmRequest: MessageTypeDefinition<_evenkeel_v1_StartVmRequestInput, _evenkeel_v1_StartVmRequest>
      StartVmResponse: MessageTypeDefinition<_evenkeel_v1_StartVmResponseInput, _evenkeel_v1_StartVmResponse>
      TakeSnapshotRequest: MessageTypeDefinition<_evenkeel_v1_TakeSnapshotRequestInput, _evenkeel_v1_TakeSnapshotRequest>
      TakeSnapshotResponse: MessageTypeDefinition<_evenkeel_v1_TakeSnapshotResponseInput, _evenkeel_v1_TakeSnapshotResponse>
      UndefineVmRequest: MessageTypeDefinition<_evenkeel_v1_UndefineVmRequestInput, _evenkeel_v1_UndefineVmRequest>
      UndefineVmResponse: MessageTypeDefinition<_evenkeel_v1_UndefineVmResponseInput, _evenkeel_v1_UndefineVmResponse>
      Vm: MessageTypeDefinition<_evenkeel_v1_VmInput, _evenkeel_v1_Vm>
      VmDisk: MessageTypeDefinition<_evenkeel_v1_VmDiskInput, _evenkeel_v1_VmDisk>
      VmLoad: MessageTypeDefinition<_evenkeel_v1_VmLoadInput, _evenkeel_v1_VmLoad>
      VmMetadata: MessageTypeDefinition<_evenkeel_v1_VmMetadataInput, _evenkeel_v1_VmMetadata>
      VmMigrationRole: EnumTypeDefinition
      VmNic: MessageTypeDefinition<_evenkeel_v1_VmNicInput, _evenkeel_v1_VmNic>
      VmRef: MessageTypeDefinition<_evenkeel_v1_VmRefInput, _evenkeel_v1_VmRef>
      VmRules: MessageTypeDefinition<_evenkeel_v1_VmRulesInput, _evenkeel_v1_VmRules>
      VmSample: MessageTypeDefinition<_evenkeel_v1_VmSampleInput, _evenkeel_v1_VmSample>
      VmSpec: MessageTypeDefinition<_evenkeel_v1_VmSpecInput, _evenkeel_v1_VmSpec>
      VmState: EnumTypeDefinition
      WaitingVm: MessageTypeDefinition<_evenkeel_v1_WaitingVmInput, _evenkeel_v1_WaitingVm>
      WatchLoadRequest: MessageTypeDefinition<_evenkeel_v1_WatchLoadRequestInput, _evenkeel_v1_WatchLoadRequest>
      WatchLoadResponse: MessageTypeDefinition<_evenkeel_v1_WatchLoadResponseInput, _evenkeel_v1_WatchLoadResponse>
    }
  }
}

