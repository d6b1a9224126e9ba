// Original file: proto/evenkeel/v1/agent.proto

import type { VmInput as _evenkeel_v1_VmInput, Vm as _evenkeel_v1_Vm } from '../../evenkeel/v1/Vm.ts';

export interface GetVmResponseInput {
  'vm'?: (_evenkeel_v1_VmInput | null);
  /**
   * The live definition, with secrets left out, when asked for.
   */
  'xml'?: (string);
}

export interface GetVmResponse {
  'vm': (_evenkeel_v1_Vm | null);
  /**
   * The live definition, with secrets left out, when asked for.
   */
  'xml': (string);
}
