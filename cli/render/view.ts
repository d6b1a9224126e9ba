// How text is shaped for one reader: width, colour and characters of the terminal, and the time ages count from.
import { stripVTControlCharacters } from 'node:util';

export interface View {
  /** Columns of the terminal; Infinity when the output goes to a file or a pipe, so that nothing is cut there. */
  readonly width: number;
  readonly colour: boolean;
  /** False on a terminal that is not UTF-8: bars and arrows are then drawn in ASCII. */
  readonly unicode: boolean;
  readonly nowMs: number;
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

// SGR codes of ECMA-48, section 8.3.117: on and off of each.
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  cyan: [36, 39],
};

/** The text in a style, or as it is where the reader wants no colour. */
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

// Letters of double width and emoji, the ranges W and F of Unicode's EastAsianWidth.txt that names are written in.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ASCII = /^[\x20-\x7e]*$/;
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns the text takes on a terminal. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(stripVTControlCharacters(text)))
    width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text cut to `width` columns, with a mark where something is missing. */
export function cut(view: View, text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const mark = view.unicode ? '…' : '~';
  let kept = '';
  let used = 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept + mark;
}

/** Foreign text made safe to print: a guest's name or purpose must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

/** Breaks the text into lines of the view's width at spaces, each after `indent` columns. */
export function wrap(view: View, text: string, indent: number): string {
  if (view.width === Infinity) return text;
  // A long line is hard to read on a wide terminal, too; 100 is the usual measure of a page of text.
  const room = Math.max(20, Math.min(view.width, 100) - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}
