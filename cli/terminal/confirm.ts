// Asks for confirmation before data is lost; without a terminal, --yes is required.
import { createInterface } from 'node:readline/promises';
import { CliFailure, EXIT } from '../failure.ts';
import type { Terminal } from './terminal.ts';

/** Returns when the operator agrees, else throws. */
export async function confirm(terminal: Terminal, question: string): Promise<void> {
  if (!terminal.isInteractive)
    throw new CliFailure(
      'USAGE',
      EXIT.USAGE,
      `${question} There is no terminal to ask on; confirm with --yes`,
    );
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
