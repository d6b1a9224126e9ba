// Prints the demo's output: headings, sentences, and a progress line that is redrawn.
import { spawn } from 'node:child_process';
import { redrawLine } from '../../cli/terminal/terminal.ts';
import { paint, wrap, type View } from '../../cli/render/view.ts';
import { commandEnvironment } from '../command.ts';

export interface Screen {
  view(): View;
  heading(text: string): void;
  say: (text: string) => void;
  /** Shows and runs a command as an operator would type it, with its output on the screen. Throws if it fails. */
  run(shown: string, argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<void>;
  /** Redraws one line; if the output cannot be redrawn, writes a line when `key` changes. */
  live(key: string, text: string): void;
  /** Ends the redrawn line. */
  settle(): void;
}

/** A screen on stderr (2) if stdout is kept for the result, else on stdout (1). */
export function createScreen(fd: 1 | 2): Screen {
  const stream = fd === 1 ? process.stdout : process.stderr;
  let lastKey: string | undefined;
  const view = (): View => ({
    // A terminal whose size was never set reports 0.
    width: stream.isTTY && stream.columns > 0 ? stream.columns : 100,
    colour: stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    unicode: true,
    nowMs: Date.now(),
  });
  const write = (text: string): void => {
    stream.write(`${text}\n`);
  };
  const settle = (): void => {
    if (lastKey !== undefined && stream.isTTY) stream.write('\n');
    lastKey = undefined;
  };
  return {
    view,
    settle,
    heading: (text) => {
      settle();
      write(`\n${paint(view(), 'bold', text)}`);
    },
    say: (text) => {
      settle();
      // Text with its own line breaks is not wrapped.
      write(text.includes('\n') ? text : wrap(view(), text, 0));
    },
    live: (key, text) => {
      if (stream.isTTY) stream.write(redrawLine(text));
      else if (key !== lastKey) write(text);
      lastKey = key;
    },
    run: async (shown, argv, environment) => {
      settle();
      write(paint(view(), 'dim', `$ ${shown}`));
      await runVisibly(argv, environment, fd);
    },
  };
}

/** No command of the demo takes longer; creating a guest copies 40 MiB. */
const commandTimeoutMs = 120_000;

function runVisibly(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  fd: 1 | 2,
): Promise<void> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('run a command: its argument list is empty');
  const passed = ['TERM', 'NO_COLOR', 'LANG', 'LC_ALL'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['ignore', fd, fd],
      env: { ...commandEnvironment, ...Object.fromEntries(passed), ...environment, COLUMNS: '100' },
      timeout: commandTimeoutMs,
    });
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${rest.slice(1).join(' ')}: exit status ${String(status)}; see above`));
    });
  });
}
