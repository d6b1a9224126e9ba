// Describes the terminal the command runs in, and writes to it.
import type { View } from '../render/view.ts';

export interface Terminal {
  /** Input and output are both a terminal: frames may be redrawn and keys read. */
  readonly isInteractive: boolean;
  /** Rows of the screen; Infinity when there is none. */
  rows(): number;
  /** Read again for each frame, since a window can be resized meanwhile. */
  view(): View;
  write(text: string): void;
  /** For everything but the result: progress, hints, failures. */
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

/** A file or pipe has no width, and cutting text there would lose data; COLUMNS sets a width anyway. */
function widthOf(stdout: NodeJS.WriteStream, env: Env): number {
  if (stdout.isTTY && stdout.columns > 0) return stdout.columns;
  const asked = Number(env['COLUMNS']);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return stdout.isTTY ? 80 : Infinity;
}

/** By the locale's rules (setlocale(3)): LC_ALL wins over LC_CTYPE over LANG. With none of them set, UTF-8 is assumed. */
function isUtf8(env: Env): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

/** Redraws one line in place, without scrolling (ECMA-48: CR, EL). */
export function redrawLine(text: string): string {
  return `\r\u001b[K${text}`;
}

// The alternate screen buffer (xterm's 1049) keeps the shell's scrollback untouched; the cursor is hidden.
export const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
export const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';

/** Draws a whole frame from the top left. Each line clears its own rest, which avoids flicker. */
export function redrawScreen(frame: string): string {
  return `\u001b[H${frame.replaceAll('\n', '\u001b[K\n')}\u001b[K\u001b[J`;
}
