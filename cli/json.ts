// Makes the output of --json: messages of proto/evenkeel/v1 with enum values as lower-case words.
import { word } from './render/words.ts';

// The fields of the contract that hold an enum; a VM may be named like an enum value, so names are left alone.
const ENUM_FIELDS = new Set(['state', 'mode', 'kind', 'strength', 'migrationRole', 'memoryUsedSource']);

/** A message as plain JSON. A field that was not measured is absent; an unset enum is null. */
export function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]: [string, unknown]) => [
        key,
        ENUM_FIELDS.has(key) && typeof field === 'string' ? word(field) || null : toJson(field),
      ]),
  );
}
