// Original file: proto/evenkeel/v1/scheduler.proto

import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from '../../evenkeel/v1/Migration.ts';

export interface SchedulerServiceMigrateResponseInput {
  'migration'?: (_evenkeel_v1_MigrationInput | null);
}

export interface SchedulerServiceMigrateResponse {
  'migration': (_evenkeel_v1_Migration | null);
}
