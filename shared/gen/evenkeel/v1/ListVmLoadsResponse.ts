// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmLoadInput as _evenkeel_v1_VmLoadInput, VmLoad as _evenkeel_v1_VmLoad } from '../../evenkeel/v1/VmLoad.ts';

export interface ListVmLoadsResponseInput {
  'vms'?: (_evenkeel_v1_VmLoadInput)[];
}

export interface ListVmLoadsResponse {
  'vms': (_evenkeel_v1_VmLoad)[];
}
