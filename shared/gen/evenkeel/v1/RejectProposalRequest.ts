// Original file: proto/evenkeel/v1/scheduler.proto


export interface RejectProposalRequestInput {
  'proposalId'?: (string);
}

export interface RejectProposalRequest {
  'proposalId': (string);
}
