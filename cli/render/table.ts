// Lays out tables that fit the terminal: drops optional columns first, then cuts long texts.
import { cut, paint, widthOf, type Style, type View } from './view.ts';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'right';
  /** Rank 0 (default) always stays; on a narrow terminal the highest rank is dropped first. */
  readonly rank?: number;
  /** The column may be cut to this width before others are dropped. */
  readonly shrinkTo?: number;
  text(row: Row): string;
  style?(row: Row): Style | undefined;
}

// Two spaces separate columns without lines, and awk can still read the table.
const GAP = '  ';

/** Header and one line a row, without a final newline. */
export function table<Row>(view: View, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const laidOut = fit(
    view.width,
    columns.map((column) => {
      const cells = rows.map((row) => column.text(row));
      const width = Math.max(widthOf(column.title), ...cells.map(widthOf));
      return { column, cells, width };
    }),
  );
  const header = laidOut.map(({ column, width }) =>
    paint(view, 'bold', pad(cut(view, column.title, width), width, column.align)),
  );
  const lines = rows.map((row, index) =>
    laidOut
      .map(({ column, cells, width }) =>
        paint(view, column.style?.(row), pad(cut(view, cells[index] ?? '', width), width, column.align)),
      )
      .join(GAP),
  );
  return [header.join(GAP), ...lines].map(trimEnd).join('\n');
}

interface LaidOut<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

function fit<Row>(room: number, all: readonly LaidOut<Row>[]): readonly LaidOut<Row>[] {
  let kept = all;
  while (total(kept.map(leastWidth)) > room) {
    const rank = Math.max(...kept.map(({ column }) => column.rank ?? 0));
    if (rank === 0) break;
    const last = kept.findLastIndex(({ column }) => column.rank === rank);
    kept = kept.filter((_, index) => index !== last);
  }
  return shrink(room, kept);
}

/** Repeatedly takes the excess from the widest column that may shrink. */
function shrink<Row>(room: number, columns: readonly LaidOut<Row>[]): readonly LaidOut<Row>[] {
  const widths = columns.map(({ width }) => width);
  while (total(widths) > room) {
    let widest = -1;
    columns.forEach((column, index) => {
      if ((widths[index] ?? 0) > leastWidth(column) && (widths[index] ?? 0) > (widths[widest] ?? 0))
        widest = index;
    });
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return columns.map((column, index) => ({ ...column, width: widths[index] ?? 0 }));
}

function leastWidth<Row>({ column, width }: LaidOut<Row>): number {
  return Math.min(width, column.shrinkTo ?? width);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/** Drops trailing spaces, also those before a closing colour code. */
function trimEnd(line: string): string {
  return line.replace(/ +((?:\u001b\[\d+m)*)$/, '$1');
}
