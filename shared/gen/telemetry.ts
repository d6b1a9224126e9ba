import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentStatusInput as _evenkeel_v1_AgentStatusInput, AgentStatus as _evenkeel_v1_AgentStatus } from './evenkeel/v1/AgentStatus.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from './evenkeel/v1/Decision.ts';
import type { DiskSampleInput as _evenkeel_v1_DiskSampleInput, DiskSample as _evenkeel_v1_DiskSample } from './evenkeel/v1/DiskSample.ts';
import type { EventInput as _evenkeel_v1_EventInput, Event as _evenkeel_v1_Event } from './evenkeel/v1/Event.ts';
import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from './evenkeel/v1/HostFacts.ts';
import type { HostReportInput as _evenkeel_v1_HostReportInput, HostReport as _evenkeel_v1_HostReport } from './evenkeel/v1/HostReport.ts';
import type { HostSampleInput as _evenkeel_v1_HostSampleInput, HostSample as _evenkeel_v1_HostSample } from './evenkeel/v1/HostSample.ts';
import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from './evenkeel/v1/Migration.ts';
import type { MigrationForecastInput as _evenkeel_v1_MigrationForecastInput, MigrationForecast as _evenkeel_v1_MigrationForecast } from './evenkeel/v1/MigrationForecast.ts';
import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from './evenkeel/v1/MigrationProgress.ts';
import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from './evenkeel/v1/Move.ts';
import type { MoveCostInput as _evenkeel_v1_MoveCostInput, MoveCost as _evenkeel_v1_MoveCost } from './evenkeel/v1/MoveCost.ts';
import type { NicSampleInput as _evenkeel_v1_NicSampleInput, NicSample as _evenkeel_v1_NicSample } from './evenkeel/v1/NicSample.ts';
import type { PlacementRuleInput as _evenkeel_v1_PlacementRuleInput, PlacementRule as _evenkeel_v1_PlacementRule } from './evenkeel/v1/PlacementRule.ts';
import type { ProjectionInput as _evenkeel_v1_ProjectionInput, Projection as _evenkeel_v1_Projection } from './evenkeel/v1/Projection.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from './evenkeel/v1/Refusal.ts';
import type { ShadowComparisonInput as _evenkeel_v1_ShadowComparisonInput, ShadowComparison as _evenkeel_v1_ShadowComparison } from './evenkeel/v1/ShadowComparison.ts';
import type { ShadowDifferenceInput as _evenkeel_v1_ShadowDifferenceInput, ShadowDifference as _evenkeel_v1_ShadowDifference } from './evenkeel/v1/ShadowDifference.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from './evenkeel/v1/VmMetadata.ts';
import type { VmRulesInput as _evenkeel_v1_VmRulesInput, VmRules as _evenkeel_v1_VmRules } from './evenkeel/v1/VmRules.ts';
import type { VmSampleInput as _evenkeel_v1_VmSampleInput, VmSample as _evenkeel_v1_VmSample } from './evenkeel/v1/VmSample.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  evenkeel: {
    v1: {
      AgentStatus: MessageTypeDefinition<_evenkeel_v1_AgentStatusInput, _evenkeel_v1_AgentStatus>
      CommitMode: EnumTypeDefinition
      Decision: MessageTypeDefinition<_evenkeel_v1_DecisionInput, _evenkeel_v1_Decision>
      DiskSample: MessageTypeDefinition<_evenkeel_v1_DiskSampleInput, _evenkeel_v1_DiskSample>
      Event: MessageTypeDefinition<_evenkeel_v1_EventInput, _evenkeel_v1_Event>
      HostFacts: MessageTypeDefinition<_evenkeel_v1_HostFactsInput, _evenkeel_v1_HostFacts>
      HostReport: MessageTypeDefinition<_evenkeel_v1_HostReportInput, _evenkeel_v1_HostReport>
      HostSample: MessageTypeDefinition<_evenkeel_v1_HostSampleInput, _evenkeel_v1_HostSample>
      MemoryUsedSource: EnumTypeDefinition
      Migration: MessageTypeDefinition<_evenkeel_v1_MigrationInput, _evenkeel_v1_Migration>
      MigrationForecast: MessageTypeDefinition<_evenkeel_v1_MigrationForecastInput, _evenkeel_v1_MigrationForecast>
      MigrationPhase: EnumTypeDefinition
      MigrationProgress: MessageTypeDefinition<_evenkeel_v1_MigrationProgressInput, _evenkeel_v1_MigrationProgress>
      MigrationState: EnumTypeDefinition
      Mode: EnumTypeDefinition
      Move: MessageTypeDefinition<_evenkeel_v1_MoveInput, _evenkeel_v1_Move>
      MoveCost: MessageTypeDefinition<_evenkeel_v1_MoveCostInput, _evenkeel_v1_MoveCost>
      NicSample: MessageTypeDefinition<_evenkeel_v1_NicSampleInput, _evenkeel_v1_NicSample>
      PlacementRule: MessageTypeDefinition<_evenkeel_v1_PlacementRuleInput, _evenkeel_v1_PlacementRule>
      Projection: MessageTypeDefinition<_evenkeel_v1_ProjectionInput, _evenkeel_v1_Projection>
      Refusal: MessageTypeDefinition<_evenkeel_v1_RefusalInput, _evenkeel_v1_Refusal>
      RuleKind: EnumTypeDefinition
      RuleStrength: EnumTypeDefinition
      ShadowComparison: MessageTypeDefinition<_evenkeel_v1_ShadowComparisonInput, _evenkeel_v1_ShadowComparison>
      ShadowDifference: MessageTypeDefinition<_evenkeel_v1_ShadowDifferenceInput, _evenkeel_v1_ShadowDifference>
      VmMetadata: MessageTypeDefinition<_evenkeel_v1_VmMetadataInput, _evenkeel_v1_VmMetadata>
      VmMigrationRole: EnumTypeDefinition
      VmRules: MessageTypeDefinition<_evenkeel_v1_VmRulesInput, _evenkeel_v1_VmRules>
      VmSample: MessageTypeDefinition<_evenkeel_v1_VmSampleInput, _evenkeel_v1_VmSample>
      VmState: EnumTypeDefinition
    }
  }
}

