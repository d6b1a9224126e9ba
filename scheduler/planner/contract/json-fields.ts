// Reads fields of untrusted JSON: every error names the field and says what it must be.

type Fields = Readonly<Record<string, unknown>>;

/** Makes a value of what stands at `path`, or throws. */
export type Read<T> = (value: unknown, path: string) => T;

export class InvalidJson extends Error {
  constructor(path: string, must: string, value: unknown) {
    super(`${path}: must be ${must}, is ${shown(value)}`);
    this.name = 'InvalidJson';
  }
}

// Enough to recognise the value in an error.
const SHOWN_MAX = 40;

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

export function fieldsOf(value: unknown, path: string): Fields {
  if (!isFields(value)) throw new InvalidJson(path, 'an object', value);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A misspelt name would otherwise be a figure that is silently left out. */
export function refuseOthers(fields: Fields, path: string, known: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other !== undefined)
    throw new InvalidJson(`${path}.${other}`, `left out: it is none of ${known.join(', ')}`, fields[other]);
}

export function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new InvalidJson(path, 'a text', value);
  return value;
}

/** A text that names something. */
export function id(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '')
    throw new InvalidJson(path, 'a text that is not empty', value);
  return value;
}

/** 0 or more. */
export function amount(value: unknown, path: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value < Infinity))
    throw new InvalidJson(path, 'a number of 0 or more', value);
  return value;
}

/** More than 0. */
export function size(value: unknown, path: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity))
    throw new InvalidJson(path, 'a number above 0', value);
  return value;
}

/** A whole number of 0 or more. */
export function count(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidJson(path, 'a whole number of 0 or more', value);
  return value;
}

export function oneOf<T extends string>(...words: readonly T[]): Read<T> {
  return (value, path) => {
    const word = words.find((each) => each === value);
    if (word === undefined) throw new InvalidJson(path, `one of ${words.join(', ')}`, value);
    return word;
  };
}

export function list<T>(read: Read<T>): Read<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new InvalidJson(path, 'a list', value);
    return value.map((each: unknown, at) => read(each, `${path}[${at}]`));
  };
}
