// Original file: proto/evenkeel/v1/agent.proto

import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from '../../evenkeel/v1/MigrationProgress.ts';
import type { MigrateResultInput as _evenkeel_v1_MigrateResultInput, MigrateResult as _evenkeel_v1_MigrateResult } from '../../evenkeel/v1/MigrateResult.ts';

export interface MigrateResponseInput {
  'progress'?: (_evenkeel_v1_MigrationProgressInput | null);
  'result'?: (_evenkeel_v1_MigrateResultInput | null);
  'kind'?: "progress"|"result";
}

export interface MigrateResponse {
  'progress'?: (_evenkeel_v1_MigrationProgress | null);
  'result'?: (_evenkeel_v1_MigrateResult | null);
  'kind'?: "progress"|"result";
}
