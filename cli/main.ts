#!/usr/bin/env node
// `evenkeel`, the operator's command: puts the parts together and ends with the exit code.
import { packageVersion } from '../shared/version.ts';
import { runnerFor } from './context.ts';
import { buildProgram, runProgram } from './program.ts';
import { processTerminal } from './terminal/terminal.ts';

// gRPC passes an IP address as TLS server name, which Node 20 deprecates (DEP0123); no operator can act on that.
process.noDeprecation = true;

// A reader that has seen enough (`evenkeel vms | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const terminal = processTerminal();
const program = buildProgram(packageVersion(), runnerFor(terminal, process.env), terminal);
const exitCode = await runProgram(program, process.argv.slice(2), terminal);
// A dial that nobody answers would hold the process open, so it is ended; but not before a slow reader has it all.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
process.exit(exitCode);
