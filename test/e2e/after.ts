// Runs after all tests, also failed ones: takes down the lab if the tests brought it up.
import { down } from '../../lab/lab.ts';
import { withLock } from '../../lab/kernel/lock.ts';
import { isOurLab, releaseLab } from './started-by-tests.ts';

// As long as a lab command of another user may take.
const lockTimeoutMs = 300_000;

if (await isOurLab()) {
  await withLock(lockTimeoutMs, () => down(() => undefined));
  await releaseLab();
}
