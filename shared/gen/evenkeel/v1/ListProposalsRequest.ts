// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListProposalsRequestInput {
  'waitingOnly'?: (boolean);
  'limit'?: (number);
}

export interface ListProposalsRequest {
  'waitingOnly': (boolean);
  'limit': (number);
}
