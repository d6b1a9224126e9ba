// Reads and changes columns of figures by index. An index beyond the end is a bug; NaN shows it, since every comparison fails.

export function at(column: Float64Array, place: number): number {
  return column[place] ?? NaN;
}

export function wholeAt(column: Int32Array, place: number): number {
  return column[place] ?? NaN;
}

export function add(column: Float64Array, place: number, by: number): void {
  column[place] = at(column, place) + by;
}
