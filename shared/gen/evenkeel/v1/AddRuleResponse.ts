// Original file: proto/evenkeel/v1/scheduler.proto

import type { RuleInput as _evenkeel_v1_RuleInput, Rule as _evenkeel_v1_Rule } from '../../evenkeel/v1/Rule.ts';

export interface AddRuleResponseInput {
  'rule'?: (_evenkeel_v1_RuleInput | null);
}

export interface AddRuleResponse {
  'rule': (_evenkeel_v1_Rule | null);
}
