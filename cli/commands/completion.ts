// `evenkeel completion bash`: prints a completion script, generated from the commands.
import { Argument, type Command } from 'commander';
import { byName } from '../render/format.ts';
import type { Run } from '../context.ts';

export function addCompletionCommands(program: Command, run: Run): void {
  program
    .command('completion')
    .summary('print a completion script for the shell')
    .description('Prints a completion script. Use it with: source <(evenkeel completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash']))
    .action(() => {
      process.stdout.write(bashCompletion(program));
    });

  program
    .command('names', { hidden: true })
    .description('Names for the completion script, one a line.')
    .addArgument(new Argument('<kind>').choices(['vms', 'hosts']))
    .action(async (kind: 'vms' | 'hosts', _options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, terminal }) => {
        const names =
          kind === 'vms'
            ? (
                await scheduler.call(
                  { what: 'list VMs', method: ({ ListVmLoads }) => ListVmLoads, request: {} },
                  timeoutMs(),
                )
              ).vms.flatMap(({ sample }) => (sample === null ? [] : [sample.name]))
            : (
                await scheduler.call(
                  { what: 'list hosts', method: ({ ListHosts }) => ListHosts, request: {} },
                  timeoutMs(),
                )
              ).hosts.map(({ hostName }) => hostName);
        // Only names that need no quoting in a shell.
        const safe = names.filter((name) => /^[\w.-]+$/.test(name)).sort(byName);
        terminal.write(safe.map((name) => `${name}\n`).join(''));
      });
    });
}

/** Completes each command's sub-commands, options, and names of VMs or hosts where it takes them. */
function bashCompletion(program: Command): string {
  const cases = commandPaths(program, []).map(({ path, command }) => {
    const options = [...command.options, ...(path.length === 0 ? [] : program.options)].flatMap(({ long }) =>
      long === undefined ? [] : [long],
    );
    const [argument] = command.registeredArguments;
    const words = [
      ...visible(command).map((child) => child.name()),
      ...(argument?.argChoices ?? []),
      ...options,
    ].join(' ');
    const takesVm = path[0] === 'vm' ? path[1] !== 'create' && path.length === 2 : argument?.name() === 'vm';
    return `    '${path.join(' ')}') words='${words}'${takesVm ? '; kind=vms' : ''} ;;`;
  });
  return `# bash completion for evenkeel
_evenkeel() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} path='' words='' kind='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) case "$path $word" in
${commandPaths(program, [])
  .filter(({ path }) => path.length > 0)
  .map(
    ({ path }) => `        '${path.length === 1 ? ' ' : ''}${path.join(' ')}') path='${path.join(' ')}' ;;`,
  )
  .join('\n')}
      esac ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  case $previous in
    --host | --to) words=''; kind=hosts ;;
    --ca | --cert | --key | --file) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [[ -n $kind && $current != -* ]]; then
    words+=" $(evenkeel names "$kind" --timeout 2 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _evenkeel evenkeel
`;
}

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function commandPaths(
  command: Command,
  path: readonly string[],
): { readonly path: readonly string[]; readonly command: Command }[] {
  return [
    { path, command },
    ...visible(command).flatMap((child) => commandPaths(child, [...path, child.name()])),
  ];
}
