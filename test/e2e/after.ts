// Runs after all tests, also failed ones: takes the lab down if the tests brought it up.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { down } from '../../lab/lab.ts';
import { withLock } from '../../lab/lock.ts';
import { startedByTests } from './started-by-tests.ts';

// As long as a lab command of someone else may take.
const lockTimeoutMs = 300_000;

if (existsSync(startedByTests)) {
  await withLock(lockTimeoutMs, () => down(() => undefined));
  await rm(startedByTests, { force: true });
}
