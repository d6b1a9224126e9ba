// Original file: proto/evenkeel/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface AbortMigrationRequestInput {
  'migrationId'?: (string);
  'vmUuid'?: (string);
  'epoch'?: (number | string | Long);
}

export interface AbortMigrationRequest {
  'migrationId': (string);
  'vmUuid': (string);
  'epoch': (number);
}
