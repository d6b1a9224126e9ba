// Renders decisions, the plan, and the explanation of one VM or host.
import type {
  ExplainResponse,
  MoveReview,
  PlanResponse,
  ReviewedFigure,
} from '../../shared/gen/scheduler.ts';
import type { Decision, Mode, Move, Refusal } from '../../shared/gen/telemetry.ts';
import { bytes, count, duration, loadStyle, percent, roughDuration, shortId, time } from './format.ts';
import { hostTable } from './hosts.ts';
import { migrationTable } from './migration.ts';
import { conflictText } from './rules.ts';
import { table } from './table.ts';
import { arrow, nothing, paint, plain, widthOf, wrap, type View } from './view.ts';
import { vmTable } from './vms.ts';
import { word, words } from './words.ts';

/** "auto: evenkeel moves VMs off hot hosts by itself". */
export function modeText(mode: Mode): string {
  switch (mode) {
    case 'MODE_OBSERVE':
      return 'observe: hot hosts are watched and reported; nothing is recommended or moved';
    case 'MODE_RECOMMEND':
      return 'recommend: evenkeel proposes moves; an operator approves them';
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
  if (plan.decisions.length === 0) blocks.push('No host is hot, and no rule asks for a move: nothing to do.');
  for (const decision of plan.decisions) blocks.push(decisionText(view, decision));
  for (const conflict of plan.conflicts) blocks.push(conflictText(view, conflict));
  if (plan.emptyHosts.length > 0)
    blocks.push(`Could be powered off afterwards: ${plan.emptyHosts.map(plain).join(', ')}.`);
  if (plan.stopped !== '' && plan.stopped !== 'complete')
    blocks.push(`The search ended early, at its limit: ${words(plan.stopped)}.`);
  return blocks.join('\n\n');
}

// Width of the column of labels.
const LABEL_WIDTH = 13;

function labelled(view: View, label: string, text: string): string {
  return `  ${paint(view, 'dim', label.padEnd(LABEL_WIDTH - 2))}${wrap(view, text, LABEL_WIDTH)}`;
}

/** One decision with its evidence, prediction and all refusals. */
export function decisionText(view: View, decision: Decision): string {
  const { move } = decision;
  const id = decision.decisionId === '' ? '' : `  ${paint(view, 'dim', plain(shortId(decision.decisionId)))}`;
  const lines = [`${paint(view, 'bold', plain(decision.hostName))} ${aboutText(view, decision)}${id}`];
  decision.evidence.forEach((text, index) => {
    lines.push(labelled(view, index === 0 ? 'evidence' : '', plain(text)));
  });
  if (move) lines.push(...moveLines(view, move));
  else lines.push(labelled(view, 'no move', plain(decision.noMoveReason || 'no reason given')));
  if (move && decision.mode === 'MODE_RECOMMEND')
    lines.push(labelled(view, 'approve', `evenkeel approve ${plain(move.vmName)}`));
  if (decision.refusals.length > 0)
    lines.push(
      '',
      `  Considered and refused (${decision.refusals.length}):`,
      refusalList(view, decision.refusals, 4),
    );
  return lines.join('\n');
}

/** Why the planner looked at this host, or at the VM that has no place yet. */
function aboutText(view: View, { trigger, overloadedSinceMs, atMs }: Decision): string {
  switch (trigger) {
    case 'evacuate':
      return 'is being emptied';
    case 'must_rule':
    case 'should_rule':
      return 'has a VM that a rule wants elsewhere';
    case 'make_room':
      return 'is to make room for a new VM';
    case 'consolidate':
      return 'can be emptied to save power';
    case 'evenness':
      return 'has more than its share';
    default:
      return overloadedSinceMs > 0
        ? `has been hot since ${time(view, overloadedSinceMs)} (${roughDuration((atMs || view.nowMs) - overloadedSinceMs)})`
        : 'is hot';
  }
}

function moveLines(view: View, move: Move): string[] {
  const route = `${plain(move.vmName)} from ${plain(move.sourceHostName)} to ${plain(move.targetHostName)}`;
  const lines = [labelled(view, 'move', paint(view, 'cyan', route))];
  if (move.reason !== '') lines.push(labelled(view, 'because', plain(move.reason)));
  if (move.cost !== null)
    lines.push(
      labelled(
        view,
        'takes',
        `about ${duration(move.cost.durationMs)} and ${bytes(view, move.cost.trafficBytes)} of traffic; expected to be needed for ${duration(move.cost.persistenceMs)}`,
      ),
    );
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

// A screenful; --json has all.
const REFUSALS_SHOWN = 20;

/** Each refused VM or host, the reason, and the cure. Wrapped and never cut: these sentences are the answer. */
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

/** "burn2", "kvm3", or "burn2 on kvm3" when the refusal is about both. */
function refusedText({ vmName, vmUuid, hostName, hostId }: Refusal): string {
  return [vmName || vmUuid, hostName || hostId]
    .filter((name) => name !== '')
    .map(plain)
    .join(' on ');
}

/** Decisions, one a line. */
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
  if (explanation.vm !== null)
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
  const reviewed = explanation.reviews.filter(({ figures }) => figures.length > 0);
  if (reviewed.length > 0) blocks.push(`Predicted and measured:\n${reviewTable(view, reviewed)}`);
  return blocks.join('\n\n');
}

function section(view: View, title: string, body: string): string {
  return `${paint(view, 'bold', `Its latest ${title}:`)}\n${body}`;
}

interface ReviewRow {
  readonly review: MoveReview;
  readonly figure: ReviewedFigure;
}

function reviewTable(view: View, reviews: readonly MoveReview[]): string {
  const rows = reviews.flatMap((review) => review.figures.map((figure): ReviewRow => ({ review, figure })));
  return table(
    view,
    [
      { title: 'MIGRATION', rank: 1, text: ({ review }) => plain(shortId(review.migrationId)) },
      { title: 'VM', shrinkTo: 10, text: ({ review }) => plain(review.vmName) },
      { title: 'FIGURE', shrinkTo: 12, text: ({ figure }) => plain(figure.name) },
      {
        title: 'PREDICTED',
        align: 'right',
        text: ({ figure }) => figureText(view, figure.unit, figure.predicted),
      },
      {
        title: 'MEASURED',
        align: 'right',
        text: ({ figure }) => figureText(view, figure.unit, figure.actual),
      },
    ],
    rows,
  );
}

function figureText(view: View, unit: string, value: number | undefined): string {
  if (value === undefined) return nothing(view);
  if (unit === 'ms') return duration(value);
  return unit === 'bytes' ? bytes(view, value) : percent(view, value);
}
