// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceAbortMigrationRequestInput {
  'migrationId'?: (string);
}

export interface SchedulerServiceAbortMigrationRequest {
  'migrationId': (string);
}
