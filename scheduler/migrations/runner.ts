// Carries out migrations while this scheduler leads: orders, queue, recovery. It trusts only what both hosts show.
import { Backoff } from '../../shared/backoff.ts';
import { isAborted, relayAbort, until } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { admit, prepare, slotFor } from './admit.ts';
import { NO_CAUSE } from './causes.ts';
import { abortCopy, followCopy } from './copy.ts';
import { endRun } from './ending.ts';
import { holdsSlots, isAbortable, isBeforeCopy, isForOperator, isOver } from './machine.ts';
import {
  advance,
  fieldsOf,
  isUnavailable,
  newRun,
  type Run,
  type RunnerParts,
  type RunnerSettings,
  type Term,
} from './run.ts';
import { takeOverAll } from './take-over.ts';
import { verify } from './verify.ts';

export type { RunnerParts, RunnerSettings } from './run.ts';

/** Which VM to move, and where; names are for display. */
export interface MigrationOrder {
  readonly vmUuid: string;
  readonly vmName: string;
  readonly sourceHostId: string;
  readonly targetHostId: string;
  /** Empty when an operator ordered it: it then waits for its slots. */
  readonly decisionId: string;
  /** The source is being emptied: the guest may be slowed down so that the copy converges. */
  readonly evacuation?: boolean;
}

// The most operator orders that may wait; more are a script gone wrong.
const QUEUED_MAX = 100;
// Until it is known if an order was recorded, its VM cannot be migrated.
const ABANDON_FIRST_MS = SECOND_MS;
const ABANDON_MAX_MS = 4 * SECOND_MS;
// Nothing waits for this pass: it finds only what a fault has left behind.
const ADOPT_PAUSE_MS = 5 * SECOND_MS;
const OUTLAST_MAX_MS = 2 * SECOND_MS;
const OUTLAST_PAUSE_MS = 10;

interface OwnTerm extends Term {
  readonly controller: AbortController;
  readonly tasks: Set<Promise<void>>;
}

export class Runner {
  readonly #parts: RunnerParts;
  readonly #settings: RunnerSettings;
  readonly #runs = new Map<string, Run>();
  #term: OwnTerm | undefined;

