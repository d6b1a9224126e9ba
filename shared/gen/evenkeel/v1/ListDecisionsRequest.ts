// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListDecisionsRequestInput {
  'limit'?: (number);
}

export interface ListDecisionsRequest {
  'limit': (number);
}
