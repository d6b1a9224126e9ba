// Original file: proto/evenkeel/v1/scheduler.proto

export const ProposalState = {
  PROPOSAL_STATE_UNSPECIFIED: 'PROPOSAL_STATE_UNSPECIFIED',
  PROPOSAL_STATE_WAITING: 'PROPOSAL_STATE_WAITING',
  /**
   * Checked again, agreed once more, and begun.
   */
  PROPOSAL_STATE_STARTED: 'PROPOSAL_STATE_STARTED',
  PROPOSAL_STATE_REJECTED: 'PROPOSAL_STATE_REJECTED',
  /**
   * Nobody answered in time.
   */
  PROPOSAL_STATE_EXPIRED: 'PROPOSAL_STATE_EXPIRED',
  /**
   * What it was for is gone.
   */
  PROPOSAL_STATE_WITHDRAWN: 'PROPOSAL_STATE_WITHDRAWN',
  /**
   * A person agreed; it begins when its hosts have a free slot.
   */
  PROPOSAL_STATE_APPROVED: 'PROPOSAL_STATE_APPROVED',
} as const;

export type ProposalStateInput =
  | 'PROPOSAL_STATE_UNSPECIFIED'
  | 0
  | 'PROPOSAL_STATE_WAITING'
  | 1
  /**
   * Checked again, agreed once more, and begun.
   */
  | 'PROPOSAL_STATE_STARTED'
  | 2
  | 'PROPOSAL_STATE_REJECTED'
  | 3
  /**
   * Nobody answered in time.
   */
  | 'PROPOSAL_STATE_EXPIRED'
  | 4
  /**
   * What it was for is gone.
   */
  | 'PROPOSAL_STATE_WITHDRAWN'
  | 5
  /**
   * A person agreed; it begins when its hosts have a free slot.
   */
  | 'PROPOSAL_STATE_APPROVED'
  | 6

export type ProposalState = typeof ProposalState[keyof typeof ProposalState]
