// Why something moves or does not: decisions, the plan, and the explanation of one VM.
import type { Decision } from '../../shared/gen/evenkeel/v1/Decision.ts';
import type { ExplainResponse } from '../../shared/gen/evenkeel/v1/ExplainResponse.ts';
import type { Mode } from '../../shared/gen/evenkeel/v1/Mode.ts';
import type { Move } from '../../shared/gen/evenkeel/v1/Move.ts';
import type { PlanResponse } from '../../shared/gen/evenkeel/v1/PlanResponse.ts';
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import { count, loadStyle, percent, roughDuration, shortId, time } from './format.ts';
import { hostTable } from './hosts.ts';
import { migrationTable } from './migration.ts';
import { table } from './table.ts';
import { arrow, paint, plain, widthOf, wrap, type View } from './view.ts';
import { vmTable } from './vms.ts';
import { word } from './words.ts';

/** "recommend: says which VM should go where; a person carries it out". */
export function modeText(mode: Mode): string {
  switch (mode) {
    case 'MODE_OBSERVE':
      return 'observe: hot hosts are watched and reported; nothing is recommended or moved';
    case 'MODE_RECOMMEND':
      return 'recommend: evenkeel says which VM should go where; a person carries it out';
    case 'MODE_AUTO':
      return 'auto: evenkeel moves VMs off hot hosts by itself';
    case 'MODE_UNSPECIFIED':
      return 'unknown: the scheduler did not say; is it older than this command?';
  }
}

/** What the planner would do now. */
export function planText(view: View, plan: PlanResponse): string {
  const blocks = [`Mode ${modeText(plan.mode)}.`];
  if (plan.frozenReason !== '')
    blocks.push(paint(view, 'yellow', wrap(view, `Nothing may move: ${plain(plan.frozenReason)}`, 0)));
  if (plan.decisions.length === 0) blocks.push('No host is hot: nothing to do.');
  for (const decision of plan.decisions) blocks.push(decisionText(view, decision));
  return blocks.join('\n\n');
}

// Labels of a block stand in one column of this width.
const LABEL_WIDTH = 13;

function labelled(view: View, label: string, text: string): string {
  return `  ${paint(view, 'dim', label.padEnd(LABEL_WIDTH - 2))}${wrap(view, text, LABEL_WIDTH)}`;
}

/** One decision with its evidence, prediction and everything that was refused. */
export function decisionText(view: View, decision: Decision): string {
  const { move } = decision;
  const since =
    decision.overloadedSinceMs > 0
      ? ` since ${time(view, decision.overloadedSinceMs)} (${roughDuration((decision.atMs || view.nowMs) - decision.overloadedSinceMs)})`
      : '';
  const id = decision.decisionId === '' ? '' : `  ${paint(view, 'dim', plain(shortId(decision.decisionId)))}`;
  const lines = [`${paint(view, 'bold', plain(decision.hostName))} is hot${since}${id}`];
  decision.evidence.forEach((text, index) => {
    lines.push(labelled(view, index === 0 ? 'evidence' : '', plain(text)));
  });
  if (move) lines.push(...moveLines(view, move));
  else lines.push(labelled(view, 'no move', plain(decision.noMoveReason || 'no reason given')));
  if (move && decision.mode !== 'MODE_AUTO')
    lines.push(
      labelled(
        view,
        'carry out',
        `evenkeel migrate ${plain(move.vmName)} --to ${plain(move.targetHostName)}`,
      ),
    );
  if (decision.refusals.length > 0)
    lines.push(
      '',
      `  Looked at and refused (${decision.refusals.length}):`,
      refusalList(view, decision.refusals, 4),
    );
  return lines.join('\n');
}

function moveLines(view: View, move: Move): string[] {
  const route = `${plain(move.vmName)} from ${plain(move.sourceHostName)} to ${plain(move.targetHostName)}`;
  const lines = [labelled(view, 'move', paint(view, 'cyan', route))];
  if (move.reason !== '') lines.push(labelled(view, 'because', plain(move.reason)));
  move.projections.forEach(({ hostName, resource, beforeRatio, afterRatio }, index) => {
    const after = paint(view, loadStyle(afterRatio), percent(view, afterRatio));
    lines.push(
      labelled(
        view,
        index === 0 ? 'predicted' : '',
        `${plain(hostName)} ${plain(resource)} ${percent(view, beforeRatio)} ${arrow(view)} ${after}`,
      ),
    );
  });
  return lines;
}

