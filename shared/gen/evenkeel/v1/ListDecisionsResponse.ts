// Original file: proto/evenkeel/v1/scheduler.proto

import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from '../../evenkeel/v1/Decision.ts';

export interface ListDecisionsResponseInput {
  'decisions'?: (_evenkeel_v1_DecisionInput)[];
}

export interface ListDecisionsResponse {
  'decisions': (_evenkeel_v1_Decision)[];
}
