// Renders a plan made by the command itself, move by move, and the comparison of two.
import type { Comparison } from '../../scheduler/planner/compare-plans.ts';
import type { Plan, PlannedMove, Stay } from '../../scheduler/planner/contract/plan-types.ts';
import { formatBytes } from '../../shared/units.ts';
import { count, duration } from './format.ts';
import { table, type Column } from './table.ts';
import { arrow, paint, plain, wrap, type View } from './view.ts';
import { words } from './words.ts';

export function madePlanText(view: View, plan: Plan): string {
  const blocks = [summary(plan)];
  if (plan.frozenReason !== '')
    blocks.push(paint(view, 'yellow', wrap(view, `Nothing may move: ${plain(plan.frozenReason)}`, 0)));
  if (plan.moves.length > 0) blocks.push(movesTable(view, plan.moves));
  if (plan.stays.length > 0) blocks.push(plan.stays.map((stay) => stayLine(view, stay)).join('\n'));
  for (const { reason, cure } of plan.conflicts)
    blocks.push(paint(view, 'red', wrap(view, `Conflict: ${plain(reason)}; ${plain(cure)}`, 0)));
  if (plan.emptyHosts.length > 0) blocks.push(`Could be powered off afterwards: ${hostsText(plan)}.`);
  return blocks.join('\n\n');
}

function hostsText({ emptyHosts }: Plan): string {
  return emptyHosts.map(({ hostName }) => plain(hostName)).join(', ');
}

function summary({ moves, objective, stopped, steps }: Plan): string {
  const traffic = moves.reduce((sum, { terms }) => sum + terms.migrationBytes, 0);
  const cost = `cost of all hosts ${objective.before.toFixed(2)} before, ${objective.after.toFixed(2)} after`;
  return `${count(moves.length, 'move')}, ${formatBytes(traffic)} to copy; ${cost}; ${words(stopped)} after ${steps} steps.`;
}

function movesTable(view: View, moves: readonly PlannedMove[]): string {
  return table(view, [...routeColumns(view), ...whyColumns()], moves);
}

function routeColumns(view: View): Column<PlannedMove>[] {
  return [
    { title: 'VM', shrinkTo: 10, text: ({ vmName }) => plain(vmName), style: () => 'bold' },
    { title: `FROM ${arrow(view)} TO`, shrinkTo: 10, text: (move) => route(view, move) },
  ];
}

function whyColumns(): Column<PlannedMove>[] {
  return [
    { title: 'FOR', text: ({ trigger }) => words(trigger) },
    {
      title: 'TAKES',
      rank: 2,
      align: 'right',
      text: ({ terms }) => duration(terms.migrationSeconds * 1_000),
    },
    { title: 'WHY', rank: 1, shrinkTo: 20, text: ({ reason }) => plain(reason) },
  ];
}

function route(view: View, { sourceHostName, targetHostName }: PlannedMove): string {
  return `${plain(sourceHostName)} ${arrow(view)} ${plain(targetHostName)}`;
}

function stayLine(view: View, { hostName, vmName, reason, code }: Stay): string {
  const who = plain(hostName === '' ? vmName : hostName);
  return wrap(view, `${who}: ${plain(reason)} (${plain(code)})`, 2);
}

/** The difference between the plans of two policies. */
export function comparisonText(view: View, active: Plan, shadow: Plan, comparison: Comparison): string {
  const rows = [
    ...comparison.same.map((move) => ({ sign: '=', move })),
    ...comparison.elsewhere.flatMap(({ active: ours, shadow: theirs }) => [
      { sign: '-', move: ours },
      { sign: '+', move: theirs },
    ]),
    ...comparison.onlyActive.map((move) => ({ sign: '-', move })),
    ...comparison.onlyShadow.map((move) => ({ sign: '+', move })),
  ];
  const blocks = [`active: ${summary(active)}\nshadow: ${summary(shadow)}`];
  if (rows.length === 0) blocks.push('Neither plan moves anything.');
  else
    blocks.push(
      table(
        view,
        [
          {
            title: ' ',
            text: ({ sign }) => sign,
            style: ({ sign }) => (sign === '+' ? 'green' : sign === '-' ? 'red' : 'dim'),
          },
          ...[...routeColumns(view), ...whyColumns()].map((column) => ofMove(column)),
        ],
        rows,
      ),
      '= in both plans, - only in the active one, + only in the shadow one',
    );
  if (shadow.emptyHosts.length > 0)
    blocks.push(`shadow: could be powered off afterwards: ${hostsText(shadow)}.`);
  return blocks.join('\n\n');
}

interface Signed {
  readonly sign: string;
  readonly move: PlannedMove;
}

function ofMove(column: Column<PlannedMove>): Column<Signed> {
  const { title, align, rank, shrinkTo } = column;
  return {
    title,
    ...(align === undefined ? {} : { align }),
    ...(rank === undefined ? {} : { rank }),
    ...(shrinkTo === undefined ? {} : { shrinkTo }),
    text: ({ move }) => column.text(move),
    style: ({ move }) => column.style?.(move),
  };
}
