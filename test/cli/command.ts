// Runs the `evenkeel` command: in this process, or as a process of its own built from the sources as they are now.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { runnerFor } from '../../cli/context.ts';
import { buildProgram, runProgram } from '../../cli/program.ts';
import type { Terminal } from '../../cli/terminal/terminal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Makes an installation like the packages': dist/ beside proto/ and package.json, without type checks, which
 * `npm run check` does. Within the repository, so that node_modules is found. Returns the path of main.js.
 */
export function installCommand(): string {
  const home = join(ROOT, 'node_modules/.cache', `evenkeel-cli-${process.pid}`);
  process.once('exit', () => {
    rmSync(home, { recursive: true, force: true });
  });
  for (const part of ['cli', 'shared', 'scheduler/planner'])
    for (const name of readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.startsWith('gen/')) continue;
      const out = join(home, 'dist', part, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(out), { recursive: true });
      const { outputText } = ts.transpileModule(readFileSync(join(ROOT, part, name), 'utf8'), {
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2023,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      });
      writeFileSync(out, outputText);
    }
  cpSync(join(ROOT, 'proto'), join(home, 'proto'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(home, 'package.json'));
  return join(home, 'dist/cli/main.js');
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, into a pipe: all but the start of a process is the same, in a tenth of the time. */
export async function runHere(line: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    isInteractive: false,
    rows: () => Infinity,
    view: () => ({ width: Infinity, colour: false, unicode: true, nowMs: Date.now() }),
    write: (text) => {
      stdout += text;
    },
    writeError: (text) => {
      stderr += text;
    },
  };
  const run = runnerFor(terminal, { XDG_CONFIG_HOME: '/nonexistent', ...env });
  const code = await runProgram(buildProgram('0.0.0', run, terminal), line.split(' '), terminal);
  return { code, stdout, stderr };
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves when stdout holds the text; rejects when the command ends without it. */
  printed(text: string): Promise<void>;
}

// Far above what any of these commands takes on a loaded machine, so that a hang fails with its output instead of the suite's timeout.
const KILL_AFTER_MS = 120_000;

/** Starts it in an environment of its own: nothing of the tester's settings leaks in. */
export function startCommand(
  mainFile: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [mainFile, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', TZ: 'UTC', LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: KILL_AFTER_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return {
    process: child,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve();
        };
        child.stdout.on('data', look);
        child.once('close', () => {
          reject(new Error(`ended without printing "${text}": ${stdout}${stderr}`));
        });
        look();
      }),
  };
}
