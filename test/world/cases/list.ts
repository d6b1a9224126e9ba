// Lists the cases of other people's set-ups, in the order of their numbers.
import type { WorldCase } from '../world.ts';
import { belongingsCases } from './belongings.ts';
import { creationCases } from './creation.ts';
import { hostCases } from './hosts.ts';
import { obstacleCases } from './obstacles.ts';
import { storageCases } from './storage.ts';

export const worldCases: readonly WorldCase[] = [
  ...belongingsCases,
  ...creationCases,
  ...hostCases,
  ...obstacleCases,
  ...storageCases,
].sort((one, other) => (one.id < other.id ? -1 : 1));
