// Original file: proto/evenkeel/v1/scheduler.proto


export interface ApproveProposalRequestInput {
  'proposalId'?: (string);
}

export interface ApproveProposalRequest {
  'proposalId': (string);
}
