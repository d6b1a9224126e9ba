// Runs other programs with a deadline and returns their output; errors quote the command and its output.
import { spawn } from 'node:child_process';
import type { WaitOptions } from '../shared/clock.ts';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions extends WaitOptions {
  readonly input?: string;
  readonly cwd?: string;
  /** The whole environment of the program; without it, `commandEnvironment`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Untranslated messages and none of the caller's settings, so that output does not depend on who runs the lab. */
export const commandEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
} as const;

/** A `virsh` listing or a journal excerpt takes a few kilobytes; more than this means that the wrong command was run. */
const outputMaxBytes = 8 * 1024 ** 2;

/** Runs a program to its end and returns its output, whatever its exit status. Throws only if it could not be run. */
export async function tryCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('run a command: its argument list is empty');
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      env: options.environment ?? commandEnvironment,
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.once('error', (error) => {
      const why = deadline.aborted ? `no end within ${options.timeoutMs} ms` : error.message;
      reject(new Error(`${describe(argv)}: ${why}${quoted(stderr.text())}`, { cause: error }));
    });
    // A program that ends early closes its input; its exit status says more than the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('close', (status) => {
      resolve({ status: status ?? 1, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
}

/** Runs a program that must succeed; returns its output. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<string> {
  const result = await tryCommand(argv, options);
  if (result.status !== 0) {
    throw new Error(
      `${describe(argv)}: exit status ${result.status}${quoted(result.stderr || result.stdout)}`,
    );
  }
  return result.stdout;
}

function collect(stream: NodeJS.ReadableStream): { text(): string } {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= outputMaxBytes) chunks.push(chunk);
  });
  return { text: () => Buffer.concat(chunks).toString('utf8') };
}

function describe(argv: readonly string[]): string {
  const text = argv.join(' ');
  // Long enough for any command of the lab, short enough for one line of an error.
  return text.length <= 160 ? text : `${text.slice(0, 157)}...`;
}

function quoted(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' ? '' : `: ${trimmed.slice(-2000)}`;
}
