// Makes the output of --json: messages of proto/evenkeel/v1 with enum values as lower-case words.
import { word } from './render/words.ts';

// The fields of the contract that hold an enum. Names of VMs and hosts pass as they are, whatever they look like.
const ENUM_FIELDS = new Set([
  'state',
  'stateReason',
  'mode',
  'kind',
  'strength',
  'causeCode',
  'migrationRole',
  'memoryUsedSource',
]);

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
