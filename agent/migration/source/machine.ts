// Decides each step of a migration on its source: every state, all that can be seen in it, and what follows. Pure.
//
//   connecting ► looking ► asking_limit ► listening ► claiming ┬─new──► measuring ► limiting ► copying ┬─► arrived ──► ended
//                   └─────────────────────────▲                │                       └───────────────┼─► restoring ───▲
//                                                              └─known► attached ──────────────────────┘
//
//   Until the claim is on disk, any failure ends it with an error, and nothing has begun. From then on it ends with a
//   result. `copying` and `attached` are watched (watch.ts): one look, one act or one rest at a time.
//
// The caller carries out each act and reports the result of each call. Results that come too late for the state are ignored.
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import type { VmEvent } from '../hypervisor/hypervisor.ts';
import { abortAgain, abortFailed, afterAbort, askAbort } from './aborts.ts';
import { isPostCopyRefused } from './cause.ts';
import { beginConverging } from './converge.ts';
import { arrive, finish, refuse, restore } from './endings.ts';
import { heard } from './hear.ts';
import { arrivesPaused, failureOf, stopFailure } from './order.ts';
import { afterClaim, afterLimiting, afterLook, afterMeasuring, claim, limit, listen } from './prepare.ts';
import {
  call,
  log,
  REPORT,
  step,
  withFacts,
  type Copying,
  type CopyState,
  type Failed,
  type Seen,
  type Step,
} from './states.ts';
import {
  afterAdvice,
  afterFailedWatch,
  afterFigures,
  afterObserving,
  afterRest,
  afterWatchAbort,
  watchAbortAgain,
  type Watched,
} from './watch.ts';

const UNMEASURED = 'could not measure how fast the guest changes its memory';
const RUNS_THERE = 'libvirt says that the VM runs on the target';

export function begin(request: MigrateRequest, nowMs: number): CopyState {
  return {
    kind: 'connecting',
    facts: {
      request,
      startedAtMs: nowMs,
      progress: {},
      sighting: { abortedBy: undefined, isCopying: false, isSwitching: false, guest: undefined },
      isPostCopy: false,
      isFinal: false,
      isClaimed: false,
      converging: beginConverging(request),
      aborts: [],
    },
  };
}

// eslint-disable-next-line complexity -- readable because all that can be seen is in one place
export function next(state: CopyState, seen: Seen, nowMs: number): Step {
  const { facts } = state;
  switch (seen.kind) {
    case 'connected':
      return state.kind === 'connecting'
        ? step({ kind: 'looking', facts }, call({ kind: 'look' }))
        : step(state);
    case 'not_connected':
      if (state.kind !== 'connecting') return step(state);
      return seen.isStopping ? afterStop(state) : refuse(facts, failureOf(facts.request, seen.error));
    case 'looked':
      return state.kind === 'looking' ? afterLook(facts, seen.vm, seen.record) : step(state);
    case 'limit_told':
      return state.kind === 'asking_limit' ? listen(facts, state.memoryBytes, seen.downtimeMs) : step(state);
    case 'listening':
      return state.kind === 'listening' ? claim(state) : step(state);
    case 'claimed':
      return state.kind === 'claiming' ? afterClaim(state, seen.answer, seen.before) : step(state);
    case 'measured':
      return state.kind === 'measuring' ? afterMeasuring(state, seen.dirtyBytesPerSecond) : step(state);
    case 'first_downtime_set':
      return state.kind === 'limiting' ? afterLimiting(state) : step(state);
    case 'copied':
      return state.kind === 'copying' ? afterCopy(state) : step(state);
    case 'process_ended':
      return state.kind === 'copying'
        ? leave(arrive(facts, 'the QEMU process has ended on the source, and the VM has arrived, paused'))
        : step(state);
    case 'final_figures_overdue':
      return state.kind === 'arrived' ? arrive(facts, RUNS_THERE) : step(state);
    case 'downtime_restored':
      return state.kind === 'restoring' ? finish(facts, state.ending) : step(state);
    case 'rested':
      return isWatched(state) ? afterRest(state, nowMs) : step(state);
    case 'figures':
      return isWatched(state) ? afterFigures(state, seen.figures, nowMs) : step(state);
    case 'downtime_set':
    case 'post_copy_begun':
      return isWatched(state) ? afterAdvice(state) : step(state);
    case 'observed':
      return state.kind === 'attached' ? afterObserving(state, seen.vm, nowMs) : step(state);
    case 'event':
      return state.kind === 'ended' ? step(state) : afterEvent(state, seen.event);
    case 'abort_asked':
      return askAbort(state, seen.asker, nowMs);
    case 'aborted':
      if (seen.asker !== 'watch') return afterAbort(state, seen.asker);
      return isWatched(state) ? afterWatchAbort(state, nowMs) : step(state);
    case 'abort_due':
      if (seen.asker !== 'watch') return abortAgain(state, seen.asker);
      return isWatched(state) ? watchAbortAgain(state) : step(state);
    case 'failed':
      return afterFailure(state, seen, nowMs);
  }
}

