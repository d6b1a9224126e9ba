// Finds out which host has the guest: looks at both, records each step, then carries out what verify-next.ts decides.
import { messageOf } from '../../shared/errors.ts';
import { followCopy, tellAbort } from './copy.ts';
import type { MigrationEvent } from './machine.ts';
import { advanceSurely, fieldsOf, type Run, type Term } from './run.ts';
import { look, settle } from './sides.ts';
import type { Cure, Sight } from './verdict.ts';
import { next, startVerifying, type Act, type Seen, type Verifying } from './verify-next.ts';

/** Runs until the migration has ended; an unknown outcome is looked at until it is known or an operator takes over. */
export async function verify(term: Term, run: Run): Promise<void> {
  const { clock } = term.parts;
  let state: Verifying = startVerifying(clock.monotonicMs());
  let seen: Seen = { kind: 'begun' };
  for (;;) {
    const decided = next(state, seen, run, clock.monotonicMs());
    for (const event of decided.records) await recordStep(term, run, event);
    if (decided.act.kind === 'end') return;
    state = decided.state;
    seen = await carryOut(term, run, decided.act);
  }
}

async function recordStep(term: Term, run: Run, event: MigrationEvent): Promise<void> {
  await advanceSurely(term, run, event);
  const { logger, slots, knowledge } = term.parts;
  const fields = fieldsOf(run.migration);
  if (event.kind === 'ended' && event.ending === 'arrived') knowledge.arrived(run.migration);
  if (event.kind === 'split')
    logger.error({ ...fields, outcome: event.outcome }, 'the guest ran on both hosts');
  if (event.kind !== 'unknown') return;
  logger.error({ ...fields, outcome: event.outcome }, 'the outcome of a migration is unknown');
  await slots.release(run.migration.migrationId).catch(() => undefined);
}

async function carryOut(term: Term, run: Run, act: Exclude<Act, { kind: 'end' }>): Promise<Seen> {
  switch (act.kind) {
    case 'look': {
      // A dismissal counts only after this look, which may still find the outcome.
      run.isDismissed = false;
      const sights = await look(term, run);
      term.signal.throwIfAborted();
      return { kind: 'looked', sights };
    }
    case 'judge_again':
      return { kind: 'recorded', sights: act.sights };
    case 'hand_over':
      await cureOne(term, run, { side: 'target', act: 'resume' }, act.sight);
      return { kind: 'handed_over' };
    case 'cure':
      return { kind: 'cured', isDone: await cureOne(term, run, act.cure, act.sight) };
    case 'follow':
      await followCopy(term, run);
      return { kind: 'followed' };
    case 'tell_abort':
      await tellAbort(term, run);
      return { kind: 'abort_told' };
    case 'rest':
      // Full jitter, so that after an outage migrations do not all ask the same hosts at once.
      await term.parts.clock.sleep(act.pauseMs * term.parts.random(), term.signal);
      return { kind: 'rested' };
  }
}

/** Resolves with true if the agent did it. */
async function cureOne(term: Term, run: Run, cure: Cure, sight: Sight): Promise<boolean> {
  const { logger, clock } = term.parts;
  try {
    await settle(term, run, cure, sight);
    if (cure.side === 'target' && cure.act === 'resume' && run.pausedAtMs !== undefined)
      run.downtimeMs = clock.monotonicMs() - run.pausedAtMs;
    logger.info({ ...fieldsOf(run.migration), ...cure }, 'settled one side');
    return true;
  } catch (error) {
    term.signal.throwIfAborted();
    // It may have been done all the same, or the VM has changed: the next look shows.
    run.told = messageOf(error);
    logger.warn(
      { ...fieldsOf(run.migration), ...cure, cause: run.told },
      'could not settle one side; looking again',
    );
    return false;
  }
}
