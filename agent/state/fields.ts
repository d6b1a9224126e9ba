// Reads what the agent wrote into its state folder, field by field; anything else is an error that names the field. Pure.

export type Fields = Readonly<Record<string, unknown>>;

export function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('is not what was written');
  return { ...value };
}

export function text(from: Fields, field: string): string {
  const value = from[field];
  if (typeof value !== 'string') throw new Error(`${field} is no text`);
  return value;
}

export function count(from: Fields, field: string): number {
  const value = from[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`${field} is no count`);
  return value;
}

export function flag(from: Fields, field: string): boolean {
  const value = from[field];
  if (typeof value !== 'boolean') throw new Error(`${field} is neither true nor false`);
  return value;
}
