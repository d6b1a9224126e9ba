// Cleans up after an ended migration: gives its slots back, tells both agents, releases the VM.
import { Backoff } from '../../shared/backoff.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { isOver } from './machine.ts';
import { fieldsOf, surely, type Run, type Term } from './run.ts';
import { endOn } from './sides.ts';

const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = MINUTE_MS;
// A host that is away longer needs an operator anyway; until then its agent refuses other commands for the VM.
const RETRY_FOR_MS = 24 * HOUR_MS;

/** Gives back what the migration held. A host that does not answer is told later; meanwhile the VM may be moved. */
export async function endRun(term: Term, run: Run): Promise<void> {
  const { journal, slots, clock, random, logger } = term.parts;
  const { migration } = run;
  if (!isOver(migration.state)) return;
  await surely(term, run, () => slots.release(migration.migrationId));
  const epoch = await surely(term, run, () => journal.startEnding(migration));
  if (epoch === undefined) return;
  const untilMs = clock.monotonicMs() + RETRY_FOR_MS;
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  let told = { source: false, target: false };
  for (;;) {
    const [source, target] = await Promise.all([
      told.source || endOn(term, run, 'source', epoch),
      told.target || endOn(term, run, 'target', epoch),
    ]);
    told = { source, target };
    if ((source && target) || clock.monotonicMs() > untilMs) break;
    logger.warn(
      { ...fieldsOf(migration), ...told },
      'could not tell a host that a migration has ended; trying again',
    );
    await clock.sleep(backoff.nextMs(), term.signal);
    // A later migration of the VM ends this one on the agents by its higher epoch.
    if ((await surely(term, run, () => journal.holder(migration.vmUuid))) !== migration.migrationId) return;
  }
  await surely(term, run, () => journal.release(migration.vmUuid, migration.migrationId));
}
