// Carries migrations out: journals each step, acts through the agents, and believes only what both hosts show.
import type { Clock } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { MigrateRequestInput } from '../../shared/gen/evenkeel/v1/MigrateRequest.ts';
import type { MigrateResult } from '../../shared/gen/evenkeel/v1/MigrateResult.ts';
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import type { MigrationProgress } from '../../shared/gen/evenkeel/v1/MigrationProgress.ts';
import type { Logger } from '../../shared/log.ts';
import { GIB, MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Agents } from '../agents.ts';
import type { Changes } from '../changes.ts';
import { moveVm, settleHost, type ClusterView } from '../cluster/view.ts';
import type { Events } from '../events.ts';
import { isOver } from '../planner/ledger.ts';
import type { Entry, Journal } from './journal.ts';
import { step, USER_ABORT, type MigrationEvent } from './machine.ts';
import { Sides } from './sides.ts';
import { judge, type Verdict } from './verdict.ts';

/** What to move where; names are for people. */
export interface Order {
  readonly vmUuid: string;
  readonly vmName: string;
  readonly sourceHostId: string;
  readonly targetHostId: string;
  /** Empty when a person ordered it. */
  readonly decisionId: string;
}

export interface RunnerSettings {
  readonly bandwidthBytesPerSecond: number;
  readonly downtimeMaxMs: number;
}

export interface RunnerParts {
  readonly agents: Agents;
  readonly journal: Journal;
  readonly events: Events;
  readonly view: ClusterView;
  /** Rung at each step and progress. */
  readonly changes: Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

// COPYING: at least a minute, and 20 s for each GiB (migration.md 5.2): two passes at 100 MiB/s.
const COPY_MIN_MS = MINUTE_MS;
const COPY_MS_PER_GIB = 20 * SECOND_MS;
// The agent aborts at its own timeout; its answer then takes as long as libvirt's abort (30 s) and some more.
const ANSWER_GRACE_MS = MINUTE_MS;
const ABORT_TIMEOUT_MS = 30 * SECOND_MS;
// libvirt's keepalive decides within 30 s, an autodestroyed copy is gone within 60 s; then a person must look.
const VERIFY_TIMEOUT_MS = 2 * MINUTE_MS;
// A job that libvirt still runs when nobody listens any more; it ends by itself or is called unknown.
const MOVING_TIMEOUT_MS = 60 * MINUTE_MS;
const LOOK_PAUSE_MIN_MS = 50;
const LOOK_PAUSE_MAX_MS = 2 * SECOND_MS;
// How often an unknown outcome is looked at anew, and a journal that cannot be written is tried again.
const UNKNOWN_PAUSE_MS = 10 * SECOND_MS;
const JOURNAL_RETRY_MS = SECOND_MS;

interface Run {
  migration: Migration;
  /** Of our last record; a record of somebody else in between stops this run. */
  revision: number;
  readonly sides: Sides;
  isAbortRequested: boolean;
  /** What libvirt or the agent said about a failure; empty when nothing. */
  told: string;
}

export class Runner {
  readonly #parts: RunnerParts;
  readonly #settings: RunnerSettings;
  readonly #runs = new Map<string, Run>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(parts: RunnerParts, settings: RunnerSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** All known migrations, newest first; running ones with their progress. */
  list(): Migration[] {
    return this.#parts.journal
      .list()
      .map(({ migration }) => this.#runs.get(migration.migrationId)?.migration ?? migration);
  }

  get(migrationId: string): Migration | undefined {
    return this.#runs.get(migrationId)?.migration ?? this.#parts.journal.get(migrationId);
  }

  /**
   * Begins a migration; it goes on by itself. Throws FAILED_PRECONDITION when the VM or a slot of a host is
   * taken, UNAVAILABLE when the journal cannot be written; nothing has then happened.
   */
  async start(order: Order): Promise<Migration> {
    const { agents, journal, newId } = this.#parts;
    const queued = this.#queued(order, newId());
    this.#claimSlots(queued);
    const run = newRun(agents, { migration: queued, revision: 0 });
    this.#runs.set(queued.migrationId, run);
    try {
      Object.assign(run, await journal.begin(queued));
    } catch (error) {
      this.#runs.delete(queued.migrationId);
      throw error;
    }
    this.#announce(run);
    this.#track(run, this.#execute(run));
    return run.migration;
  }

  /** Ends a migration that has not been switched over yet; the VM then stays. Throws NOT_FOUND, FAILED_PRECONDITION. */
  async abort(migrationId: string, signal: AbortSignal): Promise<Migration> {
    const run = this.#runs.get(migrationId);
    if (run === undefined) {
      const ended = this.get(migrationId);
      throw ended === undefined
        ? new EvenkeelError(
            'NOT_FOUND',
            `abort migration: no migration "${migrationId}"; see "evenkeel migrations --active"`,
          )
        : new EvenkeelError(
            'FAILED_PRECONDITION',
            `abort migration ${migrationId}: it has ended: ${ended.outcome}`,
          );
    }
    const { state, sourceHostId, vmUuid } = run.migration;
    if (state === 'MIGRATION_STATE_VERIFYING' || state === 'MIGRATION_STATE_UNKNOWN')
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `abort migration ${migrationId}: the copy has ended, its outcome is being verified`,
      );
    run.isAbortRequested = true;
    if (state === 'MIGRATION_STATE_COPYING')
      await this.#parts.agents
        .of(sourceHostId)
        .abortMigration(migrationId, vmUuid, { signal, timeoutMs: ABORT_TIMEOUT_MS });
    return run.migration;
  }

