// Orders the copy from the source's agent and follows its stream; carries out what copy-next.ts decides.
import { isAborted, relayAbort } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { MigrateRequestInput, MigrateResult } from '../../shared/gen/agent.ts';
import type { Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import {
  BEGUN,
  due,
  isAbortToBeTold,
  next,
  type Act,
  type End,
  type Following,
  type Seen,
} from './copy-next.ts';
import { copyTimeoutMs, isAbortable, type MigrationEvent } from './machine.ts';
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

// Longer than any state of the copy may last: the states' own deadlines end the stream.
const STREAM_SLACK_MS = 5 * 60 * SECOND_MS;
const ABORT_TIMEOUT_MS = 10 * SECOND_MS;
const ABORT_RETRY_MS = SECOND_MS;

/** Orders the copy, or attaches to it if it is already under way, and follows it into VERIFYING. */
export async function followCopy(term: Term, run: Run): Promise<void> {
  const following = new AbortController();
  const endRelay = relayAbort(term.signal, following);
  // Its errors are handled from the start: it may end long before the copy does.
  const watching = watchDeadlines(term, run, following).catch(() => undefined);
  let end: End;
  try {
    end = await follow(term, run, following.signal);
  } finally {
    endRelay();
    following.abort(new Error('the copy has ended'));
    await watching;
  }
  term.signal.throwIfAborted();
  await advanceSurely(term, run, end.kind === 'returned' ? end : await broken(term, run, end.causeCode));
}

/** Raises the epoch, so that a command still on its way cannot start a copy after the verdict. */
async function broken(term: Term, run: Run, causeCode: MigrationCause): Promise<MigrationEvent> {
  const epoch = await surely(term, run, () => term.parts.journal.raise(run.migration));
  return { kind: 'broke', causeCode, epoch };
}

async function follow(term: Term, run: Run, signal: AbortSignal): Promise<End> {
  let state: Following = BEGUN;
  let seen: Seen = { kind: 'begun' };
  for (;;) {
    const decided = next(state, seen, run.migration);
    state = decided.state;
    if (state.kind === 'ended') return state.end;
    seen =
      decided.act.kind === 'rest'
        ? await rest(term, run, decided.act, signal)
        : await attach(term, run, signal);
  }
}

async function attach(term: Term, run: Run, signal: AbortSignal): Promise<Seen> {
  const before = run.migration.progress;
  let isRefused = false;
  try {
    const result = await readStream(term, run, signal);
    if (result?.ok === false) run.told = result.message;
    if (result !== undefined) return { kind: 'answered', result };
    run.told = "the agent's stream ended without a result";
  } catch (error) {
    term.signal.throwIfAborted();
    if (!signal.aborted) run.told = messageOf(error);
    isRefused = isRefusal(error);
  }
  const hasProgressed = run.migration.progress !== before;
  return { kind: 'broke_off', isRefused, hasProgressed, isGivenUp: isAborted(signal) };
}

async function rest(
  { parts: { clock, logger, random } }: Term,
  run: Run,
  { pauseMs }: Act & { kind: 'rest' },
  signal: AbortSignal,
): Promise<Seen> {
  logger.warn({ ...fieldsOf(run.migration), cause: run.told }, 'the progress stream broke; attaching again');
  await clock.sleep(pauseMs * (0.5 + random() / 2), signal).catch(() => undefined);
  return { kind: 'rested', isGivenUp: isAborted(signal) };
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

/** Yields the stream's messages until the signal aborts, even if the stream itself ignores it. */
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

async function watchDeadlines(term: Term, run: Run, following: AbortController): Promise<void> {
  const { clock } = term.parts;
  while (!following.signal.aborted) {
    const asked = due(run, clock.monotonicMs());
    switch (asked.kind) {
      case 'wait':
        await clock.sleep(asked.waitMs, following.signal);
        break;
      case 'abort':
        await abortCopy(term, run, 'MIGRATION_CAUSE_TIMEOUT', following.signal);
        break;
      case 'give_up':
        run.told = 'the source did not report the end of the copy in time';
        following.abort(new Error(run.told));
        break;
    }
  }
}

/**
 * Tells the source's agent to abort the copy, until it answers or both hosts have to be looked at. Resolves with false
 * when the copy could no longer be aborted.
 */
export async function abortCopy(
  term: Term,
  run: Run,
  causeCode: MigrationCause,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await advanceIf(term, run, isAbortable, { kind: 'abort_asked', causeCode }))) return false;
  const { clock } = term.parts;
  while (!signal.aborted && isAbortToBeTold(run, clock.monotonicMs())) {
    if (await tellAbort(term, run)) return true;
    await clock.sleep(ABORT_RETRY_MS, signal).catch(() => undefined);
  }
  return true;
}

/** Resolves with true once the agent answered. A refusal counts, since then there is nothing to abort. */
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
