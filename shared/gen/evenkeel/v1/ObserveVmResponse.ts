// Original file: proto/evenkeel/v1/agent.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface ObserveVmResponseInput {
  /**
   * What tells who has the guest: state, role, size; without its definition. Absent when libvirt itself said that it has
   * no such VM.
   */
  'vm'?: (_evenkeel_v1_VmInput | null);
  /**
   * The migration whose intent this host holds for the VM; empty when none.
   */
  'migrationId'?: (string);
  '_vm'?: "vm";
}

export interface ObserveVmResponse {
  /**
   * What tells who has the guest: state, role, size; without its definition. Absent when libvirt itself said that it has
   * no such VM.
   */
  'vm'?: (_evenkeel_v1_Vm | null);
  /**
   * The migration whose intent this host holds for the VM; empty when none.
   */
  'migrationId': (string);
  '_vm'?: "vm";
}
