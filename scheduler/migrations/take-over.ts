// Takes over, under a higher epoch, the migrations that the journal shows under way and that are not followed here.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { Claim } from './journal.ts';
import { isOver, step, type MigrationEvent } from './machine.ts';
import { fieldsOf, newRun, type Run, type Term } from './run.ts';

/** Adds them to `runs`, and calls `take` with each as soon as its record is ours. */
export async function takeOverAll(
  term: Term,
  runs: Map<string, Run>,
  take: (run: Run) => void,
): Promise<void> {
  const { journal } = term.parts;
  const taken = (run: Run | undefined): void => {
    if (run === undefined) return;
    runs.set(run.migration.migrationId, run);
    take(run);
  };
  for (const { vmUuid, claim } of journal.claims())
    if (!runs.has(claim.migrationId)) taken(await takeOver(term, vmUuid, claim));
  for (const { migration } of journal.list())
    if (!isOver(migration.state) && !runs.has(migration.migrationId))
      taken(await takeOverUnclaimed(term, migration));
}

async function takeOver(term: Term, vmUuid: string, { migrationId }: Claim): Promise<Run | undefined> {
  const { journal, clock, logger } = term.parts;
  const entry = await journal.findOrPreclude(migrationId);
  if (entry === undefined) {
    logger.warn({ vmId: vmUuid, migrationId }, 'released a VM whose migration was never recorded');
    await journal.release(vmUuid, migrationId);
    return undefined;
  }
  const run = newRun(entry, clock);
  if (!isOver(entry.migration.state)) await raise(term, run);
  return run;
}

/** Takes over a record without its claim: the claim was lost with the bucket, or another migration has taken the VM. */
async function takeOverUnclaimed(term: Term, { migrationId }: Migration): Promise<Run | undefined> {
  const { journal, clock, logger } = term.parts;
  const entry = await journal.reread(migrationId);
  if (entry === undefined || isOver(entry.migration.state)) return undefined;
  const run = newRun(entry, clock);
  try {
    await raise(term, run);
    return run;
  } catch (error) {
    if (!(error instanceof EvenkeelError && error.code === 'FAILED_PRECONDITION')) throw error;
    logger.warn({ ...fieldsOf(entry.migration), cause: error.message }, 'a migration lost its VM to another');
    await record(term, run, { kind: 'superseded' });
    return undefined;
  }
}

/** Raises the epoch: from now on the journal, and agents that have seen it, refuse the former leader's commands. */
async function raise(term: Term, run: Run): Promise<void> {
  const { journal, logger } = term.parts;
  for (;;) {
    const epoch = await journal.raise(run.migration);
    try {
      await record(term, run, { kind: 'taken_over', epoch });
      logger.info(fieldsOf(run.migration), 'took over a migration');
      return;
    } catch (error) {
      // The former leader wrote once more: go on from its record.
      if (!(error instanceof EvenkeelError && error.code === 'ABORTED') || term.signal.aborted) throw error;
      Object.assign(run, await journal.reread(run.migration.migrationId));
      if (isOver(run.migration.state)) return;
    }
  }
}

/** Throws ABORTED when another scheduler has written since the record was read. */
async function record(term: Term, run: Run, event: MigrationEvent): Promise<void> {
  const { journal, clock, tell } = term.parts;
  const migration = step(run.migration, event, clock.nowMs());
  Object.assign(run, await journal.record({ migration, revision: run.revision }));
  run.sinceMs = clock.monotonicMs();
  tell(migration, clock.nowMs());
}
