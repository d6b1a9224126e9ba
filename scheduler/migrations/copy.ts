// The copy itself: ordered from the source's agent, followed by its stream, attached to again when that breaks, ended in time.
import { isAborted, relayAbort } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { MigrateRequestInput, MigrateResult } from '../../shared/gen/agent.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { copyTimeoutMs, isAbortable, ruleOf, type CauseCode, type MigrationEvent } from './machine.ts';
import {
  advanceIf,
  advanceSurely,
  fieldsOf,
  isRefusal,
  surely,
  takeProgress,
  type Run,
  type Term,
} from './run.ts';
import { agentOf } from './sides.ts';

// An agent that is restarted is back within seconds; beyond that both hosts are looked at, which needs no stream.
const ATTACH_TRIES = 5;
const ATTACH_PAUSE_MIN_MS = 250;
const ATTACH_PAUSE_MAX_MS = 4 * SECOND_MS;
// Longer than any state of the copy may last: the states' own deadlines end the stream.
const STREAM_SLACK_MS = 5 * 60 * SECOND_MS;
const ABORT_TIMEOUT_MS = 10 * SECOND_MS;
const ABORT_RETRY_MS = SECOND_MS;
// A deadline is seen this late at most.
const WATCH_MS = SECOND_MS;

/** Orders the copy, or attaches to it when it goes on already, and follows it into VERIFYING. */
export async function followCopy(term: Term, run: Run): Promise<void> {
  const following = new AbortController();
  const endRelay = relayAbort(term.signal, following);
  // Handled from the start: it may end long before what it watches does.
  const watching = watchDeadlines(term, run, following).catch(() => undefined);
  let ended: Ended;
  try {
    ended = await follow(term, run, following.signal);
  } finally {
    endRelay();
    following.abort(new Error('the copy has ended'));
    await watching;
  }
  term.signal.throwIfAborted();
  await advanceSurely(
    term,
    run,
    ended.kind === 'returned' ? ended : await broken(term, run, ended.causeCode),
  );
}

type Ended =
  (MigrationEvent & { readonly kind: 'returned' }) | { readonly kind: 'lost'; readonly causeCode: CauseCode };

/** A command that is still on its way must not begin a copy after the verdict: the epoch leaves it behind. */
async function broken(term: Term, run: Run, causeCode: CauseCode): Promise<MigrationEvent> {
  const epoch = await surely(term, run, () => term.parts.journal.raise(run.migration));
  return { kind: 'broke', causeCode, epoch };
}

async function follow(term: Term, run: Run, signal: AbortSignal): Promise<Ended> {
  const { clock, logger, random } = term.parts;
  let pauseMs = ATTACH_PAUSE_MIN_MS;
  for (let tried = 1; ; tried += 1) {
    const before = run.migration.progress;
    try {
      const result = await readStream(term, run, signal);
      if (result !== undefined) return returned(run, result);
      run.told = 'the agent ended its answer without a result';
    } catch (error) {
      term.signal.throwIfAborted();
      if (!signal.aborted) run.told = messageOf(error);
      // What was refused now may have begun by an earlier call: both hosts will tell.
      if (isRefusal(error)) return { kind: 'lost', causeCode: 'src_refused' };
    }
    if (run.migration.progress !== before) [tried, pauseMs] = [1, ATTACH_PAUSE_MIN_MS];
    const isSwitching = run.migration.state === 'MIGRATION_STATE_SWITCHING';
    if (signal.aborted || isSwitching || tried > ATTACH_TRIES) break;
    logger.warn({ ...fieldsOf(run.migration), cause: run.told }, 'the progress broke off; attaching again');
    await clock.sleep(pauseMs * (0.5 + random() / 2), signal).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, ATTACH_PAUSE_MAX_MS);
    if (isAborted(signal)) break;
  }
  term.signal.throwIfAborted();
  return { kind: 'lost', causeCode: 'src_agent_lost' };
}

async function readStream(term: Term, run: Run, signal: AbortSignal): Promise<MigrateResult | undefined> {
  const request = requestOf(term, run.migration);
  const wait = { signal, timeoutMs: request.timeoutMs + STREAM_SLACK_MS };
  const stream = agentOf(term, run, 'source').migrate(request, wait);
  for await (const { progress, result } of until(signal, stream)) {
    if (progress) await takeProgress(term, run, progress);
    if (result) return result;
  }
  return undefined;
}

