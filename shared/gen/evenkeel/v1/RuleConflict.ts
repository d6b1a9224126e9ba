// Original file: proto/evenkeel/v1/scheduler.proto


/**
 * Must-rules that cannot hold together.
 */
export interface RuleConflictInput {
  'code'?: (string);
  'reason'?: (string);
  'cure'?: (string);
  'ruleIds'?: (string)[];
  'vms'?: (string)[];
}

/**
 * Must-rules that cannot hold together.
 */
export interface RuleConflict {
  'code': (string);
  'reason': (string);
  'cure': (string);
  'ruleIds': (string)[];
  'vms': (string)[];
}
