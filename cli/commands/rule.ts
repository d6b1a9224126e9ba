// `evenkeel rule add|list|remove`: rules about where VMs run: together, apart, or on which hosts.
import { Argument, type Command } from 'commander';
import { RULE_KINDS, wireKindOf } from '../../shared/rule-words.ts';
import type { Run } from '../context.ts';
import { ruleLine, rulesText } from '../render/rules.ts';

const KINDS_HELP = `Kinds:
  affinity        the VMs run on one host
  anti_affinity   each of the VMs runs on a different host
  vm_to_host      the VMs run on one of --hosts
  vm_not_to_host  the VMs run on none of --hosts
  pin             the VMs stay on --hosts, or else where they are; load never moves them
  never_move      only an operator moves the VMs
  group           those of the VMs that share a host leave it together

Examples:
  evenkeel rule add anti_affinity db1 db2
  evenkeel rule add vm_to_host web1 web2 --hosts kvm1,kvm2 --should`;

export function addRuleCommands(program: Command, run: Run): void {
  const parent = program
    .command('rule')
    .summary('rules about where VMs run')
    .description('Rules about where VMs run: together, apart, or on which hosts.');
  addAdd(parent, run);
  addList(parent, run);
  addRemove(parent, run);
}

interface AddOptions {
  readonly hosts?: string;
  readonly should: boolean;
  readonly id?: string;
  readonly comment?: string;
}

function addAdd(parent: Command, run: Run): void {
  parent
    .command('add')
    .summary('add a rule')
    .description(
      'Adds a rule, which evenkeel then enforces. A rule that contradicts others is refused, and they are named.',
    )
    .addArgument(new Argument('<kind>').choices(RULE_KINDS))
    .argument('<vms...>', 'names or uuids, also of VMs that do not run now')
    .option('--hosts <list>', 'names or ids, separated by commas')
    .option('--should', 'follow the rule only where that overloads no host; without this it must hold', false)
    .option('--id <id>', 'id of the rule; replaces an existing rule with this id')
    .option('--comment <text>', 'why the rule exists')
    .addHelpText('after', `\n${KINDS_HELP}`)
    .action(async (kind: string, vms: string[], options: AddOptions, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { rule } = await scheduler.call(
          {
            what: 'add rule',
            method: ({ AddRule }) => AddRule,
            request: {
              rule: {
                ruleId: options.id ?? '',
                kind: wireKindOf(kind),
                strength: options.should ? 'RULE_STRENGTH_SHOULD' : 'RULE_STRENGTH_MUST',
                vms,
                hosts: (options.hosts ?? '').split(',').filter((name) => name !== ''),
                comment: options.comment ?? '',
              },
            },
            look: 'evenkeel rule list',
          },
          timeoutMs(),
        );
        show(rule, (view) => (rule === null ? 'The rule is added.' : `Added: ${ruleLine(view, rule)}`));
      });
    });
}

function addList(parent: Command, run: Run): void {
  parent
    .command('list')
    .summary('all rules, where each is defined, and their conflicts')
    .description(
      "All rules, including those in scheduler.yaml and in the VMs' metadata, and which of them contradict each other.",
    )
    .action(async (_options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const answer = await scheduler.call(
          { what: 'list rules', method: ({ ListRules }) => ListRules, request: {} },
          timeoutMs(),
        );
        show(answer, (view) => rulesText(view, answer));
      });
    });
}

function addRemove(parent: Command, run: Run): void {
  parent
    .command('remove')
    .summary('remove a rule')
    .description('Removes a rule that was added by "evenkeel rule add". Removing a rule moves no VM.')
    .argument('<id>', 'id of the rule')
    .action(async (ruleId: string, _options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { rule } = await scheduler.call(
          {
            what: `remove rule ${ruleId}`,
            method: ({ RemoveRule }) => RemoveRule,
            request: { ruleId },
            look: 'evenkeel rule list',
          },
          timeoutMs(),
        );
        show(rule, (view) => (rule === null ? 'The rule is removed.' : `Removed: ${ruleLine(view, rule)}`));
      });
    });
}
