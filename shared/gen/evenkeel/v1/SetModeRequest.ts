// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';

export interface SetModeRequestInput {
  /**
   * MODE_UNSPECIFIED takes away the mode of that host or VM.
   */
  'mode'?: (_evenkeel_v1_ModeInput);
  /**
   * Host id or name, or VM uuid or name; both empty for the cluster.
   */
  'host'?: (string);
  'vm'?: (string);
}

export interface SetModeRequest {
  /**
   * MODE_UNSPECIFIED takes away the mode of that host or VM.
   */
  'mode': (_evenkeel_v1_Mode);
  /**
   * Host id or name, or VM uuid or name; both empty for the cluster.
   */
  'host': (string);
  'vm': (string);
}
