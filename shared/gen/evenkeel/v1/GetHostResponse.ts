// Original file: proto/evenkeel/v1/agent.proto

import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from '../../evenkeel/v1/HostFacts.ts';

export interface GetHostResponseInput {
  'hostId'?: (string);
  'hostName'?: (string);
  'facts'?: (_evenkeel_v1_HostFactsInput | null);
}

export interface GetHostResponse {
  'hostId': (string);
  'hostName': (string);
  'facts': (_evenkeel_v1_HostFacts | null);
}
