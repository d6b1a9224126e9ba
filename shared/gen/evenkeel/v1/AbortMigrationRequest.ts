// Original file: proto/evenkeel/v1/agent.proto


export interface AbortMigrationRequestInput {
  'migrationId'?: (string);
  'vmUuid'?: (string);
}

export interface AbortMigrationRequest {
  'migrationId': (string);
  'vmUuid': (string);
}