  /** After a start of the scheduler: what was under way is verified, never ordered again. */
  recover(): void {
    const { agents, clock, journal, logger } = this.#parts;
    for (const entry of journal.list()) {
      const { migration } = entry;
      if (isOver(migration.state) || this.#runs.has(migration.migrationId)) continue;
      logger.info(fields(migration), 'migration found under way; verifying it');
      const run = newRun(agents, entry);
      this.#runs.set(migration.migrationId, run);
      const resume = async (): Promise<void> => {
        await this.#advanceSurely(run, { kind: 'restarted' });
        if (!isOver(run.migration.state)) await this.#verify(run, clock.monotonicMs() + MOVING_TIMEOUT_MS);
      };
      this.#track(run, resume());
    }
  }

  /** Lets go of the migrations without touching them: libvirt goes on, the next scheduler verifies them. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the scheduler stops'));
    await Promise.allSettled(this.#tasks);
  }

  #queued(order: Order, migrationId: string): Migration {
    const { clock, view } = this.#parts;
    const nameOf = (hostId: string): string => view.hosts.get(hostId)?.hostName ?? hostId;
    return {
      ...order,
      migrationId,
      epoch: 0,
      sourceHostName: nameOf(order.sourceHostId),
      targetHostName: nameOf(order.targetHostId),
      state: 'MIGRATION_STATE_QUEUED',
      queuedAtMs: clock.nowMs(),
      startedAtMs: 0,
      endedAtMs: 0,
      outcome: '',
      causeCode: '',
      progress: null,
    };
  }

  /** One migration a VM, one out of a host, one into a host. Called without waiting, so two orders cannot both pass. */
  #claimSlots({ vmUuid, vmName, sourceHostId, targetHostId }: Migration): void {
    for (const { migration } of this.#runs.values()) {
      const isUnknown = migration.state === 'MIGRATION_STATE_UNKNOWN';
      const taken =
        migration.vmUuid === vmUuid
          ? 'the VM itself'
          : isUnknown
            ? undefined
            : migration.sourceHostId === sourceHostId
              ? `the way out of ${migration.sourceHostName}`
              : migration.targetHostId === targetHostId
                ? `the way into ${migration.targetHostName}`
                : undefined;
      if (taken !== undefined)
        throw new EvenkeelError(
          'FAILED_PRECONDITION',
          `migrate ${vmName}: ${taken} is taken by migration ${migration.migrationId} of ${migration.vmName}; wait for its end`,
        );
    }
  }

