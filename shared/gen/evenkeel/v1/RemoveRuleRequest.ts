// Original file: proto/evenkeel/v1/scheduler.proto


export interface RemoveRuleRequestInput {
  'ruleId'?: (string);
}

export interface RemoveRuleRequest {
  'ruleId': (string);
}
