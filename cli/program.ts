// Builds the command line: global options, the commands, and our texts for commander's own errors.
import { Command, CommanderError, Option } from 'commander';
import { addCompletionCommands } from './commands/completion.ts';
import { addInventoryCommands } from './commands/inventory.ts';
import { addMaintenanceCommands } from './commands/maintenance.ts';
import { addMigrationCommands } from './commands/migrate.ts';
import { addPlanCommands } from './commands/plan.ts';
import { addModeCommand } from './commands/mode.ts';
import { addProposalCommands } from './commands/proposals.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addRuleCommands } from './commands/rule.ts';
import { addSnapshotCommand } from './commands/snapshot.ts';
import { addTopCommand } from './commands/top.ts';
import { addVmCommands } from './commands/vm.ts';
import type { Run } from './context.ts';
import { CliFailure, EXIT, EXIT_HELP, toFailure } from './failure.ts';
import { widthOf, wrap, type View } from './render/view.ts';
import type { Terminal } from './terminal/terminal.ts';

const ENVIRONMENT_HELP = `Environment:
  EVENKEEL_SCHEDULER           as --scheduler
  EVENKEEL_TLS_CA_FILE         as --ca
  EVENKEEL_TLS_CERT_FILE       as --cert
  EVENKEEL_TLS_KEY_FILE        as --key
  EVENKEEL_TLS_MODE=plaintext  as --plaintext
  NO_COLOR                     no colour on the terminal
Certificates not named by an option are read from ca.pem, cert.pem and
key.pem in ~/.config/evenkeel or /etc/evenkeel/tls.`;

/** The whole command line. `run` gives each command its context. */
export function buildProgram(version: string, run: Run, terminal: Terminal): Command {
  const program = new Command('evenkeel')
    .description('Keeps KVM hosts on an even keel: shows load, explains decisions, moves VMs.')
    .version(version, '-V, --version', 'print the version')
    .option('--scheduler <host:port>', 'address of the scheduler; default 127.0.0.1:7444')
    .option('--ca <file>', 'PEM file of the authority that signs the certificates')
    .option('--cert <file>', 'PEM file of your certificate')
    .option('--key <file>', 'PEM file of your private key')
    .addOption(new Option('--plaintext', 'connect without TLS; only to a scheduler on this machine'))
    .option('--json', 'print one JSON value on stdout, also for errors')
    .option('--timeout <time>', 'longest wait for the scheduler: 30s, 2m')
    .showSuggestionAfterError()
    .addHelpText('after', `\n${ENVIRONMENT_HELP}\n\n${EXIT_HELP}`);
  addInventoryCommands(program, run);
  addTopCommand(program, run);
  addPlanCommands(program, run);
  addModeCommand(program, run);
  addProposalCommands(program, run);
  addRuleCommands(program, run);
  addMaintenanceCommands(program, run);
  addSnapshotCommand(program, run);
  addReplayCommand(program, terminal);
  addMigrationCommands(program, run);
  addVmCommands(program, run);
  addCompletionCommands(program, run);
  settle(program, terminal);
  return program;
}

/** Makes commander throw instead of exit, and write through the terminal; only `runProgram` writes errors. */
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      terminal.write(text);
    },
    writeErr: () => undefined,
  });
  for (const child of command.commands) settle(child, terminal);
}

/** Runs one command line and returns the exit code. Any failure is printed, as text or as JSON. */
export async function runProgram(
  program: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.OK;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.OK;
    const failure = error instanceof CommanderError ? usageFailure(error, program, args) : toFailure(error);
    if (args.includes('--json')) {
      const { code, message, exitCode, details } = failure;
      terminal.write(`${JSON.stringify({ error: { code, message, exitCode }, ...details })}\n`);
    } else terminal.writeError(`${errorText(terminal.view(), failure.message)}\n`);
    return failure.exitCode;
  }
}

/** Wraps long lines between words; existing line breaks, as in help, stay. */
function errorText(view: View, message: string): string {
  return `evenkeel: ${message}`
    .split('\n')
    .map((line) => (widthOf(line) > view.width ? wrap(view, line, 0) : line))
    .join('\n');
}

function usageFailure(error: CommanderError, program: Command, args: readonly string[]): CliFailure {
  // No command given: list the commands.
  if (error.code === 'commander.help') {
    const asked = program.commands.find((command) => command.name() === args[0]) ?? program;
    return new CliFailure('USAGE', EXIT.USAGE, `which command?\n\n${asked.helpInformation().trimEnd()}`);
  }
  const text = error.message.replace(/^error: /, '');
  return new CliFailure('USAGE', EXIT.USAGE, `${text}\nSee: evenkeel ${commandOf(program, args)}--help`);
}

/** The commands named in the arguments, such as "vm create ", for the hint. */
function commandOf(program: Command, args: readonly string[]): string {
  let command = program;
  let path = '';
  for (const arg of args) {
    const child = command.commands.find((candidate) => candidate.name() === arg);
    if (child === undefined) continue;
    command = child;
    path += `${arg} `;
  }
  return path;
}
