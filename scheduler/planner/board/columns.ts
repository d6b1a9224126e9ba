// Columns of figures, read by place. A place beyond the end is a bug, and NaN makes it show: no comparison with it is true.

export function at(column: Float64Array, place: number): number {
  return column[place] ?? NaN;
}

export function wholeAt(column: Int32Array, place: number): number {
  return column[place] ?? NaN;
}

export function add(column: Float64Array, place: number, by: number): void {
  column[place] = at(column, place) + by;
}
