// Watches a running copy: polls its figures, steers it, and aborts it when its time is up. Pure.
import type { MigrateRequest, VmInput } from '../../../shared/gen/agent.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import { ErrorCode } from '../../libvirt/constants.ts';
import { isLibvirtError } from '../../libvirt/errors.ts';
import { hasJob, shownOnSource } from '../hypervisor/vm-state.ts';
import { mayAnswerAgain, type AbortCause } from './cause.ts';
import { converge, type CopySight } from './converge.ts';
import { fail, finish, restore } from './endings.ts';
import { counted } from './hear.ts';
import { sightOf, type JobFigures } from './progress.ts';
import {
  call,
  log,
  REPORT,
  step,
  withFacts,
  withSighting,
  type AbortReason,
  type Attached,
  type Copying,
  type Facts,
  type Step,
} from './states.ts';

// libvirt's keepalive of a peer-to-peer connection is 5 s x (5 + 1); the switch-over may hang twice as long.
const SWITCH_MAX_MS = 65 * SECOND_MS;
export const ABORT_MAX_MS = 30 * SECOND_MS;

export type Watched = Copying | Attached;

/** The longest that libvirt's call to migrate can take: its timeout, then an abort, then a switch-over that hangs. */
export function copyMaxMs({ timeoutMs }: MigrateRequest): number {
  return timeoutMs + ABORT_MAX_MS + SWITCH_MAX_MS;
}

/** True while the copy is neither aborted nor being switched over. */
function isSteered({ sighting, isPostCopy }: Facts): boolean {
  return sighting.abortedBy === undefined && !sighting.isSwitching && !isPostCopy;
}

/** A copy started here is checked against its time first; one that was attached to is looked at first, since it may be over. */
export function afterRest(state: Watched, nowMs: number): Step {
  if (state.watch.kind !== 'resting') return step(state);
  return state.kind === 'copying' ? keepLimit(state, nowMs) : ask(state);
}

function ask(state: Watched): Step {
  return step({ ...state, watch: { kind: 'asking' } }, call({ kind: 'ask_figures' }));
}

function rest(state: Watched): Step {
  return step({ ...state, watch: { kind: 'resting' } }, call({ kind: 'rest' }));
}

export function afterFigures(state: Watched, figures: JobFigures | undefined, nowMs: number): Step {
  if (state.watch.kind !== 'asking') return step(state);
  if (figures === undefined) return afterSteering(state, false);
  const told = counted(state, figures);
  const sight = isSteered(told.facts) ? sightOf(figures, nowMs) : undefined;
  const { state: after, acts } = sight === undefined ? afterSteering(told, true) : steer(told, sight);
  return step(after, REPORT, ...acts);
}

function steer(state: Watched, sight: CopySight): Step {
  const { progress } = state.facts;
  const { state: converging, advice } = converge(state.facts.converging, sight);
  switch (advice.kind) {
    case 'go_on':
      return afterSteering(withFacts(state, { converging }), true);
    case 'set_downtime':
      return step(
        { ...state, watch: { kind: 'steering', converging, isPostCopy: false } },
        call({ kind: 'set_downtime', downtimeMs: advice.downtimeMs }),
      );
    case 'post_copy':
      return step(
        { ...state, watch: { kind: 'steering', converging, isPostCopy: true } },
        log('warn', 'the copy makes no progress; switching to post-copy', { ...progress }),
        call({ kind: 'switch_to_post_copy' }),
      );
    case 'abort': {
      const { state: after, acts } = abort(state, { kind: 'not_converging', converging }, sight.nowMs);
      return step(
        after,
        log('warn', 'aborting: the guest changes its memory faster than it is copied', { ...progress }),
        ...acts,
      );
    }
  }
}

/** The advice has been carried out. */
export function afterAdvice(state: Watched): Step {
  const { watch, facts } = state;
  if (watch.kind !== 'steering') return step(state);
  const { converging } = watch;
  const isPostCopy = facts.isPostCopy || watch.isPostCopy;
  return afterSteering(withFacts(state, { converging, isPostCopy }), true);
}

function afterSteering(state: Watched, hasCopyJob: boolean): Step {
  if (state.kind === 'copying') return rest(state);
  return step({ ...state, watch: { kind: 'observing', hasJob: hasCopyJob } }, call({ kind: 'observe' }));
}

