// What the command knows of the terminal it runs in, and writing to it in place.
import type { View } from '../render/view.ts';

export interface Terminal {
  /** Both ends are a person's: frames may be redrawn and keys read. */
  readonly isInteractive: boolean;
  /** Rows of the screen; Infinity when there is none. */
  rows(): number;
  /** The reader as of now: a window can be resized while one looks. */
  view(): View;
  write(text: string): void;
  /** For what is not the result: progress, hints, failures. */
  writeError(text: string): void;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The terminal of this process. */
export function processTerminal(env: Env = process.env): Terminal {
  const { stdout, stderr, stdin } = process;
  return {
    isInteractive: stdout.isTTY && stdin.isTTY,
    rows: () => (stdout.isTTY ? stdout.rows || 24 : Infinity),
    view: () => ({
      width: widthOf(stdout, env),
      colour: stdout.isTTY && env['TERM'] !== 'dumb' && (env['NO_COLOR'] ?? '') === '',
      unicode: isUtf8(env),
      nowMs: Date.now(),
    }),
    write: (text) => {
      stdout.write(text);
    },
    writeError: (text) => {
      stderr.write(text);
    },
  };
}

/** A file or pipe has no width, and cutting there would lose data; COLUMNS asks for a width all the same. */
function widthOf(stdout: NodeJS.WriteStream, env: Env): number {
  if (stdout.isTTY && stdout.columns > 0) return stdout.columns;
  const asked = Number(env['COLUMNS']);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return stdout.isTTY ? 80 : Infinity;
}

/** By the locale's rules (setlocale(3)): LC_ALL wins over LC_CTYPE over LANG. Nothing set is taken as modern. */
function isUtf8(env: Env): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

/** Draws over what it drew before: one line, without scrolling (ECMA-48: CR, EL). */
export function redrawLine(text: string): string {
  return `\r\u001b[K${text}`;
}

// The screen's own buffer, so that the shell's history stays as it was (xterm's 1049), and no blinking cursor.
export const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
export const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';

/** A whole frame from the top left; each line clears its rest, so that nothing flickers. */
export function redrawScreen(frame: string): string {
  return `\u001b[H${frame.replaceAll('\n', '\u001b[K\n')}\u001b[K\u001b[J`;
}
