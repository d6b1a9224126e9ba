// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from '../../evenkeel/v1/Decision.ts';

export interface PlanResponseInput {
  'mode'?: (_evenkeel_v1_ModeInput);
  /**
   * One for each hot host; empty when none is hot.
   */
  'decisions'?: (_evenkeel_v1_DecisionInput)[];
  /**
   * Why the cluster as a whole is left alone, when it is, for example too many unknown hosts.
   */
  'frozenReason'?: (string);
}

export interface PlanResponse {
  'mode': (_evenkeel_v1_Mode);
  /**
   * One for each hot host; empty when none is hot.
   */
  'decisions': (_evenkeel_v1_Decision)[];
  /**
   * Why the cluster as a whole is left alone, when it is, for example too many unknown hosts.
   */
  'frozenReason': (string);
}