function isWatched(state: CopyState): state is Watched {
  return state.kind === 'copying' || state.kind === 'attached';
}

// eslint-disable-next-line complexity -- one short arm for each state
function afterFailure(state: CopyState, failed: Failed, nowMs: number): Step {
  const { call: what, error, isStopping } = failed;
  if ((what.kind === 'abort' || what.kind === 'rest_before_abort') && what.asker !== 'watch')
    return abortFailed(state, what.asker, error, nowMs);
  if (isStopping) return afterStop(state);
  const { facts } = state;
  switch (state.kind) {
    case 'connecting':
    case 'looking':
    case 'asking_limit':
    case 'listening':
    case 'claiming':
      return refuse(facts, failureOf(facts.request, error));
    case 'measuring':
      return limit(facts, state.previousDowntimeMs, log('warn', UNMEASURED, { err: error }));
    case 'limiting':
      return restore(facts, state.previousDowntimeMs, { kind: 'failed', error });
    case 'copying':
      return what.kind === 'start' || what.kind === 'await_process_end'
        ? afterFailedCopy(state, error)
        : afterFailedWatch(state, error, nowMs);
    case 'attached':
      return afterFailedWatch(state, error, nowMs);
    // A call that was cancelled earlier may report that only now.
    case 'arrived':
      return what.kind === 'await_final_figures' ? arrive(facts, RUNS_THERE) : step(state);
    case 'restoring':
      return what.kind === 'restore_downtime' ? finish(facts, state.ending) : step(state);
    case 'ended':
      return step(state);
  }
}

/** When the agent stops, watching ends; what is already known is reported. */
function afterStop(state: CopyState): Step {
  const { facts } = state;
  switch (state.kind) {
    case 'connecting':
    case 'looking':
    case 'asking_limit':
    case 'listening':
    case 'claiming':
    case 'measuring':
    case 'limiting':
    case 'attached':
      return refuse(facts, stopFailure(facts.request));
    case 'copying':
      return leave(refuse(facts, stopFailure(facts.request)));
    case 'arrived':
      return arrive(facts, RUNS_THERE);
    case 'restoring':
      return finish(facts, state.ending);
    case 'ended':
      return step(state);
  }
}

/** libvirt says that the copy succeeded. It sends the event with the final figures just before or after its reply. */
function afterCopy({ facts }: Copying): Step {
  if (arrivesPaused(facts.request))
    return leave(arrive(facts, 'libvirt says that the VM has arrived, paused'));
  if (facts.isFinal) return leave(arrive(facts, RUNS_THERE));
  return leave(step({ kind: 'arrived', facts }, call({ kind: 'await_final_figures' })));
}

/** Starts again without post-copy where the target does not support it: its QEMU says so before it receives anything. */
function afterFailedCopy(state: Copying, error: unknown): Step {
  const { facts, previousDowntimeMs, mayPostCopy } = state;
  if (!mayPostCopy || !isPostCopyRefused(error))
    return leave(restore(facts, previousDowntimeMs, { kind: 'failed', error }));
  const warning = log('warn', 'no post-copy there; copying without', { err: error });
  const converging = beginConverging({ ...facts.request, postCopy: false });
  const without = withFacts({ ...state, mayPostCopy: false }, { converging });
  if (facts.sighting.abortedBy === undefined)
    return step(without, warning, call({ kind: 'start', postCopy: false }));
  const { state: after, acts } = restore(without.facts, previousDowntimeMs, { kind: 'failed', error });
  return leave(step(after, warning, ...acts));
}

/** The copy has ended, so watching it ends. */
function leave({ state, acts }: Step): Step {
  return step(state, { kind: 'stop_watching' }, ...acts);
}

function afterEvent(before: CopyState, event: VmEvent): Step {
  const state = heard(before, event);
  switch (event.kind) {
    case 'other':
      return step(state);
    case 'completed':
      if (state.kind !== 'arrived') return step(state, REPORT);
      return reported(arrive(state.facts, RUNS_THERE));
    case 'iteration':
    case 'suspended':
    case 'resumed':
    case 'stopped':
      return reported(awaitProcessEnd(state));
  }
}

function reported({ state, acts }: Step): Step {
  return step(state, REPORT, ...acts);
}

/** libvirt reports this only after its next look at the process, and answers no questions about the VM until then. */
function awaitProcessEnd(state: CopyState): Step {
  if (state.kind !== 'copying' || state.isProcessAwaited) return step(state);
  if (!arrivesPaused(state.facts.request) || !state.facts.sighting.isSwitching) return step(state);
  return step({ ...state, isProcessAwaited: true }, call({ kind: 'await_process_end' }));
}
