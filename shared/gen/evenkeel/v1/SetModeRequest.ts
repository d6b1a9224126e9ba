// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';

export interface SetModeRequestInput {
  'mode'?: (_evenkeel_v1_ModeInput);
}

export interface SetModeRequest {
  'mode': (_evenkeel_v1_Mode);
}
