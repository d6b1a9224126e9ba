// Runs a program of the host that only looks, and must answer in time.
import { spawn } from 'node:child_process';
import type { WaitOptions } from '../../../shared/clock.ts';

/** The exit code (undefined when the program was not run or was killed) and the output. */
export interface ProgramAnswer {
  readonly exitCode: number | undefined;
  readonly output: string;
  readonly errors: string;
}

const TEXT_MAX = 64_000;

/**
 * Never rejects: when the program cannot be run, `errors` says why. Resolves in time even when the program cannot be killed
 * because it waits for storage that hangs.
 */
export function askProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, signal }: WaitOptions,
): Promise<ProgramAnswer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const ended = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      signal: ended,
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString('utf8')}`.slice(0, TEXT_MAX);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString('utf8')}`.slice(0, TEXT_MAX);
    });
    child.on('error', (error) => {
      resolve({ exitCode: undefined, output, errors: ended.aborted ? errors : error.message });
    });
    child.on('close', (code) => {
      resolve({ exitCode: code ?? undefined, output, errors });
    });
  });
}