  #track(run: Run, work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (!this.#stopped.signal.aborted)
          this.#parts.logger.error(
            { ...fields(run.migration), err: error },
            'migration is no longer followed',
          );
      })
      .finally(() => {
        if (isOver(run.migration.state)) this.#runs.delete(run.migration.migrationId);
        this.#tasks.delete(task);
        this.#parts.changes.notify();
      });
    this.#tasks.add(task);
  }

  async #execute(run: Run): Promise<void> {
    const { clock, view } = this.#parts;
    const signal = this.#stopped.signal;
    const { sourceHostId } = run.migration;
    await this.#advanceSurely(run, { kind: 'admitted' });
    const version = view.hosts.get(sourceHostId)?.report.facts?.hypervisorVersion ?? '';
    const found = await run.sides.findObstacle(version, signal);
    signal.throwIfAborted();
    if ('causeCode' in found) {
      await this.#advanceSurely(run, { kind: 'refused', ...found });
      return;
    }
    if (run.isAbortRequested) {
      await this.#advanceSurely(run, { kind: 'withdrawn' });
      return;
    }
    const timeoutMs = Math.max(COPY_MIN_MS, (found.memoryMaxBytes / GIB) * COPY_MS_PER_GIB);
    try {
      await this.#advance(run, { kind: 'ordered' });
    } catch (error) {
      const outcome = `the order could not be recorded, so it was not given: ${messageOf(error)}`;
      await this.#advanceSurely(run, { kind: 'refused', causeCode: 'journal_unavailable', outcome });
      return;
    }
    const returned = await this.#copy(run, Math.round(timeoutMs));
    await this.#advanceSurely(run, returned);
    await this.#verify(run, clock.monotonicMs() + timeoutMs + MOVING_TIMEOUT_MS);
  }

  /** Orders the copy and follows it to the end of the agent's answer. */
  async #copy(run: Run, timeoutMs: number): Promise<MigrationEvent & { kind: 'returned' }> {
    const { agents, logger } = this.#parts;
    const signal = this.#stopped.signal;
    const wait = { signal, timeoutMs: timeoutMs + ANSWER_GRACE_MS };
    try {
      const agent = agents.of(run.migration.sourceHostId);
      for await (const { progress, result } of agent.migrate(this.#request(run, timeoutMs), wait)) {
        if (progress) this.#progress(run, progress);
        if (result) return returned(run, result);
      }
      run.told = 'the agent ended its answer without a result';
      return { kind: 'returned', causeCode: 'src_agent_lost', progress: null };
    } catch (error) {
      signal.throwIfAborted();
      run.told = messageOf(error);
      logger.warn(
        { ...fields(run.migration), cause: run.told },
        'the answer of the source broke off; both hosts are asked',
      );
      return { kind: 'returned', causeCode: causeOf(error), progress: null };
    }
  }

  #request({ migration }: Run, timeoutMs: number): MigrateRequestInput {
    const { view } = this.#parts;
    const facts = view.hosts.get(migration.targetHostId)?.report.facts;
    const downtimeMaxMs = view.vms.get(migration.vmUuid)?.sample.metadata?.rules?.downtimeMaxMs ?? 0;
    return {
      migrationId: migration.migrationId,
      epoch: migration.epoch,
      vmUuid: migration.vmUuid,
      targetHostId: migration.targetHostId,
      targetLibvirtUri: facts?.libvirtUri ?? '',
      targetMigrateUri: facts?.migrateUri ?? '',
      bandwidthBytesPerSecond: this.#settings.bandwidthBytesPerSecond,
      downtimeMaxMs: downtimeMaxMs > 0 ? downtimeMaxMs : this.#settings.downtimeMaxMs,
      timeoutMs,
    };
  }

  #progress(run: Run, progress: MigrationProgress): void {
    run.migration = step(run.migration, { kind: 'progressed', progress }, this.#parts.clock.nowMs());
    this.#parts.changes.notify();
  }

  /** Looks at both hosts until they show an outcome; an unknown one is looked at for as long as it takes. */
  async #verify(run: Run, movingUntilMs: number): Promise<void> {
    const { clock } = this.#parts;
    const signal = this.#stopped.signal;
    let undecidedUntilMs = clock.monotonicMs() + VERIFY_TIMEOUT_MS;
    let pauseMs = LOOK_PAUSE_MIN_MS;
    for (;;) {
      const verdict = await this.#look(run, signal);
      signal.throwIfAborted();
      if (verdict.kind !== 'wait') {
        await this.#conclude(run, verdict);
        if (verdict.kind !== 'unknown') return;
      } else if (verdict.isMoving && clock.monotonicMs() < movingUntilMs) {
        undecidedUntilMs = clock.monotonicMs() + VERIFY_TIMEOUT_MS;
      } else if (clock.monotonicMs() >= undecidedUntilMs) {
        await this.#conclude(run, { kind: 'unknown', outcome: verdict.outcome });
      }
      const isUnknown = run.migration.state === 'MIGRATION_STATE_UNKNOWN';
      await clock.sleep(isUnknown ? UNKNOWN_PAUSE_MS : pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LOOK_PAUSE_MAX_MS);
    }
  }

  async #look(run: Run, signal: AbortSignal): Promise<Verdict> {
    const { source, target } = await run.sides.look(signal);
    return judge(source, target);
  }

  /** Puts the loser in order and records the outcome. An unchanged unknown outcome is not recorded again. */
  async #conclude(run: Run, verdict: Exclude<Verdict, { kind: 'wait' }>): Promise<void> {
    const { migration } = run;
    if (migration.state === 'MIGRATION_STATE_UNKNOWN') {
      if (verdict.kind === 'unknown' && migration.outcome.startsWith(verdict.outcome)) return;
      await this.#advanceSurely(run, { kind: 'seen_again' });
    }
    const leftOver = 'cures' in verdict ? await this.#carryOut(run, verdict) : '';
    const told = run.told === '' || verdict.kind === 'arrived' ? '' : `; ${run.told}`;
    await this.#advanceSurely(run, {
      kind: 'judged',
      verdict,
      outcome: `${verdict.outcome}${leftOver}${told}`,
    });
    const { vmUuid, sourceHostId, targetHostId, state, endedAtMs } = run.migration;
    if (state !== 'MIGRATION_STATE_SUCCEEDED') return;
    moveVm(this.#parts.view, vmUuid, sourceHostId, targetHostId, endedAtMs);
    settleHost(this.#parts.view, sourceHostId, endedAtMs);
    settleHost(this.#parts.view, targetHostId, endedAtMs);
  }

  /** The verdict's cures, after a second look that shows the same. Returns what is left over, in words. */
  async #carryOut(run: Run, verdict: Extract<Verdict, { kind: 'arrived' | 'stayed' }>): Promise<string> {
    if (verdict.cures.length === 0) return '';
    const signal = this.#stopped.signal;
    try {
      for (const cure of verdict.cures) {
        const again = await this.#look(run, signal);
        if (again.kind !== verdict.kind) return '; the hosts changed meanwhile, nothing was swept';
        if ('cures' in again && again.cures.some(({ act, side }) => act === cure.act && side === cure.side))
          await run.sides.cure(cure, signal);
      }
      return '; swept';
    } catch (error) {
      return `; not swept: ${messageOf(error)}`;
    }
  }

  /** One step: decided, journalled, then told. Throws when it cannot be journalled; the migration is then unchanged. */
  async #advance(run: Run, event: MigrationEvent): Promise<void> {
    const next = step(run.migration, event, this.#parts.clock.nowMs());
    Object.assign(run, await this.#parts.journal.record({ migration: next, revision: run.revision }));
    this.#announce(run);
  }

  /** A step that has to be recorded because its effect is there already: tried until NATS takes it. */
  async #advanceSurely(run: Run, event: MigrationEvent): Promise<void> {
    for (;;) {
      try {
        await this.#advance(run, event);
        return;
      } catch (error) {
        if (!(error instanceof EvenkeelError && error.code === 'UNAVAILABLE')) throw error;
        this.#parts.logger.warn(
          { ...fields(run.migration), cause: error.message },
          'cannot journal; trying again',
        );
        await this.#parts.clock.sleep(JOURNAL_RETRY_MS, this.#stopped.signal);
      }
    }
  }

  #announce({ migration }: Run): void {
    const { events, changes, clock, logger } = this.#parts;
    events.migration(migration, clock.nowMs());
    logger.info({ ...fields(migration), outcome: migration.outcome }, 'migration step');
    changes.notify();
  }
}