/** The stream's messages until the signal aborts, even if the stream itself does not hear of it. */
async function* until<T>(signal: AbortSignal, stream: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new EvenkeelError('CANCELLED', 'no longer followed'));
    };
  });
  stopped.catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stopped]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    iterator.return?.().catch(() => undefined);
  }
}

function requestOf(
  { parts, settings }: Term,
  migration: Migration,
): MigrateRequestInput & { timeoutMs: number } {
  const facts = parts.knowledge.facts(migration.targetHostId);
  const known = parts.knowledge.vm(migration.vmUuid);
  const isLocked = migration.commitMode === 'COMMIT_MODE_LOCK';
  return {
    migrationId: migration.migrationId,
    epoch: migration.epoch,
    vmUuid: migration.vmUuid,
    targetHostId: migration.targetHostId,
    targetLibvirtUri: facts?.libvirtUri ?? '',
    targetMigrateUri: facts?.migrateUri ?? '',
    bandwidthBytesPerSecond: migration.bandwidthBytesPerSecond,
    downtimeMaxMs:
      known !== undefined && known.downtimeMaxMs > 0 ? known.downtimeMaxMs : settings.downtimeMaxMs,
    timeoutMs: copyTimeoutMs(migration.reservedMemoryBytes),
    commitMode: migration.commitMode,
    autoConverge: migration.evacuation,
    // A copy that runs before it is complete cannot arrive paused.
    postCopy: isLocked && known?.postCopy === true,
  };
}

function returned(run: Run, { ok, causeCode, message, progress }: MigrateResult): Ended {
  if (ok) return { kind: 'returned', causeCode: '', progress };
  run.told = message;
  const { state, causeCode: asked } = run.migration;
  const told = causeCode === '' ? 'libvirt_failed' : causeCode;
  // The agent calls every abort one of a person; the journal knows who asked for it.
  const isOurs = state === 'MIGRATION_STATE_ABORTING' && asked !== '' && !told.startsWith('guest_');
  return { kind: 'returned', causeCode: isOurs ? asked : told, progress };
}

/** Ends what lasts too long: a copy by an abort, what cannot be aborted by looking at both hosts. */
async function watchDeadlines(term: Term, run: Run, following: AbortController): Promise<void> {
  const { clock } = term.parts;
  while (!following.signal.aborted) {
    const { deadlineMs, overdue } = ruleOf(run.migration);
    const leftMs = run.sinceMs + (deadlineMs ?? Infinity) - clock.monotonicMs();
    if (leftMs > 0) await clock.sleep(Math.min(leftMs, WATCH_MS), following.signal);
    else if (overdue === 'abort') await abortCopy(term, run, 'timeout', following.signal);
    else {
      run.told = 'the source did not say in time how it ended';
      following.abort(new Error(run.told));
    }
  }
}

/**
 * Tells the source's agent to end the copy, again and again until it heard or both hosts have to be looked at. Resolves
 * with whether it was still to be aborted.
 */
export async function abortCopy(
  term: Term,
  run: Run,
  causeCode: CauseCode,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await advanceIf(term, run, isAbortable, { kind: 'abort_asked', causeCode }))) return false;
  const { clock } = term.parts;
  const untilMs = run.sinceMs + (ruleOf(run.migration).deadlineMs ?? 0);
  while (
    !signal.aborted &&
    run.migration.state === 'MIGRATION_STATE_ABORTING' &&
    clock.monotonicMs() < untilMs
  ) {
    if (await tellAbort(term, run)) return true;
    await clock.sleep(ABORT_RETRY_MS, signal).catch(() => undefined);
  }
  return true;
}

/** Resolves with whether the agent took it; its own no counts, since then there is nothing to abort. */
export async function tellAbort(term: Term, run: Run): Promise<boolean> {
  const { migrationId, vmUuid, epoch } = run.migration;
  const wait = { signal: term.signal, timeoutMs: ABORT_TIMEOUT_MS };
  try {
    await agentOf(term, run, 'source').abortMigration({ migrationId, vmUuid, epoch }, wait);
    return true;
  } catch (error) {
    term.signal.throwIfAborted();
    run.told = messageOf(error);
    return isRefusal(error);
  }
}
