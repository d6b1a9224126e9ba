// Original file: proto/evenkeel/v1/telemetry.proto

import type { PlacementRuleInput as _evenkeel_v1_PlacementRuleInput, PlacementRule as _evenkeel_v1_PlacementRule } from '../../evenkeel/v1/PlacementRule.ts';

export interface VmRulesInput {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  'neverMove'?: (boolean);
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  'downtimeMaxMs'?: (number);
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  'postCopy'?: (boolean);
  /**
   * Part of what evenkeel itself needs to run: moved only when a person says so.
   */
  'controlPlane'?: (boolean);
  'placement'?: (_evenkeel_v1_PlacementRuleInput)[];
}

export interface VmRules {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  'neverMove': (boolean);
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  'downtimeMaxMs': (number);
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  'postCopy': (boolean);
  /**
   * Part of what evenkeel itself needs to run: moved only when a person says so.
   */
  'controlPlane': (boolean);
  'placement': (_evenkeel_v1_PlacementRule)[];
}
