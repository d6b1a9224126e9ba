// Original file: proto/evenkeel/v1/agent.proto

import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from '../../evenkeel/v1/Refusal.ts';

export interface CheckTargetResponseInput {
  /**
   * Empty: the VM can run here.
   */
  'refusals'?: (_evenkeel_v1_RefusalInput)[];
}

export interface CheckTargetResponse {
  /**
   * Empty: the VM can run here.
   */
  'refusals': (_evenkeel_v1_Refusal)[];
}
