// Original file: proto/evenkeel/v1/agent.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface ShutdownVmResponseInput {
  'vm'?: (_evenkeel_v1_VmInput | null);
}

export interface ShutdownVmResponse {
  'vm': (_evenkeel_v1_Vm | null);
}