// More than a screenful of refusals is for a program to read.
const REFUSALS_SHOWN = 20;

/** Who was refused, why, and what would change that; whole sentences, for they are the answer. */
export function refusalList(view: View, refusals: readonly Refusal[], indent: number): string {
  const shown = refusals.slice(0, REFUSALS_SHOWN);
  const width = Math.max(...shown.map((refusal) => widthOf(refusedText(refusal)))) + 2;
  const lines = shown.map((refusal) => {
    const who = refusedText(refusal);
    const cure = refusal.cure === '' ? '' : `; ${plain(refusal.cure)}`;
    const code = refusal.code === '' ? '' : ` (${plain(refusal.code)})`;
    return (
      paint(view, 'bold', who) +
      ' '.repeat(width - widthOf(who)) +
      wrap(view, `${plain(refusal.reason)}${cure}${code}`, indent + width)
    );
  });
  const rest = refusals.length - shown.length;
  if (rest > 0) lines.push(paint(view, 'dim', `and ${rest} more; all of them with --json`));
  return lines.map((line) => ' '.repeat(indent) + line).join('\n');
}

/** "burn2", "kvm3", or "burn2 on kvm3" when it is about the two together. */
function refusedText({ vmName, vmUuid, hostName, hostId }: Refusal): string {
  return [vmName || vmUuid, hostName || hostId]
    .filter((name) => name !== '')
    .map(plain)
    .join(' on ');
}

/** The latest decisions, one a line. */
export function decisionTable(view: View, decisions: readonly Decision[]): string {
  return table(
    view,
    [
      { title: 'TIME', text: ({ atMs }) => time(view, atMs) },
      { title: 'ID', text: ({ decisionId }) => plain(shortId(decisionId)) },
      { title: 'HOST', shrinkTo: 8, text: ({ hostName }) => plain(hostName), style: () => 'bold' },
      { title: 'MODE', rank: 2, text: ({ mode }) => word(mode) },
      {
        title: 'DECISION',
        shrinkTo: 44,
        text: ({ move, noMoveReason }) =>
          move
            ? `move ${plain(move.vmName)} ${arrow(view)} ${plain(move.targetHostName)}${move.reason === '' ? '' : `: ${plain(move.reason)}`}`
            : `no move: ${plain(noMoveReason)}`,
        style: ({ move }) => (move ? 'cyan' : undefined),
      },
      { title: 'REFUSED', rank: 3, align: 'right', text: ({ refusals }) => String(refusals.length) },
    ],
    decisions,
  );
}

/** Why a VM moved or did not, and why it may or may not move now. */
export function explanationText(view: View, explanation: ExplainResponse): string {
  const blocks: string[] = [];
  if (explanation.sentences.length > 0)
    blocks.push(explanation.sentences.map((text) => wrap(view, plain(text), 0)).join('\n'));
  if (explanation.vm !== null) blocks.push(vmTable(view, [explanation.vm]));
  if (explanation.host !== null) blocks.push(hostTable(view, [explanation.host]));
  blocks.push(
    explanation.possibleTargets.length > 0
      ? `It could move to: ${explanation.possibleTargets.map(plain).join(', ')}.`
      : 'No host could take it now.',
  );
  if (explanation.refusals.length > 0)
    blocks.push(`Refused now:\n${refusalList(view, explanation.refusals, 2)}`);
  if (explanation.decisions.length > 0)
    blocks.push(
      section(
        view,
        count(explanation.decisions.length, 'decision'),
        decisionTable(view, explanation.decisions),
      ),
    );
  if (explanation.migrations.length > 0)
    blocks.push(
      section(
        view,
        count(explanation.migrations.length, 'migration'),
        migrationTable(view, explanation.migrations),
      ),
    );
  return blocks.join('\n\n');
}

function section(view: View, title: string, body: string): string {
  return `${paint(view, 'bold', `Its latest ${title}:`)}\n${body}`;
}
