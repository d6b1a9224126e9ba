// Original file: proto/evenkeel/v1/agent.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface ListVmsResponseInput {
  'vms'?: (_evenkeel_v1_VmInput)[];
}

export interface ListVmsResponse {
  'vms': (_evenkeel_v1_Vm)[];
}
