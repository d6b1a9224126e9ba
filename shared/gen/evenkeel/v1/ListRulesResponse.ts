// Original file: proto/evenkeel/v1/scheduler.proto

import type { RuleInput as _evenkeel_v1_RuleInput, Rule as _evenkeel_v1_Rule } from '../../evenkeel/v1/Rule.ts';
import type { RuleConflictInput as _evenkeel_v1_RuleConflictInput, RuleConflict as _evenkeel_v1_RuleConflict } from '../../evenkeel/v1/RuleConflict.ts';

export interface ListRulesResponseInput {
  'rules'?: (_evenkeel_v1_RuleInput)[];
  'conflicts'?: (_evenkeel_v1_RuleConflictInput)[];
}

export interface ListRulesResponse {
  'rules': (_evenkeel_v1_Rule)[];
  'conflicts': (_evenkeel_v1_RuleConflict)[];
}
