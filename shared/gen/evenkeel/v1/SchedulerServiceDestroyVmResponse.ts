// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface SchedulerServiceDestroyVmResponseInput {
  'vm'?: (_evenkeel_v1_VmInput | null);
}

export interface SchedulerServiceDestroyVmResponse {
  'vm': (_evenkeel_v1_Vm | null);
}
