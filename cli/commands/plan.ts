// `evenkeel plan`, `shadow`, `explain` and `decisions`: show what would move, what did, and why.
import type { Command } from 'commander';
import type { Context, Run } from '../context.ts';
import { badValue, CliFailure, EXIT } from '../failure.ts';
import { byId, wholeNumber } from './options.ts';
import { decisionTable, decisionText, explanationText, planText } from '../render/decision.ts';
import { comparisonText } from '../render/made-plan.ts';

// A screenful; the scheduler keeps more.
const LIST_LENGTH = 20;
// The most that the scheduler returns; used to find a decision by its id.
const SEARCH_LENGTH = 1_000;

export function addPlanCommands(program: Command, run: Run): void {
  addPlan(program, run);
  addShadow(program, run);
  addExplain(program, run);
  addDecisions(program, run);
}

function addPlan(program: Command, run: Run): void {
  program
    .command('plan')
    .summary('what the planner would do now; changes nothing')
    .description(
      'What the planner would do now: each move with its evidence and predicted effect, each hot host that stays hot with the reason, and everything that was refused. With --policy also, move by move, what another policy would do. Changes nothing.',
    )
    .option('--policy <file>', 'JSON with what differs from the policy in force (docs/PLANNER.md)')
    .action(async ({ policy }: { policy?: string }, command: Command) => {
      await run(command, async (context) => {
        if (policy !== undefined) {
          await besides(context, policy);
          return;
        }
        const { scheduler, timeoutMs, show } = context;
        const plan = await scheduler.call(
          { what: 'plan', method: ({ Plan }) => Plan, request: {} },
          timeoutMs(),
        );
        show(plan, (view) => planText(view, plan));
      });
    });
}

/** Compares the active plan with that of the file's policy, else of the shadow policy. Both are made here, from one snapshot. */
async function besides(
  { scheduler, timeoutMs, show }: Context,
  policyFile: string | undefined,
): Promise<void> {
  const { json } = await scheduler.call(
    { what: 'take a snapshot', method: ({ TakeSnapshot }) => TakeSnapshot, request: {} },
    timeoutMs(),
  );
  const { comparePlans, planFileOf, planMoves, readPolicyFile } = await import('../offline-planner.ts');
  const { snapshot, policy, limits, shadowPolicy } = planFileOf(JSON.parse(json.toString('utf8')));
  const otherPolicy = policyFile === undefined ? shadowPolicy : readPolicyFile(policyFile, policy);
  if (otherPolicy === undefined)
    throw new CliFailure(
      'FAILED_PRECONDITION',
      EXIT.REFUSED,
      'the scheduler has no shadow policy; set planner.shadowPolicyFile, or try a policy with: evenkeel plan --policy FILE',
    );
  const active = planMoves(snapshot, policy, limits);
  const other = planMoves(snapshot, otherPolicy, limits);
  const comparison = comparePlans(active, other);
  show({ active, shadow: other, comparison }, (view) => comparisonText(view, active, other, comparison));
}

function addShadow(program: Command, run: Run): void {
  program
    .command('shadow')
    .summary('what the shadow policy would do differently now')
    .description(
      "What the scheduler's shadow policy (planner.shadowPolicyFile) would do now, compared move by move with the policy in force. It moves nothing.",
    )
    .action(async (_options: object, command: Command) => {
      await run(command, async (context) => {
        await besides(context, undefined);
      });
    });
}

function addExplain(program: Command, run: Run): void {
  program
    .command('explain')
    .summary('why a VM moved or did not, why a host is or is not relieved')
    .description(
      'Why a VM moved or did not, and why it may or may not move now; of a host, why it is or is not relieved. Of moves that were made: what was predicted and what was measured.',
    )
    .argument('<vm>', 'name or uuid of a VM, or name or id of a host')
    .action(async (vm: string, _options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const explanation = await scheduler.call(
          { what: `explain ${vm}`, method: ({ Explain }) => Explain, request: { vm } },
          timeoutMs(),
        );
        show(explanation, (view) => explanationText(view, explanation));
      });
    });
}

interface DecisionsOptions {
  readonly limit: number;
  readonly record: boolean;
}

function addDecisions(program: Command, run: Run): void {
  program
    .command('decisions')
    .summary('the latest decisions, or one in full')
    .description('The latest decisions, newest first; with an id, that one in full.')
    .argument('[id]', 'id of a decision, or its beginning')
    .option('--limit <n>', 'how many', wholeNumber(1, SEARCH_LENGTH), LIST_LENGTH)
    .option('--record', 'print all that the decision was made from, for "evenkeel replay"', false)
    .action(async (id: string | undefined, { limit, record }: DecisionsOptions, command: Command) => {
      if (record && id === undefined) throw badValue('--record', 'needs the id of a decision');
      await run(command, async ({ scheduler, timeoutMs, terminal, show }) => {
        const { decisions } = await scheduler.call(
          {
            what: 'list decisions',
            method: ({ ListDecisions }) => ListDecisions,
            request: { limit: id === undefined ? limit : SEARCH_LENGTH },
          },
          timeoutMs(),
        );
        if (id === undefined) {
          show(decisions, (view) =>
            decisions.length === 0
              ? 'No decision yet: no host has been hot since the scheduler began to keep records.'
              : decisionTable(view, decisions),
          );
          return;
        }
        const decision = byId(
          id,
          decisions.map((candidate) => [candidate.decisionId, candidate]),
        );
        if (decision === undefined)
          throw new CliFailure(
            'NOT_FOUND',
            EXIT.NOT_FOUND,
            `show decision ${id}: not among the decisions the scheduler keeps; list them with: evenkeel decisions`,
          );
        if (!record) {
          show(decision, (view) => decisionText(view, decision));
          return;
        }
        const { json } = await scheduler.call(
          {
            what: `read the record of decision ${id}`,
            method: ({ GetRecord }) => GetRecord,
            request: { recordId: decision.decisionId },
          },
          timeoutMs(),
        );
        terminal.write(`${json.toString('utf8')}\n`);
      });
    });
}
