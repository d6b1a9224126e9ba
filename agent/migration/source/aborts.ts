// Handles aborts that callers ask for, and retries each while there is no job to cancel yet. Pure.
import { EvenkeelError } from '../../../shared/errors.ts';
import { translateLibvirt } from '../../libvirt-errors.ts';
import {
  call,
  step,
  withFacts,
  withSighting,
  type Act,
  type Asker,
  type CopyState,
  type Facts,
  type Step,
} from './states.ts';
import { ABORT_MAX_MS, isAbortTooEarly } from './watch.ts';

/** Refused when the guest is being switched over, or the migration has ended. */
export function askAbort(before: CopyState, asker: Asker, nowMs: number): Step {
  const refusal = abortRefusal(before);
  if (refusal !== undefined) return step(before, answer(asker, refusal));
  const state = withSighting(before, { abortedBy: 'MIGRATION_CAUSE_USER_ABORT' });
  // Takes effect before the copy begins.
  if (state.kind === 'connecting') return step(state, answer(asker, undefined));
  const aborts = [...state.facts.aborts, { asker, giveUpAtMs: nowMs + ABORT_MAX_MS }];
  return step(withFacts(state, { aborts }), call({ kind: 'abort', asker }));
}

function abortRefusal({ kind, facts }: CopyState): EvenkeelError | undefined {
  const what = `abort migration ${facts.request.migrationId}`;
  if (kind === 'ended') return new EvenkeelError('FAILED_PRECONDITION', `${what}: it has ended`);
  if (facts.sighting.isSwitching || facts.isPostCopy)
    return new EvenkeelError(
      'FAILED_PRECONDITION',
      `${what}: the guest is being switched over to the target; wait for the outcome`,
    );
  return undefined;
}

/** After the migration has ended there is nothing left to abort. */
export function abortAgain(state: CopyState, asker: Asker): Step {
  return state.kind === 'ended' ? afterAbort(state, asker) : step(state, call({ kind: 'abort', asker }));
}

export function afterAbort(state: CopyState, asker: Asker): Step {
  return step(without(state, asker), answer(asker, undefined));
}

export function abortFailed(state: CopyState, asker: Asker, error: unknown, nowMs: number): Step {
  const { aborts, request }: Facts = state.facts;
  const giveUpAtMs = aborts.find((abort) => abort.asker === asker)?.giveUpAtMs ?? nowMs;
  if (isAbortTooEarly(state.facts, error, giveUpAtMs, nowMs))
    return step(state, call({ kind: 'rest_before_abort', asker }));
  const failure = translateLibvirt(`abort migration ${request.migrationId}`, error);
  return step(without(state, asker), answer(asker, failure));
}

function without(state: CopyState, asker: Asker): CopyState {
  return withFacts(state, { aborts: state.facts.aborts.filter((abort) => abort.asker !== asker) });
}

function answer(asker: Asker, error: Error | undefined): Act {
  return { kind: 'answer', asker, error };
}
