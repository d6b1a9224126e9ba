// Ends a migration on its source: restores the guest's downtime limit if it stays, and reports how the copy ended. Pure.
import type { EvenkeelError } from '../../../shared/errors.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { MigrationCause, MigrationProgressInput } from '../../../shared/gen/telemetry.ts';
import { causeOf, endShown, isLibvirtsAnswer } from './cause.ts';
import { phaseOf } from './progress.ts';
import { call, step, type Ending, type Facts, type JobOutcome, type JobResult, type Step } from './states.ts';

export function progressNow({ progress, sighting }: Facts): MigrationProgressInput {
  return { ...progress, phase: phaseOf(sighting) };
}

/** When the VM has gone or libvirt is away, there is nothing to restore now; the end of the migration tries again. */
export function restore(facts: Facts, previousDowntimeMs: number, ending: Ending): Step {
  if (previousDowntimeMs <= 0) return finish(facts, ending);
  return step(
    { kind: 'restoring', facts, ending },
    call({ kind: 'restore_downtime', downtimeMs: previousDowntimeMs }),
  );
}

/** Worded only now, because what was heard of the guest meanwhile explains its end. */
export function finish(facts: Facts, ending: Ending): Step {
  switch (ending.kind) {
    case 'failed': {
      const { error } = ending;
      const result = failed(facts, causeOf(error, facts.sighting), messageOf(error));
      return end(facts, result, !isLibvirtsAnswer(error));
    }
    case 'unstarted':
      return end(facts, failed(facts, ending.abortedBy, 'ended before the copy began'));
    case 'shown': {
      const result = endShown(ending.shown, facts.sighting.abortedBy);
      return end(facts, { ...result, progress: progressNow(facts) });
    }
  }
}

export function arrive(facts: Facts, message: string): Step {
  return end(facts, { ok: true, message, progress: progressNow(facts) });
}

export function fail(facts: Facts, causeCode: MigrationCause, message: string): Step {
  return end(facts, failed(facts, causeCode, message));
}

/** Nothing has begun, or the agent no longer watches: the caller gets an error instead of a result. */
export function refuse(facts: Facts, error: EvenkeelError): Step {
  return end(facts, error);
}

function end(facts: Facts, outcome: JobOutcome, isLost = false): Step {
  return step({ kind: 'ended', facts, outcome, isLost }, { kind: 'end' });
}

function failed(facts: Facts, causeCode: MigrationCause, message: string): JobResult {
  return { ok: false, causeCode, message, progress: progressNow(facts) };
}
