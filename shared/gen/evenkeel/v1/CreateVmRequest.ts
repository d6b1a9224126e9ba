// Original file: proto/evenkeel/v1/agent.proto

import type { VmSpecInput as _evenkeel_v1_VmSpecInput, VmSpec as _evenkeel_v1_VmSpec } from '../../evenkeel/v1/VmSpec.ts';

export interface CreateVmRequestInput {
  'spec'?: (_evenkeel_v1_VmSpecInput | null);
  'start'?: (boolean);
}

export interface CreateVmRequest {
  'spec': (_evenkeel_v1_VmSpec | null);
  'start': (boolean);
}
