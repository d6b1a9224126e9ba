// Remembers that the lab stands only because of the tests, so that it is taken down after them and not otherwise.
import { join } from 'node:path';
import { stateFolder } from '../../lab/paths.ts';

/** There while a lab stands that tests brought up; holds the process id of their runner. */
export const startedByTests = join(stateFolder, 'started-by-tests');
