// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';

export interface GetModeResponseInput {
  'mode'?: (_evenkeel_v1_ModeInput);
}

export interface GetModeResponse {
  'mode': (_evenkeel_v1_Mode);
}
