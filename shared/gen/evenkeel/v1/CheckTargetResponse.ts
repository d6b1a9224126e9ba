// Original file: proto/evenkeel/v1/agent.proto

import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from '../../evenkeel/v1/Refusal.ts';
import type { Long } from '@grpc/proto-loader';

export interface CheckTargetResponseInput {
  /**
   * Empty: the VM can run here.
   */
  'refusals'?: (_evenkeel_v1_RefusalInput)[];
  /**
   * A lock held by the running guest was refused here, for every writable disk.
   */
  'lockProven'?: (boolean);
  /**
   * Why not, when it was not.
   */
  'lockReason'?: (string);
  /**
   * This host's wall clock, for its offset.
   */
  'atMs'?: (number | string | Long);
}

export interface CheckTargetResponse {
  /**
   * Empty: the VM can run here.
   */
  'refusals': (_evenkeel_v1_Refusal)[];
  /**
   * A lock held by the running guest was refused here, for every writable disk.
   */
  'lockProven': (boolean);
  /**
   * Why not, when it was not.
   */
  'lockReason': (string);
  /**
   * This host's wall clock, for its offset.
   */
  'atMs': (number);
}
