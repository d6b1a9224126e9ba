// Original file: proto/evenkeel/v1/scheduler.proto

import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from '../../evenkeel/v1/Migration.ts';

export interface ListMigrationsResponseInput {
  'migrations'?: (_evenkeel_v1_MigrationInput)[];
}

export interface ListMigrationsResponse {
  'migrations': (_evenkeel_v1_Migration)[];
}