  constructor(parts: RunnerParts, settings: RunnerSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** True between `lead` and `stop`: orders are accepted only then. */
  get isLeading(): boolean {
    return this.#term?.signal.aborted === false;
  }

  /** All known migrations, newest first; those that run here with their progress. */
  list(): Migration[] {
    return this.#parts.journal
      .list()
      .map(({ migration }) => this.#runs.get(migration.migrationId)?.migration ?? migration);
  }

  get(migrationId: string): Migration | undefined {
    return this.#runs.get(migrationId)?.migration ?? this.#parts.journal.get(migrationId);
  }

  /**
   * Starts leading: takes over what is under way, under a higher epoch, and accepts orders from then on. What was not
   * ordered yet fails; all else is verified, never ordered again. Ends at once when the signal aborts; `stop` then
   * waits for what was under way. Throws UNAVAILABLE when the journal does not answer.
   */
  async lead(leader: string, until: AbortSignal): Promise<void> {
    if (this.#term !== undefined) throw new Error('already leading');
    const controller = new AbortController();
    const [parts, settings, { signal }] = [this.#parts, this.#settings, controller];
    parts.onTerm?.(signal);
    const term: OwnTerm = { parts, settings, signal, controller, tasks: new Set() };
    relayAbort(until, controller);
    this.#runs.clear();
    const found: Run[] = [];
    try {
      await this.#takeStock(term, leader, found);
    } catch (error) {
      controller.abort(error);
      this.#runs.clear();
      throw error;
    }
    this.#term = term;
    for (const run of found) this.#follow(term, run, this.#resume(term, run));
    const adopting = this.#adopt(term)
      .catch(() => undefined)
      .finally(() => term.tasks.delete(adopting));
    term.tasks.add(adopting);
  }

  async #takeStock(term: Term, leader: string, found: Run[]): Promise<void> {
    const { journal, slots } = this.#parts;
    await journal.lead(leader, term.signal);
    await takeOverAll(term, this.#runs, (run) => found.push(run));
    await slots.keepOnly(({ migrationId }) => {
      const run = this.#runs.get(migrationId);
      return run !== undefined && holdsSlots(run.migration.state);
    });
    term.signal.throwIfAborted();
  }

  /** Stops following the migrations without touching them: libvirt goes on, the next leader verifies them. */
  async stop(): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    if (term === undefined) return;
    term.controller.abort(new Error('the scheduler stepped down'));
    await Promise.allSettled(term.tasks);
    this.#runs.clear();
  }

  /**
   * Starts a migration, which then goes on by itself. Throws FAILED_PRECONDITION when the VM, or a planned move's slot, is
   * taken, UNAVAILABLE when the journal cannot be written; nothing has then happened to the VM.
   */
  async start(order: MigrationOrder): Promise<Migration> {
    const term = this.#leading();
    const queued = this.#queued(order);
    await this.#outlast(queued.vmUuid, term);
    await this.#refuseAtOnce(queued);
    refuseAfter(term);
    const run = newRun({ migration: queued, revision: 0 }, this.#parts.clock);
    this.#runs.set(queued.migrationId, run);
    try {
      Object.assign(run, await this.#parts.journal.begin(queued));
      refuseAfter(term);
    } catch (error) {
      // The next leader, perhaps this scheduler, finds in the journal what became of it.
      if (isAborted(term.signal) || !isUnavailable(error)) this.#runs.delete(queued.migrationId);
      else this.#track(term, run, this.#abandon(term, run, messageOf(error)));
      throw error;
    }
    this.#parts.tell(run.migration, this.#parts.clock.nowMs());
    this.#parts.watchBell.ring();
    this.#follow(term, run, this.#execute(term, run));
    return run.migration;
  }

  /**
   * Aborts a migration that is not being switched over yet; the VM then stays. One that only an operator can settle
   * releases its VM within seconds. Throws NOT_FOUND, FAILED_PRECONDITION.
   */
  async abort(migrationId: string): Promise<Migration> {
    const term = this.#leading();
    const run = this.#runs.get(migrationId);
    if (run === undefined || isOver(run.migration.state)) throw this.#notUnderWay(migrationId);
    const { state } = run.migration;
    if (isBeforeCopy(state)) run.isAbortAsked = true;
    else if (isAbortable(state)) this.#track(term, run, this.#abortCopy(term, run));
    else if (isForOperator(state)) run.isDismissed = true;
    else if (state !== 'MIGRATION_STATE_ABORTING')
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `abort migration ${migrationId}: the copy has ended or is being switched over; its outcome is being verified`,
      );
    return Promise.resolve(run.migration);
  }

  #notUnderWay(migrationId: string): EvenkeelError {
    const ended = this.get(migrationId);
    return ended === undefined
      ? new EvenkeelError(
          'NOT_FOUND',
          `abort migration: no migration "${migrationId}"; see "evenkeel migrations --active"`,
        )
      : new EvenkeelError(
          'FAILED_PRECONDITION',
          `abort migration ${migrationId}: it has ended: ${ended.outcome}`,
        );
  }

  async #abortCopy(term: Term, run: Run): Promise<void> {
    await abortCopy(term, run, 'MIGRATION_CAUSE_USER_ABORT', term.signal);
  }

  #leading(): OwnTerm {
    if (this.#term?.signal.aborted === false) return this.#term;
    throw new EvenkeelError('FAILED_PRECONDITION', 'this scheduler is not the leader; ask the leader');
  }

  #queued({ evacuation = false, ...order }: MigrationOrder): Migration {
    const { clock, knowledge, newId } = this.#parts;
    const nowMs = clock.nowMs();
    return {
      ...order,
      evacuation,
      migrationId: newId(),
      epoch: 0,
      sourceHostName: knowledge.hostName(order.sourceHostId),
      targetHostName: knowledge.hostName(order.targetHostId),
      state: 'MIGRATION_STATE_QUEUED',
      queuedAtMs: nowMs,
      stateSinceMs: nowMs,
      startedAtMs: 0,
      endedAtMs: 0,
      outcome: '',
      causeCode: NO_CAUSE,
      progress: null,
      commitMode: 'COMMIT_MODE_UNSPECIFIED',
      estimate: null,
      reservedMemoryBytes: 0,
      bandwidthBytesPerSecond: this.#settings.bandwidthBytesPerSecond,
      definedOnTargetBefore: false,
    };
  }

  /** Waits for the claim of an ended migration, which is released shortly after the end state becomes visible. */
  async #outlast(vmUuid: string, { signal }: Term): Promise<void> {
    const { journal, clock } = this.#parts;
    const isFree = (): boolean =>
      ![...this.#runs.values()].some(
        ({ migration }) =>
          migration.vmUuid === vmUuid &&
          isOver(migration.state) &&
          journal.isHolding(vmUuid, migration.migrationId),
      );
    await until(clock, isFree, { everyMs: OUTLAST_PAUSE_MS, timeoutMs: OUTLAST_MAX_MS, signal });
  }

