// Asks before data is lost: a person at a terminal, while a script must say --yes.
import { createInterface } from 'node:readline/promises';
import { CliFailure, EXIT } from '../failure.ts';
import type { Terminal } from './terminal.ts';

/** Returns when the operator agrees; throws otherwise, with nothing done. */
export async function confirm(terminal: Terminal, question: string): Promise<void> {
  if (!terminal.isInteractive)
    throw new CliFailure('USAGE', EXIT.USAGE, `${question} Nobody is there to ask: say so with --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D close the interface without an answer.
  const closed = new Promise<string>((resolve) => {
    lines.once('close', () => {
      resolve('');
    });
  });
  const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliFailure('CANCELLED', EXIT.FAILED, 'Nothing was done.');
}
