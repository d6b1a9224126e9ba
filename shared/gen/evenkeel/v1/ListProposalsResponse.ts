// Original file: proto/evenkeel/v1/scheduler.proto

import type { ProposalInput as _evenkeel_v1_ProposalInput, Proposal as _evenkeel_v1_Proposal } from '../../evenkeel/v1/Proposal.ts';

export interface ListProposalsResponseInput {
  'proposals'?: (_evenkeel_v1_ProposalInput)[];
}

export interface ListProposalsResponse {
  'proposals': (_evenkeel_v1_Proposal)[];
}
