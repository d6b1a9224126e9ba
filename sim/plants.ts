// Bugs that are planted on purpose, each by replacing a port, so that it is known that the promises can be seen to break.
import type { Plant } from './world.ts';

const PLANTS: Readonly<Record<string, () => Plant>> = {};

export const PLANT_NAMES: readonly string[] = Object.keys(PLANTS);

/** A fresh plant of that name. Throws when there is none. */
export function plantOf(name: string): Plant {
  const make = PLANTS[name];
  if (make === undefined) throw new Error(`--plant ${name}: there are ${PLANT_NAMES.join(', ')}`);
  return make();
}
