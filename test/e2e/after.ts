// Runs after all tests, also failed ones: takes the lab down if the tests brought it up.
import { readFile, rm } from 'node:fs/promises';
import { down } from '../../lab/lab.ts';
import { withLock } from '../../lab/lock.ts';
import { startedByTests } from './started-by-tests.ts';

// As long as a lab command of someone else may take.
const lockTimeoutMs = 300_000;

// Another run of tests, of a single file for example, must not take down the lab under the one that uses it.
if ((await readFile(startedByTests, 'utf8').catch(() => '')) === String(process.ppid)) {
  await withLock(lockTimeoutMs, () => down(() => undefined));
  await rm(startedByTests, { force: true });
}
