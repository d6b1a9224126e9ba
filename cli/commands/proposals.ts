// `evenkeel proposals`, `approve` and `reject`: list, approve and reject moves that wait for an operator.
import type { Command } from 'commander';
import type { Proposal } from '../../shared/gen/scheduler.ts';
import type { Context, Run } from '../context.ts';
import { badValue, CliFailure, EXIT, toFailure } from '../failure.ts';
import { byId, wholeNumber } from './options.ts';
import { proposalLine, proposalTable } from '../render/proposals.ts';

// A screenful by default; the scheduler returns at most LIST_MAX.
const LIST_LENGTH = 20;
const LIST_MAX = 1_000;

export function addProposalCommands(program: Command, run: Run): void {
  addProposals(program, run);
  addAnswer(program, run, {
    verb: 'approve',
    summary: 'start a proposed move',
    description:
      'Starts proposed moves. Each is checked again now, and once more when a slot is free; one that no longer helps or is no longer safe is withdrawn instead.',
    method: 'ApproveProposal',
  });
  addAnswer(program, run, {
    verb: 'reject',
    summary: 'refuse a proposed move',
    description: 'Refuses proposed moves: the same ones are not proposed again for a while.',
    method: 'RejectProposal',
  });
}

function addProposals(program: Command, run: Run): void {
  program
    .command('proposals')
    .summary('moves that wait for approval')
    .description(
      'Moves that wait for approval; with --all also those that were answered, expired or withdrawn, newest first.',
    )
    .option('--all', 'also those that no longer wait for approval', false)
    .option('--limit <n>', 'how many', wholeNumber(1, LIST_MAX), LIST_LENGTH)
    .action(async ({ all, limit }: { all: boolean; limit: number }, command: Command) => {
      await run(command, async (context) => {
        const proposals = await listed(context, !all, limit);
        context.show(proposals, (view) =>
          proposals.length === 0 ? 'No move waits for approval.' : proposalTable(view, proposals),
        );
      });
    });
}

interface Answer {
  readonly verb: string;
  readonly summary: string;
  readonly description: string;
  readonly method: 'ApproveProposal' | 'RejectProposal';
}

function addAnswer(program: Command, run: Run, answer: Answer): void {
  program
    .command(answer.verb)
    .summary(answer.summary)
    .description(answer.description)
    .argument('[proposals...]', 'ids or their beginnings, or names of the VMs')
    .option('--all', 'all that wait for approval', false)
    .action(async (asked: string[], { all }: { all: boolean }, command: Command) => {
      if (all === asked.length > 0)
        throw badValue(answer.verb, 'name proposals, or give --all; see them with: evenkeel proposals');
      await run(command, async (context) => {
        const waiting = await listed(context, true, LIST_MAX);
        const chosen = all ? waiting : asked.map((each) => find(each, waiting));
        await answerAll(context, answer, chosen);
      });
    });
}

function find(asked: string, waiting: readonly Proposal[]): Proposal {
  const found =
    waiting.find(({ move }) => move?.vmName === asked) ??
    byId(
      asked,
      waiting.map((each) => [each.proposalId, each]),
    );
  if (found !== undefined) return found;
  throw new CliFailure(
    'NOT_FOUND',
    EXIT.NOT_FOUND,
    `"${asked}": no move of that id or VM waits for approval; see: evenkeel proposals --all`,
  );
}

/** Answers all, even when one is refused; the first refusal then sets the exit code. */
async function answerAll(
  { scheduler, timeoutMs, show }: Context,
  { verb, method }: Answer,
  chosen: readonly Proposal[],
): Promise<void> {
  const done: Proposal[] = [];
  const refused: CliFailure[] = [];
  for (const { proposalId, move } of chosen) {
    try {
      const { proposal } = await scheduler.call(
        {
          what: `${verb} ${move?.vmName ?? proposalId}`,
          method: (service) => service[method],
          request: { proposalId },
          look: 'evenkeel proposals --all',
        },
        timeoutMs(),
      );
      if (proposal !== null) done.push(proposal);
    } catch (error) {
      refused.push(toFailure(error));
    }
  }
  if (done.length > 0 || refused.length === 0)
    show(done, (view) =>
      done.length === 0
        ? 'No move waits for approval.'
        : done.map((each) => proposalLine(view, each)).join('\n'),
    );
  const [first, ...more] = refused;
  if (first === undefined) return;
  throw new CliFailure(first.code, first.exitCode, [first, ...more].map(({ message }) => message).join('\n'));
}

async function listed(
  { scheduler, timeoutMs }: Context,
  waitingOnly: boolean,
  limit: number,
): Promise<Proposal[]> {
  const { proposals } = await scheduler.call(
    {
      what: 'list proposals',
      method: ({ ListProposals }) => ListProposals,
      request: { waitingOnly, limit },
    },
    timeoutMs(),
  );
  return proposals;
}
