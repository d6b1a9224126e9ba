#!/usr/bin/env node
// Runs `evenkeel`, the operator's command, and exits with its code.
import { packageVersion } from '../shared/version.ts';
import { runnerFor } from './context.ts';
import { buildProgram, runProgram } from './program.ts';
import { processTerminal } from './terminal/terminal.ts';

// gRPC passes an IP address as TLS server name, which Node 20 deprecates (DEP0123); no operator can act on that.
process.noDeprecation = true;

// A reader that closes early (`evenkeel vms | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const terminal = processTerminal();
const program = buildProgram(packageVersion(), runnerFor(terminal, process.env), terminal);
const exitCode = await runProgram(program, process.argv.slice(2), terminal);
// An unanswered dial would keep the process alive, so it exits; but only once a slow reader has all output.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
process.exit(exitCode);
