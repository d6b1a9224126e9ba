// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface SchedulerServiceCreateVmResponseInput {
  'vm'?: (_evenkeel_v1_VmInput | null);
  'hostId'?: (string);
  'hostName'?: (string);
}

export interface SchedulerServiceCreateVmResponse {
  'vm': (_evenkeel_v1_Vm | null);
  'hostId': (string);
  'hostName': (string);
}
