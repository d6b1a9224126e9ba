// Reads data from outside by a valibot schema: an error names the field, what it must be and what it is (pure).
import * as v from 'valibot';

/** The data that a schema describes, as read-only types. */
export type Described<Schema extends v.GenericSchema> = Frozen<v.InferOutput<Schema>>;

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export class InvalidData extends Error {
  constructor(path: string, must: string, value: unknown) {
    super(`${path}: must be ${must}, is ${shown(value)}`);
    this.name = 'InvalidData';
  }
}

// Enough to recognise the value in an error.
const SHOWN_MAX = 40;

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** The value in the form of the schema, with fields in the schema's order. Throws InvalidData, whose path begins with `name`. */
export function read<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name: string,
): v.InferOutput<Schema> {
  const { success, issues, output } = v.safeParse(schema, value);
  if (success) return output;
  // Report an unknown field first: it is often the misspelt name of a field that another issue reports as missing.
  const { path = [], message, input } = issues.find(({ expected }) => expected === 'never') ?? issues[0];
  const last = path.at(-1);
  // valibot takes a list for an object that lacks every field.
  if (last?.type === 'object' && Array.isArray(last.input))
    throw new InvalidData(name + placeOf(path.slice(0, -1)), 'an object', last.input);
  throw new InvalidData(name + placeOf(path), message, last === undefined ? input : last.value);
}

function placeOf(path: readonly v.IssuePathItem[]): string {
  return path.map(({ type, key }) => (type === 'array' ? `[${String(key)}]` : `.${String(key)}`)).join('');
}

// The message of each schema completes "must be …".

export const text = v.string('a text');

export const id = v.pipe(v.string('a text that is not empty'), v.nonEmpty('a text that is not empty'));

export const flag = v.boolean('true or false');

export const amount = numberOf('a number of 0 or more', (value) => value >= 0);

export const size = numberOf('a number above 0', (value) => value > 0);

export const count = numberOf(
  'a whole number of 0 or more',
  (value) => Number.isSafeInteger(value) && value >= 0,
);

// One check instead of a pipe of several, for speed: a large snapshot has a million numbers.
function numberOf(must: string, isRight: (value: number) => boolean) {
  return v.custom<number>(
    (value) => typeof value === 'number' && Number.isFinite(value) && isRight(value),
    must,
  );
}

export function oneOf<const Word extends string>(words: readonly Word[]) {
  return v.picklist(words, `one of ${words.join(', ')}`);
}

export function list<Schema extends v.GenericSchema>(of: Schema) {
  return v.array(of, 'a list');
}

/** Any names, with values of one kind. */
export function dictionary<Schema extends v.GenericSchema>(of: Schema) {
  return v.pipe(plain, v.record(v.string(), of));
}

/** Exactly these fields: otherwise a misspelt name would silently drop a figure. */
export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries).join(', ');
  const missing = missingFrom(entries);
  return v.strictObject(entries, (issue) =>
    issue.expected === 'never' ? `left out: it is none of ${known}` : missing(issue),
  );
}

/** As `fields`, all of them optional. */
export function options<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(plain, fields(entries));
}

/** At least these fields; others are dropped. */
export function someFields<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, missingFrom(entries));
}

// v.object would accept an empty list as an object without fields.
const plain = v.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);

/** The message for an absent field: what the field must be, or that its parent must be an object. */
function missingFrom(entries: v.ObjectEntries) {
  return ({ path }: v.BaseIssue<unknown>): string => {
    const key = path?.at(-1)?.key;
    if (typeof key !== 'string') return 'an object';
    const field = entries[key];
    if (field === undefined || !('message' in field) || field.message === undefined) return 'given';
    return typeof field.message === 'string' ? field.message : 'an object';
  };
}
