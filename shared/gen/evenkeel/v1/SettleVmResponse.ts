// Original file: proto/evenkeel/v1/agent.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface SettleVmResponseInput {
  /**
   * As it is after the act; absent when gone.
   */
  'vm'?: (_evenkeel_v1_VmInput | null);
  '_vm'?: "vm";
}

export interface SettleVmResponse {
  /**
   * As it is after the act; absent when gone.
   */
  'vm'?: (_evenkeel_v1_Vm | null);
  '_vm'?: "vm";
}
