// Original file: proto/evenkeel/v1/scheduler.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from '../../evenkeel/v1/Decision.ts';
import type { RuleConflictInput as _evenkeel_v1_RuleConflictInput, RuleConflict as _evenkeel_v1_RuleConflict } from '../../evenkeel/v1/RuleConflict.ts';

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
  'conflicts'?: (_evenkeel_v1_RuleConflictInput)[];
  /**
   * Hosts without a VM once the plan is done, which could be powered off.
   */
  'emptyHosts'?: (string)[];
  /**
   * Why the search ended: "complete", "move_budget", "byte_budget", "steps", "deadline".
   */
  'stopped'?: (string);
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
  'conflicts': (_evenkeel_v1_RuleConflict)[];
  /**
   * Hosts without a VM once the plan is done, which could be powered off.
   */
  'emptyHosts': (string)[];
  /**
   * Why the search ended: "complete", "move_budget", "byte_budget", "steps", "deadline".
   */
  'stopped': (string);
}
