// Original file: proto/evenkeel/v1/scheduler.proto

import type { RuleInput as _evenkeel_v1_RuleInput, Rule as _evenkeel_v1_Rule } from '../../evenkeel/v1/Rule.ts';

export interface AddRuleRequestInput {
  /**
   * Without rule_id it gets one; with one it replaces the rule of that id.
   */
  'rule'?: (_evenkeel_v1_RuleInput | null);
}

export interface AddRuleRequest {
  /**
   * Without rule_id it gets one; with one it replaces the rule of that id.
   */
  'rule': (_evenkeel_v1_Rule | null);
}
