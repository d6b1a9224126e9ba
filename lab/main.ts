// Runs the lab's command: up, status, shell and down.
import { spawn } from 'node:child_process';
import { commandEnvironment } from './command.ts';
import { hostCommand } from './hosts/host.ts';
import { down, up } from './lab.ts';
import { withLock } from './kernel/lock.ts';
import { profiles } from './hosts/profile.ts';
import { describeStatus, labStatus } from './status.ts';
import { hostNames, isHostName, labHost } from './topology.ts';

const usage = `npm run lab -- COMMAND
  up [--tls|--leases|--plain]
                         three KVM hosts, nats-server and influxd; repairs what is broken.
                         --tls: guests' memory goes over TLS; --leases: virtlockd holds the leases of VMs;
                         the choice is kept until \`down\` or another choice
  status [--json]        what is up
  shell HOST [-- CMD...] a shell, or one command, in a host (${hostNames.join(', ')})
  down                   ends and removes everything
`;

/** As long as a slow \`up\` by another command may take. */
const lockTimeoutMs = 300_000;

/** sysexits.h: the command was used wrongly. */
const usageStatus = 2;

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === 'help' || command === '--help') {
    process.stderr.write(usage);
    return command === undefined ? usageStatus : 0;
  }
  if (process.getuid?.() !== 0) {
    say('run it as root: it makes containers, a bridge and control groups');
    return 1;
  }
  switch (command) {
    case 'up':
      return bringUp(rest);
    case 'down':
      await withLock(lockTimeoutMs, () => down(say));
      return 0;
    case 'status':
      return status(rest);
    case 'shell':
      return shell(rest);
    default:
      process.stderr.write(`lab: no command "${command}"\n${usage}`);
      return usageStatus;
  }
}

async function bringUp(options: readonly string[]): Promise<number> {
  const [option] = options;
  const profile = profiles.find((name) => option === `--${name}`);
  if (options.length > 1 || (option !== undefined && profile === undefined)) {
    say('up: give --tls, --leases, --plain or nothing');
    return usageStatus;
  }
  await withLock(lockTimeoutMs, () => up(say, profile));
  return 0;
}

async function status(options: readonly string[]): Promise<number> {
  const found = await labStatus();
  if (options.includes('--json')) process.stdout.write(`${JSON.stringify(found)}\n`);
  else process.stdout.write(`${describeStatus(found)}\n`);
  return found.up ? 0 : 1;
}

async function shell(argv: readonly string[]): Promise<number> {
  const [name, separator, ...rest] = argv;
  if (name === undefined || !isHostName(name)) {
    say(`shell: name a host: ${hostNames.join(', ')}`);
    return usageStatus;
  }
  const command = separator === '--' ? rest : [separator, ...rest].filter((word) => word !== undefined);
  const inside = command.length === 0 ? ['/bin/bash', '-l'] : command;
  const [program, ...programArgv] = await hostCommand(labHost(name), inside);
  if (program === undefined) throw new Error('unreachable');
  const terminal = process.env['TERM'];
  const child = spawn(program, programArgv, {
    stdio: 'inherit',
    env: { ...commandEnvironment, ...(terminal === undefined ? {} : { TERM: terminal }) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

function say(text: string): void {
  process.stderr.write(`lab: ${text}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