  /** Refuses a planned move that would have to wait, since the next plan decides again. An operator's order waits, within limits. */
  async #refuseAtOnce(migration: Migration): Promise<void> {
    const { vmUuid, vmName, decisionId } = migration;
    const refuse = (reason: string): EvenkeelError =>
      new EvenkeelError('FAILED_PRECONDITION', `migrate ${vmName}: ${reason}; try again later`);
    const running = [...this.#runs.values()].find(
      (run) => run.migration.vmUuid === vmUuid && !isOver(run.migration.state),
    );
    if (running !== undefined) throw refuse(`the VM is held by migration ${running.migration.migrationId}`);
    const queued = [...this.#runs.values()].filter(({ migration: { state } }) => isQueued(state));
    if (queued.length >= QUEUED_MAX) throw refuse(`${QUEUED_MAX} migrations are already waiting`);
    if (decisionId === '') return;
    const rival = queued.find((run) => isRival(run.migration, migration));
    if (rival !== undefined)
      throw refuse(`migration ${rival.migration.migrationId} is waiting for the same slot`);
    const none = await slotFor({ parts: this.#parts, settings: this.#settings }, migration, 'ask');
    if (none !== undefined) throw refuse(none.reason);
  }

  /** As `#track`; if the work fails before the migration has ended, `#adopt` takes it over again. */
  #follow(term: OwnTerm, run: Run, work: Promise<void>): void {
    const { migrationId } = run.migration;
    const followed = work.catch((error: unknown) => {
      if (!term.signal.aborted && this.#runs.get(migrationId) === run) this.#runs.delete(migrationId);
      throw error;
    });
    this.#track(term, run, followed);
  }

  #track(term: OwnTerm, run: Run, work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (!term.signal.aborted)
          this.#parts.logger.error(
            { ...fieldsOf(run.migration), err: error },
            'stopped following a migration after an error',
          );
      })
      .finally(() => {
        const { migrationId, state } = run.migration;
        if (isOver(state) && this.#runs.get(migrationId) === run) this.#runs.delete(migrationId);
        term.tasks.delete(task);
        this.#parts.watchBell.ring();
      });
    term.tasks.add(task);
  }

  async #execute(term: Term, run: Run): Promise<void> {
    const isFirst = (): boolean =>
      ![...this.#runs.values()].some((other) => isAhead(other.migration, run.migration));
    if ((await admit(term, run, isFirst)) && (await prepare(term, run))) {
      await followCopy(term, run);
      await verify(term, run);
    }
    await endRun(term, run);
  }

  /** Claim and record may or may not have been written: undoes both as soon as the journal answers. */
  async #abandon(term: Term, run: Run, why: string): Promise<void> {
    const { journal, clock, random } = this.#parts;
    const { migrationId, vmUuid } = run.migration;
    const backoff = new Backoff({ firstMs: ABANDON_FIRST_MS, maxMs: ABANDON_MAX_MS, random });
    for (;;) {
      try {
        const found = await journal.findOrPreclude(migrationId);
        if (found !== undefined) {
          Object.assign(run, found);
          const outcome = `the order could not be recorded: ${why}`;
          await advance(term, run, {
            kind: 'refused',
            causeCode: 'MIGRATION_CAUSE_JOURNAL_UNAVAILABLE',
            outcome,
          });
        }
        await journal.release(vmUuid, migrationId);
        this.#runs.delete(migrationId);
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await clock.sleep(backoff.nextMs(), term.signal);
      }
    }
  }

  /**
   * Finds unfollowed migrations in the journal and takes them over as at the start: a deposed scheduler's write may arrive
   * after this one began to lead, and following one here may have failed.
   */
  async #adopt(term: OwnTerm): Promise<void> {
    const { clock, slots, logger } = this.#parts;
    for (;;) {
      await clock.sleep(ADOPT_PAUSE_MS, term.signal);
      try {
        await takeOverAll(term, this.#runs, (run) => {
          this.#follow(term, run, this.#resume(term, run));
        });
        // Also frees the slots of migrations that wait for an operator: `verify` tries to release them only once.
        await slots.keepOnly(({ migrationId }) => {
          const state = this.#runs.get(migrationId)?.migration.state;
          return state !== undefined && (isQueued(state) || holdsSlots(state));
        });
      } catch (error) {
        term.signal.throwIfAborted();
        logger.warn({ cause: messageOf(error) }, 'could not look for unfollowed migrations; trying again');
      }
    }
  }

  async #resume(term: Term, run: Run): Promise<void> {
    if (!isOver(run.migration.state)) await verify(term, run);
    await endRun(term, run);
  }
}

function isQueued(state: Migration['state']): boolean {
  return state === 'MIGRATION_STATE_QUEUED';
}

/** True if both need an outgoing slot of one host, or an incoming slot of one. */
function isRival(a: Migration, b: Migration): boolean {
  return a.sourceHostId === b.sourceHostId || a.targetHostId === b.targetHostId;
}

/** True if `other` waits for the same slot and was queued earlier. */
function isAhead(other: Migration, mine: Migration): boolean {
  if (other.migrationId === mine.migrationId || !isQueued(other.state) || !isRival(other, mine)) return false;
  return (
    other.queuedAtMs < mine.queuedAtMs ||
    (other.queuedAtMs === mine.queuedAtMs && other.migrationId < mine.migrationId)
  );
}

/** Refuses an order whose term ended while it waited for the journal, since nothing would follow its migration. */
function refuseAfter({ signal }: Term): void {
  if (isAborted(signal))
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      'this scheduler is no longer the leader; see "evenkeel migrations", then order it again',
    );
}
