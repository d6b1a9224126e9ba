// Original file: proto/evenkeel/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface EndMigrationRequestInput {
  'migrationId'?: (string);
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
}

export interface EndMigrationRequest {
  'migrationId': (string);
  'epoch': (number);
  'vmUuid': (string);
}
