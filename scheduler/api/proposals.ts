// Serves proposals: listed, approved after another check, rejected.
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  ApproveProposalRequest,
  ApproveProposalResponseInput,
  ListProposalsRequest,
  ListProposalsResponseInput,
  Proposal,
  RejectProposalRequest,
  RejectProposalResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { Core } from '../core.ts';
import { limitOf } from './migrations.ts';

export function listProposals(
  { proposals }: Core,
  { waitingOnly, limit }: ListProposalsRequest,
): ListProposalsResponseInput {
  const all = waitingOnly ? proposals.open() : proposals.list();
  return { proposals: all.slice(0, limitOf(limit)) };
}

/** Checked now, so that the operator gets the answer at once, and again when it starts. */
export async function approveProposal(
  core: Core,
  { proposalId }: ApproveProposalRequest,
): Promise<ApproveProposalResponseInput> {
  const proposal = waiting(core, proposalId);
  const objection = core.planning.recheck([proposal]).objections.get(proposal.proposalId);
  if (objection?.isPassing === false) {
    await core.proposals.end(proposal, 'PROPOSAL_STATE_WITHDRAWN', objection.reason, core.clock.nowMs());
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `approve ${proposal.move?.vmName ?? proposalId}: checked again and withdrawn: ${objection.reason}`,
    );
  }
  const approved = await core.proposals.approve(proposal);
  core.planBell.ring();
  return { proposal: approved };
}

export async function rejectProposal(
  core: Core,
  { proposalId }: RejectProposalRequest,
): Promise<RejectProposalResponseInput> {
  const proposal = waiting(core, proposalId);
  const rejected = await core.proposals.end(
    proposal,
    'PROPOSAL_STATE_REJECTED',
    'an operator rejected it',
    core.clock.nowMs(),
  );
  core.planBell.ring();
  return { proposal: rejected };
}

function waiting({ proposals }: Core, proposalId: string): Proposal {
  const proposal = proposals.get(proposalId);
  if (proposal === undefined)
    throw new EvenkeelError(
      'NOT_FOUND',
      `proposal_id: no proposal "${proposalId}"; see "evenkeel proposals"`,
    );
  if (proposal.state !== 'PROPOSAL_STATE_WAITING')
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `proposal_id: the move of ${proposal.move?.vmName ?? 'its VM'} no longer waits: ${proposal.note === '' ? 'it is approved' : proposal.note}`,
    );
  return proposal;
}
