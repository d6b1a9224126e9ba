// Renders proposals: moves that wait for an operator, and what became of others.
import type { Proposal } from '../../shared/gen/scheduler.ts';
import { roughDuration, shortId, time } from './format.ts';
import { table } from './table.ts';
import { arrow, plain, wrap, type Style, type View } from './view.ts';
import { word, words } from './words.ts';

export function proposalTable(view: View, proposals: readonly Proposal[]): string {
  return table(
    view,
    [
      { title: 'PROPOSED', rank: 2, text: ({ proposedAtMs }) => time(view, proposedAtMs) },
      { title: 'ID', text: ({ proposalId }) => plain(shortId(proposalId)) },
      { title: 'VM', shrinkTo: 10, text: ({ move }) => plain(move?.vmName ?? ''), style: () => 'bold' },
      { title: `FROM ${arrow(view)} TO`, shrinkTo: 10, text: (proposal) => route(view, proposal) },
      { title: 'STATE', text: (proposal) => stateText(view, proposal), style: stateStyle },
      { title: 'FOR', rank: 3, text: ({ trigger }) => words(trigger) },
      {
        title: 'WHY',
        rank: 1,
        shrinkTo: 20,
        text: ({ note, move }) => plain(note === '' ? (move?.reason ?? '') : note),
      },
    ],
    proposals,
  );
}

/** One line about a proposal that was just answered. */
export function proposalLine(view: View, proposal: Proposal): string {
  const name = plain(proposal.move?.vmName ?? '');
  const move = `${name} from ${route(view, proposal)}`;
  switch (proposal.state) {
    case 'PROPOSAL_STATE_APPROVED':
      return `${move}: approved; starts as soon as both hosts have a free slot. Follow it with: evenkeel migrations --active`;
    case 'PROPOSAL_STATE_STARTED':
      return `${move}: started as migration ${shortId(proposal.migrationId)}`;
    case 'PROPOSAL_STATE_REJECTED':
      return `${move}: rejected; not proposed again for a while`;
    case 'PROPOSAL_STATE_UNSPECIFIED':
    case 'PROPOSAL_STATE_WAITING':
    case 'PROPOSAL_STATE_EXPIRED':
    case 'PROPOSAL_STATE_WITHDRAWN':
      return wrap(view, `${move}: ${stateText(view, proposal)} ${plain(proposal.note)}`, 2);
  }
}

function route(view: View, { move }: Proposal): string {
  return `${plain(move?.sourceHostName ?? '')} ${arrow(view)} ${plain(move?.targetHostName ?? '')}`;
}

function stateText(view: View, { state, expiresAtMs }: Proposal): string {
  if (state !== 'PROPOSAL_STATE_WAITING') return word(state);
  return `waiting, ${roughDuration(expiresAtMs - view.nowMs)} left`;
}

function stateStyle({ state }: Proposal): Style | undefined {
  switch (state) {
    case 'PROPOSAL_STATE_WAITING':
      return 'yellow';
    case 'PROPOSAL_STATE_APPROVED':
    case 'PROPOSAL_STATE_STARTED':
      return 'green';
    case 'PROPOSAL_STATE_UNSPECIFIED':
    case 'PROPOSAL_STATE_REJECTED':
    case 'PROPOSAL_STATE_EXPIRED':
    case 'PROPOSAL_STATE_WITHDRAWN':
      return 'dim';
  }
}
