// Shapes text for one terminal: its width, colour and characters, and the time from which ages count.
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

export interface View {
  /** Columns of the terminal; Infinity for a file or a pipe, where nothing may be cut. */
  readonly width: number;
  readonly colour: boolean;
  /** False on a terminal that is not UTF-8: bars and arrows are then drawn in ASCII. */
  readonly unicode: boolean;
  readonly nowMs: number;
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

// SGR codes of ECMA-48, section 8.3.117: on and off.
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  cyan: [36, 39],
};

/** The text in a style, or unchanged where colour is off. */
export function paint(view: View, style: Style | undefined, text: string): string {
  if (!view.colour || style === undefined || text === '') return text;
  const [on, off] = SGR[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** "→" or "->". */
export function arrow(view: View): string {
  return view.unicode ? '→' : '->';
}

/** Shown where there is no value: not measured is not zero. */
export function nothing(view: View): string {
  return view.unicode ? '–' : '-';
}

/** Columns the text takes on a terminal. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Cuts the text to `width` columns and marks the cut. */
export function cut(view: View, text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const mark = view.unicode ? '…' : '~';
  const [kept = ''] = wrapAnsi(text, width - 1, { hard: true, wordWrap: false, trim: false }).split('\n');
  // A row holds at least one character, even one that is wider than the row.
  return widthOf(kept) < width ? kept + mark : mark;
}

/** Foreign text made safe to print: a guest's name or purpose must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

/** Breaks the text at spaces into lines of the view's width; lines after the first are indented. */
export function wrap(view: View, text: string, indent: number): string {
  if (view.width === Infinity) return text;
  // Long lines are hard to read on a wide terminal, too; 100 columns is a common measure.
  const room = Math.max(20, Math.min(view.width, 100) - indent);
  // No hard wrap: a path or command longer than the line stays whole, so that it can be copied.
  return wrapAnsi(text.replace(/\s+/g, ' '), room).replaceAll('\n', `\n${' '.repeat(indent)}`);
}
