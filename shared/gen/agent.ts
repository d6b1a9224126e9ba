import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AbortMigrationRequestInput as _evenkeel_v1_AbortMigrationRequestInput, AbortMigrationRequest as _evenkeel_v1_AbortMigrationRequest } from './evenkeel/v1/AbortMigrationRequest.ts';
import type { AbortMigrationResponseInput as _evenkeel_v1_AbortMigrationResponseInput, AbortMigrationResponse as _evenkeel_v1_AbortMigrationResponse } from './evenkeel/v1/AbortMigrationResponse.ts';
import type { AgentServiceClient as _evenkeel_v1_AgentServiceClient, AgentServiceDefinition as _evenkeel_v1_AgentServiceDefinition } from './evenkeel/v1/AgentService.ts';
import type { AgentStatusInput as _evenkeel_v1_AgentStatusInput, AgentStatus as _evenkeel_v1_AgentStatus } from './evenkeel/v1/AgentStatus.ts';
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
import type { EventInput as _evenkeel_v1_EventInput, Event as _evenkeel_v1_Event } from './evenkeel/v1/Event.ts';
import type { GetHostRequestInput as _evenkeel_v1_GetHostRequestInput, GetHostRequest as _evenkeel_v1_GetHostRequest } from './evenkeel/v1/GetHostRequest.ts';
import type { GetHostResponseInput as _evenkeel_v1_GetHostResponseInput, GetHostResponse as _evenkeel_v1_GetHostResponse } from './evenkeel/v1/GetHostResponse.ts';
import type { GetVmRequestInput as _evenkeel_v1_GetVmRequestInput, GetVmRequest as _evenkeel_v1_GetVmRequest } from './evenkeel/v1/GetVmRequest.ts';
import type { GetVmResponseInput as _evenkeel_v1_GetVmResponseInput, GetVmResponse as _evenkeel_v1_GetVmResponse } from './evenkeel/v1/GetVmResponse.ts';
import type { GuardMigrationRequestInput as _evenkeel_v1_GuardMigrationRequestInput, GuardMigrationRequest as _evenkeel_v1_GuardMigrationRequest } from './evenkeel/v1/GuardMigrationRequest.ts';
import type { GuardMigrationResponseInput as _evenkeel_v1_GuardMigrationResponseInput, GuardMigrationResponse as _evenkeel_v1_GuardMigrationResponse } from './evenkeel/v1/GuardMigrationResponse.ts';
import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from './evenkeel/v1/HostFacts.ts';
import type { HostReportInput as _evenkeel_v1_HostReportInput, HostReport as _evenkeel_v1_HostReport } from './evenkeel/v1/HostReport.ts';
import type { HostSampleInput as _evenkeel_v1_HostSampleInput, HostSample as _evenkeel_v1_HostSample } from './evenkeel/v1/HostSample.ts';
import type { ListVmsRequestInput as _evenkeel_v1_ListVmsRequestInput, ListVmsRequest as _evenkeel_v1_ListVmsRequest } from './evenkeel/v1/ListVmsRequest.ts';
import type { ListVmsResponseInput as _evenkeel_v1_ListVmsResponseInput, ListVmsResponse as _evenkeel_v1_ListVmsResponse } from './evenkeel/v1/ListVmsResponse.ts';
import type { MigrateRequestInput as _evenkeel_v1_MigrateRequestInput, MigrateRequest as _evenkeel_v1_MigrateRequest } from './evenkeel/v1/MigrateRequest.ts';
import type { MigrateResponseInput as _evenkeel_v1_MigrateResponseInput, MigrateResponse as _evenkeel_v1_MigrateResponse } from './evenkeel/v1/MigrateResponse.ts';
import type { MigrateResultInput as _evenkeel_v1_MigrateResultInput, MigrateResult as _evenkeel_v1_MigrateResult } from './evenkeel/v1/MigrateResult.ts';
import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from './evenkeel/v1/Migration.ts';
import type { MigrationForecastInput as _evenkeel_v1_MigrationForecastInput, MigrationForecast as _evenkeel_v1_MigrationForecast } from './evenkeel/v1/MigrationForecast.ts';
import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from './evenkeel/v1/MigrationProgress.ts';
import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from './evenkeel/v1/Move.ts';
import type { MoveCostInput as _evenkeel_v1_MoveCostInput, MoveCost as _evenkeel_v1_MoveCost } from './evenkeel/v1/MoveCost.ts';
import type { NicSampleInput as _evenkeel_v1_NicSampleInput, NicSample as _evenkeel_v1_NicSample } from './evenkeel/v1/NicSample.ts';
import type { NicSpecInput as _evenkeel_v1_NicSpecInput, NicSpec as _evenkeel_v1_NicSpec } from './evenkeel/v1/NicSpec.ts';
import type { ObserveVmRequestInput as _evenkeel_v1_ObserveVmRequestInput, ObserveVmRequest as _evenkeel_v1_ObserveVmRequest } from './evenkeel/v1/ObserveVmRequest.ts';
import type { ObserveVmResponseInput as _evenkeel_v1_ObserveVmResponseInput, ObserveVmResponse as _evenkeel_v1_ObserveVmResponse } from './evenkeel/v1/ObserveVmResponse.ts';
import type { PlacementRuleInput as _evenkeel_v1_PlacementRuleInput, PlacementRule as _evenkeel_v1_PlacementRule } from './evenkeel/v1/PlacementRule.ts';
import type { ProjectionInput as _evenkeel_v1_ProjectionInput, Projection as _evenkeel_v1_Projection } from './evenkeel/v1/Projection.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from './evenkeel/v1/Refusal.ts';
import type { SettleVmRequestInput as _evenkeel_v1_SettleVmRequestInput, SettleVmRequest as _evenkeel_v1_SettleVmRequest } from './evenkeel/v1/SettleVmRequest.ts';
import type { SettleVmResponseInput as _evenkeel_v1_SettleVmResponseInput, SettleVmResponse as _evenkeel_v1_SettleVmResponse } from './evenkeel/v1/SettleVmResponse.ts';
import type { ShadowComparisonInput as _evenkeel_v1_ShadowComparisonInput, ShadowComparison as _evenkeel_v1_ShadowComparison } from './evenkeel/v1/ShadowComparison.ts';
import type { ShadowDifferenceInput as _evenkeel_v1_ShadowDifferenceInput, ShadowDifference as _evenkeel_v1_ShadowDifference } from './evenkeel/v1/ShadowDifference.ts';
import type { ShutdownVmRequestInput as _evenkeel_v1_ShutdownVmRequestInput, ShutdownVmRequest as _evenkeel_v1_ShutdownVmRequest } from './evenkeel/v1/ShutdownVmRequest.ts';
import type { ShutdownVmResponseInput as _evenkeel_v1_ShutdownVmResponseInput, ShutdownVmResponse as _evenkeel_v1_ShutdownVmResponse } from './evenkeel/v1/ShutdownVmResponse.ts';
import type { StartVmRequestInput as _evenkeel_v1_StartVmRequestInput, StartVmRequest as _evenkeel_v1_StartVmRequest } from './evenkeel/v1/StartVmRequest.ts';
import type { StartVmResponseInput as _evenkeel_v1_StartVmResponseInput, StartVmResponse as _evenkeel_v1_StartVmResponse } from './evenkeel/v1/StartVmResponse.ts';
import type { UndefineVmRequestInput as _evenkeel_v1_UndefineVmRequestInput, UndefineVmRequest as _evenkeel_v1_UndefineVmRequest } from './evenkeel/v1/UndefineVmRequest.ts';
import type { UndefineVmResponseInput as _evenkeel_v1_UndefineVmResponseInput, UndefineVmResponse as _evenkeel_v1_UndefineVmResponse } from './evenkeel/v1/UndefineVmResponse.ts';
import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from './evenkeel/v1/Vm.ts';
import type { VmDiskInput as _evenkeel_v1_VmDiskInput, VmDisk as _evenkeel_v1_VmDisk } from './evenkeel/v1/VmDisk.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from './evenkeel/v1/VmMetadata.ts';
import type { VmNicInput as _evenkeel_v1_VmNicInput, VmNic as _evenkeel_v1_VmNic } from './evenkeel/v1/VmNic.ts';
import type { VmRefInput as _evenkeel_v1_VmRefInput, VmRef as _evenkeel_v1_VmRef } from './evenkeel/v1/VmRef.ts';
import type { VmRulesInput as _evenkeel_v1_VmRulesInput, VmRules as _evenkeel_v1_VmRules } from './evenkeel/v1/VmRules.ts';
import type { VmSampleInput as _evenkeel_v1_VmSampleInput, VmSample as _evenkeel_v1_VmSample } from './evenkeel/v1/VmSample.ts';
import type { VmSpecInput as _evenkeel_v1_VmSpecInput, VmSpec as _evenkeel_v1_VmSpec } from './evenkeel/v1/VmSpec.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  evenkeel: {
    v1: {
      AbortMigrationRequest: MessageTypeDefinition<_evenkeel_v1_AbortMigrationRequestInput, _evenkeel_v1_AbortMigrationRequest>
      AbortMigrationResponse: MessageTypeDefinition<_evenkeel_v1_AbortMigrationResponseInput, _evenkeel_v1_AbortMigrationResponse>
      /**
       * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
       * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
       * DEADLINE_EXCEEDED outcome unknown: ask again by name.
       */
      AgentService: SubtypeConstructor<typeof grpc.Client, _evenkeel_v1_AgentServiceClient> & { service: _evenkeel_v1_AgentServiceDefinition }
      AgentStatus: MessageTypeDefinition<_evenkeel_v1_AgentStatusInput, _evenkeel_v1_AgentStatus>
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
      Event: MessageTypeDefinition<_evenkeel_v1_EventInput, _evenkeel_v1_Event>
      Firmware: EnumTypeDefinition
      GetHostRequest: MessageTypeDefinition<_evenkeel_v1_GetHostRequestInput, _evenkeel_v1_GetHostRequest>
      GetHostResponse: MessageTypeDefinition<_evenkeel_v1_GetHostResponseInput, _evenkeel_v1_GetHostResponse>
      GetVmRequest: MessageTypeDefinition<_evenkeel_v1_GetVmRequestInput, _evenkeel_v1_GetVmRequest>
      GetVmResponse: MessageTypeDefinition<_evenkeel_v1_GetVmResponseInput, _evenkeel_v1_GetVmResponse>
      GuardMigrationRequest: MessageTypeDefinition<_evenkeel_v1_GuardMigrationRequestInput, _evenkeel_v1_GuardMigrationRequest>
      GuardMigrationResponse: MessageTypeDefinition<_evenkeel_v1_GuardMigrationResponseInput, _evenkeel_v1_GuardMigrationResponse>
      HostFacts: MessageTypeDefinition<_evenkeel_v1_HostFactsInput, _evenkeel_v1_HostFacts>
      HostReport: MessageTypeDefinition<_evenkeel_v1_HostReportInput, _evenkeel_v1_HostReport>
      HostSample: MessageTypeDefinition<_evenkeel_v1_HostSampleInput, _evenkeel_v1_HostSample>
      ListVmsRequest: MessageTypeDefinition<_evenkeel_v1_ListVmsRequestInput, _evenkeel_v1_ListVmsRequest>
      ListVmsResponse: MessageTypeDefinition<_evenkeel_v1_ListVmsResponseInput, _evenkeel_v1_ListVmsResponse>
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
      Move: MessageTypeDefinition<_evenkeel_v1_MoveInput, _evenkeel_v1_Move>
      MoveCost: MessageTypeDefinition<_evenkeel_v1_MoveCostInput, _evenkeel_v1_MoveCost>
      NicSample: MessageTypeDefinition<_evenkeel_v1_NicSampleInput, _evenkeel_v1_NicSample>
      NicSpec: MessageTypeDefinition<_evenkeel_v1_NicSpecInput, _evenkeel_v1_NicSpec>
      ObserveVmRequest: MessageTypeDefinition<_evenkeel_v1_ObserveVmRequestInput, _evenkeel_v1_ObserveVmRequest>
      ObserveVmResponse: MessageTypeDefinition<_evenkeel_v1_ObserveVmResponseInput, _evenkeel_v1_ObserveVmResponse>
      OsFamily: EnumTypeDefinition
      PlacementRule: MessageTypeDefinition<_evenkeel_v1_PlacementRuleInput, _evenkeel_v1_PlacementRule>
      Projection: MessageTypeDefinition<_evenkeel_v1_ProjectionInput, _evenkeel_v1_Projection>
      Refusal: MessageTypeDefinition<_evenkeel_v1_RefusalInput, _evenkeel_v1_Refusal>
      RuleKind: EnumTypeDefinition
      RuleStrength: EnumTypeDefinition
      SettleAct: EnumTypeDefinition
      SettleVmRequest: MessageTypeDefinition<_evenkeel_v1_SettleVmRequestInput, _evenkeel_v1_SettleVmRequest>
      SettleVmResponse: MessageTypeDefinition<_evenkeel_v1_SettleVmResponseInput, _evenkeel_v1_SettleVmResponse>
      ShadowComparison: MessageTypeDefinition<_evenkeel_v1_ShadowComparisonInput, _evenkeel_v1_ShadowComparison>
      ShadowDifference: MessageTypeDefinition<_evenkeel_v1_ShadowDifferenceInput, _evenkeel_v1_ShadowDifference>
      ShutdownVmRequest: MessageTypeDefinition<_evenkeel_v1_ShutdownVmRequestInput, _evenkeel_v1_ShutdownVmRequest>
      ShutdownVmResponse: MessageTypeDefinition<_evenkeel_v1_ShutdownVmResponseInput, _evenkeel_v1_ShutdownVmResponse>
      StartVmRequest: MessageTypeDefinition<_evenkeel_v1_StartVmRequestInput, _evenkeel_v1_StartVmRequest>
      StartVmResponse: MessageTypeDefinition<_evenkeel_v1_StartVmResponseInput, _evenkeel_v1_StartVmResponse>
      UndefineVmRequest: MessageTypeDefinition<_evenkeel_v1_UndefineVmRequestInput, _evenkeel_v1_UndefineVmRequest>
      UndefineVmResponse: MessageTypeDefinition<_evenkeel_v1_UndefineVmResponseInput, _evenkeel_v1_UndefineVmResponse>
      Vm: MessageTypeDefinition<_evenkeel_v1_VmInput, _evenkeel_v1_Vm>
      VmDisk: MessageTypeDefinition<_evenkeel_v1_VmDiskInput, _evenkeel_v1_VmDisk>
      VmMetadata: MessageTypeDefinition<_evenkeel_v1_VmMetadataInput, _evenkeel_v1_VmMetadata>
      VmMigrationRole: EnumTypeDefinition
      VmNic: MessageTypeDefinition<_evenkeel_v1_VmNicInput, _evenkeel_v1_VmNic>
      VmRef: MessageTypeDefinition<_evenkeel_v1_VmRefInput, _evenkeel_v1_VmRef>
      VmRules: MessageTypeDefinition<_evenkeel_v1_VmRulesInput, _evenkeel_v1_VmRules>
      VmSample: MessageTypeDefinition<_evenkeel_v1_VmSampleInput, _evenkeel_v1_VmSample>
      VmSpec: MessageTypeDefinition<_evenkeel_v1_VmSpecInput, _evenkeel_v1_VmSpec>
      VmState: EnumTypeDefinition
    }
  }
}

