// Renders rules: a list with their conflicts, and one as a line.
import type { ListRulesResponse, Rule, RuleConflict } from '../../shared/gen/scheduler.ts';
import { table } from './table.ts';
import { nothing, paint, plain, wrap, type View } from './view.ts';
import { word } from './words.ts';

/** Every rule, then the conflicts between them. */
export function rulesText(view: View, { rules, conflicts }: ListRulesResponse): string {
  if (rules.length === 0) return 'There are no rules. To add one, see: evenkeel rule add --help';
  const blocks = [
    table(
      view,
      [
        { title: 'ID', text: ({ ruleId }) => plain(ruleId), style: () => 'bold' },
        { title: 'KIND', text: ({ kind }) => word(kind) },
        { title: 'STRENGTH', text: ({ strength }) => word(strength) },
        { title: 'VMS', shrinkTo: 12, text: ({ vms }) => names(view, vms) },
        { title: 'HOSTS', shrinkTo: 8, text: ({ hosts }) => names(view, hosts) },
        { title: 'UNKNOWN', rank: 1, shrinkTo: 8, text: ({ unknown }) => names(view, unknown) },
        { title: 'DEFINED IN', rank: 2, shrinkTo: 14, text: ({ writtenIn }) => plain(writtenIn) },
        { title: 'COMMENT', rank: 3, shrinkTo: 10, text: ({ comment }) => plain(comment) },
      ],
      rules,
    ),
    ...conflicts.map((conflict) => conflictText(view, conflict)),
  ];
  return blocks.join('\n\n');
}

/** One conflict and its cure. */
export function conflictText(view: View, { reason, cure, ruleIds }: RuleConflict): string {
  const text = `${plain(reason)}; ${plain(cure)} (${ruleIds.map(plain).join(', ')})`;
  return `${paint(view, 'red', 'conflict')}  ${wrap(view, text, 'conflict  '.length)}`;
}

/** "db-apart: anti_affinity, must, db1 db2". */
export function ruleLine(view: View, rule: Rule): string {
  const hosts = rule.hosts.length === 0 ? '' : ` on ${rule.hosts.map(plain).join(', ')}`;
  const unknown = rule.unknown.length === 0 ? '' : `; not seen yet: ${rule.unknown.map(plain).join(', ')}`;
  return wrap(
    view,
    `${plain(rule.ruleId)}: ${word(rule.kind)}, ${word(rule.strength)}, ${rule.vms.map(plain).join(', ')}${hosts}${unknown}`,
    0,
  );
}

function names(view: View, list: readonly string[]): string {
  return list.length === 0 ? nothing(view) : list.map(plain).join(' ');
}
