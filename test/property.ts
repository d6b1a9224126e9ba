// Checks a property with a seed that the test prints, so that a failure can be replayed.
import fc from 'fast-check';
import type { Test } from 'tap';

/** Another one in each run, unless the environment gives that of a run to be replayed. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Fails the test, and shows the smallest counterexample found, unless the property holds in `numRuns` random cases. */
export function checkProperty<Case>(t: Test, property: fc.IProperty<Case>, numRuns: number): void {
  t.comment(`SEED=${SEED}`);
  const details = fc.check(property, { seed: SEED, numRuns });
  t.notOk(details.failed, `replay with SEED=${SEED}`, { report: fc.defaultReportMessage(details) });
}