/** The VM's state shows how the copy ended only once its job is over. */
export function afterObserving(state: Attached, vm: VmInput | undefined, nowMs: number): Step {
  const { watch, previousDowntimeMs } = state;
  if (watch.kind !== 'observing') return step(state);
  const shown = shownOnSource(vm);
  const isSwitching = state.facts.isPostCopy || shown.kind === 'paused_migrating';
  const seen = withSighting(state, { isSwitching });
  if (watch.hasJob || (vm !== undefined && hasJob(vm))) return keepLimit(seen, nowMs);
  const ending = { kind: 'shown', shown } as const;
  return shown.kind === 'running' || shown.kind === 'paused'
    ? restore(seen.facts, previousDowntimeMs, ending)
    : finish(seen.facts, ending);
}

/** Cancels a migration that is past its time, unless the guest is being switched over: that ends by itself. */
function keepLimit(state: Watched, nowMs: number): Step {
  const { startedAtMs, request } = state.facts;
  const isLate = nowMs - startedAtMs >= request.timeoutMs;
  return isLate && isSteered(state.facts)
    ? abort(state, { kind: 'timeout' }, nowMs)
    : afterLimit(state, nowMs);
}

function afterLimit(state: Watched, nowMs: number): Step {
  return state.kind === 'copying' ? ask(state) : restInTime(state, nowMs);
}

/** An attached copy has no call with a deadline of its own, so the whole is limited here. */
function restInTime(state: Attached, nowMs: number): Step {
  return nowMs - state.facts.startedAtMs >= copyMaxMs(state.facts.request)
    ? fail(state.facts, 'MIGRATION_CAUSE_TIMEOUT', 'the job did not end in time')
    : rest(state);
}

const ABORT_CAUSES: Readonly<Record<AbortReason['kind'], AbortCause>> = {
  timeout: 'MIGRATION_CAUSE_TIMEOUT',
  not_converging: 'MIGRATION_CAUSE_NOT_CONVERGING',
};

function abort(state: Watched, why: AbortReason, nowMs: number): Step {
  const abortedBy = ABORT_CAUSES[why.kind];
  return step(
    {
      ...withSighting(state, { abortedBy }),
      watch: { kind: 'aborting', why, giveUpAtMs: nowMs + ABORT_MAX_MS },
    },
    call({ kind: 'abort', asker: 'watch' }),
  );
}

export function afterWatchAbort(state: Watched, nowMs: number): Step {
  const { watch } = state;
  if (watch.kind !== 'aborting') return step(state);
  switch (watch.why.kind) {
    case 'timeout':
      return afterLimit(state, nowMs);
    case 'not_converging':
      return afterSteering(withFacts(state, { converging: watch.why.converging }), true);
  }
}

export function watchAbortAgain(state: Watched): Step {
  return state.watch.kind === 'aborting' ? step(state, call({ kind: 'abort', asker: 'watch' })) : step(state);
}

/** Right after the start there is no job to cancel yet, so the abort is retried for a while. */
export function isAbortTooEarly(
  { sighting }: Facts,
  error: unknown,
  giveUpAtMs: number,
  nowMs: number,
): boolean {
  return isLibvirtError(error, ErrorCode.operationInvalid) && !sighting.isSwitching && nowMs < giveUpAtMs;
}

/** A real failure also fails libvirt's call to migrate; an attached copy has no such call, so a lost connection ends watching. */
export function afterFailedWatch(state: Watched, error: unknown, nowMs: number): Step {
  const { watch, facts } = state;
  if (watch.kind === 'aborting' && isAbortTooEarly(facts, error, watch.giveUpAtMs, nowMs))
    return step(state, call({ kind: 'rest_before_abort', asker: 'watch' }));
  if (state.kind === 'attached' && !mayAnswerAgain(error))
    return finish(state.facts, { kind: 'failed', error });
  const { state: after, acts } = state.kind === 'copying' ? rest(state) : restInTime(state, nowMs);
  const warning = log('warn', 'could not read the state of the migration, or steer it', { err: error });
  return step(after, warning, ...acts);
}
