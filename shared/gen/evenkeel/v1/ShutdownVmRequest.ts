// Original file: proto/evenkeel/v1/agent.proto

import type { VmRefInput as _evenkeel_v1_VmRefInput, VmRef as _evenkeel_v1_VmRef } from '../../evenkeel/v1/VmRef.ts';

export interface ShutdownVmRequestInput {
  'vm'?: (_evenkeel_v1_VmRefInput | null);
}

export interface ShutdownVmRequest {
  'vm': (_evenkeel_v1_VmRef | null);
}
