// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';

export interface SetModeResponseInput {
  'mode'?: (_evenkeel_v1_ModeInput);
}

export interface SetModeResponse {
  'mode': (_evenkeel_v1_Mode);
}
