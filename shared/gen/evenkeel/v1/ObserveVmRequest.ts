// Original file: proto/evenkeel/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface ObserveVmRequestInput {
  'migrationId'?: (string);
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
}

export interface ObserveVmRequest {
  'migrationId': (string);
  'epoch': (number);
  'vmUuid': (string);
}
