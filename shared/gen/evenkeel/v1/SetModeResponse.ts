// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';
import type { ModeOverrideInput as _evenkeel_v1_ModeOverrideInput, ModeOverride as _evenkeel_v1_ModeOverride } from '../../evenkeel/v1/ModeOverride.ts';

export interface SetModeResponseInput {
  'mode'?: (_evenkeel_v1_ModeInput);
  'overrides'?: (_evenkeel_v1_ModeOverrideInput)[];
}

export interface SetModeResponse {
  'mode': (_evenkeel_v1_Mode);
  'overrides': (_evenkeel_v1_ModeOverride)[];
}
