// Holds one migration that this scheduler carries out: its recorded state, and its steps, taken one after another.
import { Backoff } from '../../shared/backoff.ts';
import type { Bell } from '../../shared/bell.ts';
import { causeWord } from '../../shared/cause-word.ts';
import type { Clock } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type { Migration, MigrationProgress, MigrationState } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { Serial } from '../../shared/serial.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { MigrationAgents } from './agent-calls.ts';
import { NO_CAUSE } from './causes.ts';
import type { Entry, Journal } from './journal.ts';
import type { Knowledge } from './knowledge.ts';
import { step, type MigrationEvent } from './machine.ts';
import type { SlotSettings } from './slot-limits.ts';
import type { Slots } from './slots.ts';

export interface RunnerParts {
  readonly agents: MigrationAgents;
  readonly journal: Journal;
  readonly slots: Slots;
  readonly knowledge: Knowledge;
  /** Passes each recorded step on to its subscribers; must not wait. */
  readonly tell: (migration: Migration, nowMs: number) => void;
  /** Rung at each step and progress. */
  readonly watchBell: Pick<Bell, 'ring'>;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Called with the signal of each term before anything waits on it. */
  readonly onTerm?: (signal: AbortSignal) => void;
}

export interface RunnerSettings extends SlotSettings {
  readonly downtimeMaxMs: number;
}

/** The time in which this scheduler leads. When the signal aborts, all waiting ends and nothing more is done. */
export interface Term {
  readonly parts: RunnerParts;
  readonly settings: RunnerSettings;
  readonly signal: AbortSignal;
}

export interface Run {
  migration: Migration;
  /** Revision of our last record; another scheduler's record after it ends this run. */
  revision: number;
  /** Monotonic time at which the present state was entered here. */
  sinceMs: number;
  isAbortAsked: boolean;
  /** An operator takes over a migration whose outcome only an operator can settle. */
  isDismissed: boolean;
  /** What libvirt or an agent said about a failure; empty when nothing. */
  told: string;
  /** Monotonic time at which this scheduler heard that the guest was paused for the switch-over. */
  pausedAtMs: number | undefined;
  /** How long the guest was paused, once we have resumed it. */
  downtimeMs: number | undefined;
  /** Runs the migration's steps one after another. */
  readonly steps: Serial;
}

// Between tries to write the journal. A guest may be paused until it can be written, so the pauses stay short.
const JOURNAL_RETRY_FIRST_MS = SECOND_MS / 2;
const JOURNAL_RETRY_MAX_MS = 2 * SECOND_MS;

export function newRun({ migration, revision }: Entry, clock: Clock): Run {
  return {
    ...{ migration, revision, sinceMs: clock.monotonicMs() },
    ...{ isAbortAsked: false, isDismissed: false, told: '', steps: new Serial() },
    ...{ pausedAtMs: undefined, downtimeMs: undefined },
  };
}

/** Takes one step: decides, journals, then notifies. Throws when it cannot be journalled; the migration is then unchanged. */
export function advance(term: Term, run: Run, event: MigrationEvent): Promise<void> {
  return run.steps.run(async () => {
    const { clock } = term.parts;
    await record(term, run, step(run.migration, event, clock.nowMs()));
  });
}

/** Takes a step whose cause has already happened: retries until the journal takes it. */
export function advanceSurely(term: Term, run: Run, event: MigrationEvent): Promise<void> {
  return run.steps.run(async () => {
    // Decided once, so that a try whose answer was lost is recognised by its bytes.
    const next = step(run.migration, event, term.parts.clock.nowMs());
    await surely(term, run, () => record(term, run, next));
  });
}

/** As advanceSurely, but only if the state is right when the step's turn comes; resolves with false if it is not. */
export function advanceIf(
  term: Term,
  run: Run,
  isRight: (state: MigrationState) => boolean,
  event: MigrationEvent,
): Promise<boolean> {
  return run.steps.run(async () => {
    if (!isRight(run.migration.state)) return false;
    const next = step(run.migration, event, term.parts.clock.nowMs());
    await surely(term, run, () => record(term, run, next));
    return true;
  });
}

/** Keeps progress in memory and records only a new phase; one that cannot be recorded is recorded with the next. */
export function takeProgress(term: Term, run: Run, progress: MigrationProgress): Promise<void> {
  return run.steps.run(async () => {
    const { clock, watchBell } = term.parts;
    const next = step(run.migration, { kind: 'progressed', progress }, clock.nowMs());
    try {
      if (next.state !== run.migration.state) await record(term, run, next);
      else run.migration = next;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      run.migration = { ...run.migration, progress };
    }
    watchBell.ring();
  });
}

/** Retries work that must be written until the store takes it. */
export async function surely<T>(term: Term, run: Run, work: () => Promise<T>): Promise<T> {
  const { logger, clock, random } = term.parts;
  const backoff = new Backoff({ firstMs: JOURNAL_RETRY_FIRST_MS, maxMs: JOURNAL_RETRY_MAX_MS, random });
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      logger.warn(
        { ...fieldsOf(run.migration), cause: error.message },
        'cannot write the journal; trying again',
      );
      await clock.sleep(backoff.nextMs(), term.signal);
    }
  }
}

async function record({ parts, signal }: Term, run: Run, migration: Migration): Promise<void> {
  signal.throwIfAborted();
  const isNewState = migration.state !== run.migration.state;
  const ownEpochs = [run.migration.epoch, migration.epoch];
  Object.assign(run, await parts.journal.record({ migration, revision: run.revision }, ownEpochs));
  if (isNewState) run.sinceMs = parts.clock.monotonicMs();
  if (isNewState && migration.state === 'MIGRATION_STATE_SWITCHING') run.pausedAtMs = run.sinceMs;
  parts.tell(migration, parts.clock.nowMs());
  const { outcome } = migration;
  parts.logger.info({ ...fieldsOf(migration), ...(outcome === '' ? {} : { outcome }) }, 'migration step');
  parts.watchBell.ring();
}

export function isUnavailable(error: unknown): error is EvenkeelError {
  return error instanceof EvenkeelError && error.code === 'UNAVAILABLE';
}

/** True if the agent itself refused, as opposed to an answer that never came. */
export function isRefusal(error: unknown): error is EvenkeelError {
  return (
    error instanceof EvenkeelError &&
    ['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'NOT_FOUND', 'ALREADY_EXISTS', 'UNIMPLEMENTED'].includes(
      error.code,
    )
  );
}

export function fieldsOf(migration: Migration): Record<string, string | number> {
  return {
    migrationId: migration.migrationId,
    epoch: migration.epoch,
    state: migration.state,
    vmId: migration.vmUuid,
    vm: migration.vmName,
    sourceHost: migration.sourceHostName,
    targetHost: migration.targetHostName,
    ...(migration.causeCode === NO_CAUSE ? {} : { causeCode: causeWord(migration.causeCode) }),
  };
}
