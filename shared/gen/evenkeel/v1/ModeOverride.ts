// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';

/**
 * A host or VM whose mode is not the cluster's. The VM's own comes first, then the more careful one of its host and its
 * target, then the cluster's; while the cluster's is observe, nothing moves.
 */
export interface ModeOverrideInput {
  'mode'?: (_evenkeel_v1_ModeInput);
  'hostId'?: (string);
  'hostName'?: (string);
  'vmUuid'?: (string);
  'vmName'?: (string);
}

/**
 * A host or VM whose mode is not the cluster's. The VM's own comes first, then the more careful one of its host and its
 * target, then the cluster's; while the cluster's is observe, nothing moves.
 */
export interface ModeOverride {
  'mode': (_evenkeel_v1_Mode);
  'hostId': (string);
  'hostName': (string);
  'vmUuid': (string);
  'vmName': (string);
}
