// A short question to a program of the host, which only looks and must answer in time.
import { spawn } from 'node:child_process';
import type { WaitOptions } from '../../shared/clock.ts';

/** How it ended: exit code (undefined when it was not run or was killed) and what it said. */
export interface ProgramAnswer {
  readonly exitCode: number | undefined;
  readonly output: string;
  readonly errors: string;
}

const TEXT_MAX = 2_000;

/** Never rejects: a program that cannot be run says why in `errors`. */
export function askProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, signal }: WaitOptions,
): Promise<ProgramAnswer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString('utf8')}`.slice(0, TEXT_MAX);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString('utf8')}`.slice(0, TEXT_MAX);
    });
    child.on('error', (error) => {
      resolve({ exitCode: undefined, output, errors: error.message });
    });
    child.on('close', (code) => {
      resolve({ exitCode: code ?? undefined, output, errors });
    });
  });
}