function newRun(agents: Agents, { migration, revision }: Entry): Run {
  return { migration, revision, sides: new Sides(agents, migration), isAbortRequested: false, told: '' };
}

function returned(run: Run, result: MigrateResult): MigrationEvent & { kind: 'returned' } {
  const { ok, causeCode, message, progress } = result;
  if (ok) return { kind: 'returned', causeCode: '', progress };
  run.told = message;
  const cause = causeCode === '' ? 'libvirt_failed' : causeCode;
  return { kind: 'returned', causeCode: run.isAbortRequested ? USER_ABORT : cause, progress };
}

/** A refusal of the agent is one; anything else means that its answer was lost. */
function causeOf(error: unknown): string {
  const refused =
    error instanceof EvenkeelError &&
    ['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'NOT_FOUND', 'ALREADY_EXISTS'].includes(error.code);
  return refused ? 'src_refused' : 'src_agent_lost';
}

function fields(migration: Migration): Record<string, string> {
  return {
    migrationId: migration.migrationId,
    state: migration.state,
    vmId: migration.vmUuid,
    vm: migration.vmName,
    sourceHost: migration.sourceHostName,
    targetHost: migration.targetHostName,
    ...(migration.causeCode === '' ? {} : { causeCode: migration.causeCode }),
  };
}
