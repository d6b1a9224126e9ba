// Original file: proto/evenkeel/v1/agent.proto

import type { VmRefInput as _evenkeel_v1_VmRefInput, VmRef as _evenkeel_v1_VmRef } from '../../evenkeel/v1/VmRef.ts';

export interface UndefineVmRequestInput {
  'vm'?: (_evenkeel_v1_VmRefInput | null);
  /**
   * Also delete the volumes that were created for the VM.
   */
  'deleteVolumes'?: (boolean);
}

export interface UndefineVmRequest {
  'vm': (_evenkeel_v1_VmRef | null);
  /**
   * Also delete the volumes that were created for the VM.
   */
  'deleteVolumes': (boolean);
}
