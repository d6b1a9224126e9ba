// Original file: proto/evenkeel/v1/scheduler.proto

import type { HostLoadInput as _evenkeel_v1_HostLoadInput, HostLoad as _evenkeel_v1_HostLoad } from '../../evenkeel/v1/HostLoad.ts';

export interface ListHostsResponseInput {
  'hosts'?: (_evenkeel_v1_HostLoadInput)[];
}

export interface ListHostsResponse {
  'hosts': (_evenkeel_v1_HostLoad)[];
}
