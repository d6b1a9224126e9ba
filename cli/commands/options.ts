// Parses command line values that several commands share.
import { InvalidArgumentError } from 'commander';
import { badValue } from '../failure.ts';

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Finds a candidate by its id or a prefix of it; undefined when there is none. Throws when the prefix is ambiguous. */
export function byId<Value>(
  given: string,
  candidates: readonly (readonly [id: string, candidate: Value])[],
): Value | undefined {
  const matches = candidates.filter(([id]) => id === given);
  const found = matches.length > 0 ? matches : candidates.filter(([id]) => id.startsWith(given));
  if (found.length > 1)
    throw badValue(
      `"${given}"`,
      `several ids begin like this; give more of it: ${found.map(([id]) => id).join(', ')}`,
    );
  return found[0]?.[1];
}
