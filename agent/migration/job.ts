// One migration on its source: starts it or attaches to it, watches it, ends it in time, and says how libvirt's call ended.
import { withDeadline, type Clock, type WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { MigrateRequest } from '../../shared/gen/evenkeel/v1/MigrateRequest.ts';
import type { MigrateResultInput } from '../../shared/gen/evenkeel/v1/MigrateResult.ts';
import type { MigrationProgressInput } from '../../shared/gen/evenkeel/v1/MigrationProgress.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { MigrationSettings } from '../config.ts';
import type { LibvirtAccess } from '../libvirt-access.ts';
import { translateLibvirt } from '../libvirt-errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import {
  DomainState,
  ErrorCode,
  JobOperation,
  JobType,
  MigrateFlag,
  PausedReason,
  ShutoffReason,
} from '../libvirt/constants.ts';
import {
  getState,
  isPersistent,
  lookupByUuid,
  type DomainRef,
  type DomainStatus,
} from '../libvirt/domain.ts';
import { isLibvirtError } from '../libvirt/errors.ts';
import { registerEvents, type LibvirtEvent } from '../libvirt/events.ts';
import {
  abortJob,
  getJobStats,
  getMaxDowntimeMs,
  migratePeerToPeer,
  setMaxDowntime,
  type JobFigures,
} from '../libvirt/migration.ts';
import { orUndefined } from '../vm/storage.ts';
import { causeOf, type CauseCode, type Sighting } from './cause.ts';
import type { Epochs } from './epochs.ts';

export interface JobContext {
  readonly access: LibvirtAccess;
  readonly epochs: Epochs;
  readonly settings: MigrationSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the watching; the migration itself goes on in libvirt. */
  readonly stopped: AbortSignal;
}

// Smooth for a person who watches, next to nothing for QEMU's monitor.
const POLL_MS = 250;
// reference: keepalive of a peer-to-peer connection is 5 s x (5 + 1); the switch-over may hang twice as long.
const SWITCH_MAX_MS = 65 * SECOND_MS;
const ABORT_MAX_MS = 30 * SECOND_MS;
// libvirt sends the event with the final figures just before or after its reply.
const FINAL_FIGURES_MS = 200;

export class MigrationJob {
  readonly request: MigrateRequest;
  readonly #context: JobContext;
  readonly #logger: Logger;
  readonly #waiters = new Set<() => void>();
  #progress: MigrationProgressInput = {};
  #version = 0;
  #outcome: MigrateResultInput | EvenkeelError | undefined;
  readonly #startedAtMs: number;
  #endedAtMs = 0;
  /** The figures of the completed job have come. */
  #isFinal = false;
  #isClaimed = false;
  #seen: Sighting = { abortedBy: undefined, isCopying: false, isSwitching: false, guest: undefined };

  constructor(request: MigrateRequest, context: JobContext) {
    this.request = request;
    this.#context = context;
    this.#startedAtMs = context.clock.monotonicMs();
    const { migrationId, vmUuid, targetHostId } = request;
    this.#logger = context.logger.child({ migrationId, vmId: vmUuid, targetHost: targetHostId });
  }

  get version(): number {
    return this.#version;
  }

  get progress(): MigrationProgressInput {
    return this.#progress;
  }

  /** How it ended: libvirt's answer, or why it was never started. */
  get outcome(): MigrateResultInput | EvenkeelError | undefined {
    return this.#outcome;
  }

  /** Its id is used up: it was started, or refused for good. */
  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  get endedAtMs(): number {
    return this.#endedAtMs;
  }

  /** Resolves at the next progress or outcome, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  /** Runs to the end. Does not throw. */
  async run(): Promise<void> {
    const { access, clock, stopped } = this.#context;
    let outcome: MigrateResultInput | EvenkeelError;
    try {
      outcome = await access.own((connection) => this.#carryOut(connection), stopped);
    } catch (error) {
      outcome = this.#failure(error);
    }
    this.#outcome = outcome;
    this.#endedAtMs = clock.monotonicMs();
    this.#logger.info(
      outcome instanceof EvenkeelError
        ? { err: outcome }
        : { ok: outcome.ok, causeCode: outcome.causeCode, reason: outcome.message, ...this.#progress },
      'migration call ended',
    );
    this.#wake();
  }

  #failure(error: unknown): EvenkeelError {
    const { vmUuid, migrationId } = this.request;
    if (this.#context.stopped.aborted)
      return new EvenkeelError(
        'UNAVAILABLE',
        `migration ${migrationId}: the agent stops, the migration goes on; ask again by its id`,
      );
    const failure = translateLibvirt(`migrate VM ${vmUuid}`, error);
    return failure instanceof EvenkeelError
      ? failure
      : new EvenkeelError('INTERNAL', failure.message, failure);
  }

  /** Ends the copying. Throws FAILED_PRECONDITION when the guest is being switched over or all is over. */
  async abort(signal: AbortSignal): Promise<void> {
    const { vmUuid, migrationId } = this.request;
    if (this.#outcome !== undefined)
      throw new EvenkeelError('FAILED_PRECONDITION', `abort migration ${migrationId}: it has ended`);
    if (this.#seen.isSwitching)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `abort migration ${migrationId}: the guest is being switched over to the target; wait for the outcome`,
      );
    this.#see({ abortedBy: 'user' });
    await this.#context.access.shared(async (connection) => {
      const wait = { timeoutMs: this.#context.access.timeoutMs, signal };
      await this.#cancel(connection, await lookupByUuid(connection, vmUuid, wait), wait);
    });
  }

  #see(change: Partial<Sighting>): void {
    this.#seen = { ...this.#seen, ...change };
  }

  #wake(): void {
    this.#version += 1;
    for (const wake of [...this.#waiters]) wake();
  }

  #report(figures: JobFigures): void {
    if ((figures.memoryProcessedBytes ?? 0) > 0) this.#see({ isCopying: true });
    this.#progress = { ...this.#progress, ...progressOf(figures) };
    this.#wake();
  }

  async #carryOut(connection: Connection): Promise<MigrateResultInput> {
    const { access, epochs, stopped } = this.#context;
    const { vmUuid, epoch, migrationId } = this.request;
    const wait = { timeoutMs: access.timeoutMs, signal: stopped };
    const domain = await orUndefined(lookupByUuid(connection, vmUuid, wait), ErrorCode.noDomain);
    const claim = await epochs.claim(vmUuid, { epoch, migrationId });
    this.#isClaimed = true;
    if (claim.kind === 'fenced')
      return this.#failed(
        'fenced_epoch',
        `epoch ${epoch} of migration ${migrationId} is not above ${claim.seen.epoch} of migration ${claim.seen.migrationId}, which this host has seen`,
      );
    if (domain !== undefined) await this.#listen(connection, domain, wait);
    if (claim.kind === 'known') return this.#attach(connection, domain, wait);
    if (domain === undefined)
      throw new EvenkeelError('NOT_FOUND', `migrate VM ${vmUuid}: this host has no such VM`);
    return this.#start(connection, domain, wait);
  }

  async #listen(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
    const listener = (event: LibvirtEvent): void => {
      if (event.kind !== 'connectionClosed' && event.domain.uuid === domain.uuid) this.#hear(event);
    };
    await registerEvents(
      connection,
      ['lifecycle', 'migrationIteration', 'jobCompleted', 'ioError'],
      listener,
      wait,
    );
  }

  #hear(event: LibvirtEvent): void {
    if (event.kind === 'migrationIteration') this.#report({ memoryIteration: event.iteration });
    if (event.kind === 'jobCompleted') {
      this.#report(event.job);
      this.#isFinal = true;
      this.#wake();
    }
    if (event.kind !== 'lifecycle') return;
    const { change, detail } = event;
    if (change === 'suspended' && detail === 'migrated') this.#see({ isSwitching: true });
    if (change === 'resumed') this.#see({ isSwitching: false });
    if (change === 'suspended' && detail === 'ioError') this.#see({ guest: 'io_error' });
    if (change === 'stopped' && (detail === 'shutdown' || detail === 'destroyed'))
      this.#see({ guest: 'shutdown' });
    if (change === 'stopped' && detail === 'crashed') this.#see({ guest: 'crashed' });
  }

  async #start(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<MigrateResultInput> {
    const { settings } = this.#context;
    const { downtimeMaxMs, targetLibvirtUri, targetMigrateUri, bandwidthBytesPerSecond } = this.request;
    const previousDowntimeMs = await getMaxDowntimeMs(connection, domain, wait);
    await setMaxDowntime(connection, domain, downtimeMaxMs, wait);
    const keepsDefinition = await isPersistent(connection, domain, wait);
    const { live, persistDest, undefineSource, abortOnError, unsafe, tls } = MigrateFlag;
    const flags =
      live |
      abortOnError |
      // A transient VM stays one.
      (keepsDefinition ? persistDest | undefineSource : 0) |
      (settings.unsafe ? unsafe : 0) |
      (settings.tls ? tls : 0);
    const params = {
      bandwidthBytesPerSecond,
      ...(targetMigrateUri === '' ? {} : { migrateUri: targetMigrateUri }),
    };
    this.#logger.info({ targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs }, 'migration starts');
    const call = migratePeerToPeer(
      connection,
      domain,
      { destinationUri: targetLibvirtUri, flags, params },
      {
        timeoutMs: this.request.timeoutMs + ABORT_MAX_MS + SWITCH_MAX_MS,
        signal: wait.signal ?? this.#context.stopped,
      },
    );
    try {
      await this.#watchUntil(call, connection, domain);
      await this.#finalFigures();
      return { ok: true, message: 'libvirt says that the VM runs on the target', progress: this.#progress };
    } catch (error) {
      if (this.#context.stopped.aborted) throw error;
      // Gone, or libvirt away: then there is nothing to set back.
      await setMaxDowntime(connection, domain, previousDowntimeMs, wait).catch(() => undefined);
      return this.#failed(causeOf(error, this.#seen), messageOf(error));
    }
  }

  #failed(causeCode: CauseCode, message: string): MigrateResultInput {
    return { ok: false, causeCode, message, progress: this.#progress };
  }

  async #finalFigures(): Promise<void> {
    const { clock, stopped } = this.#context;
    const wait = { timeoutMs: FINAL_FIGURES_MS, signal: stopped };
    await withDeadline(clock, 'final figures', wait, async (signal) => {
      while (!this.#isFinal && !signal.aborted) await this.changed(signal);
    });
  }

  /** Awaits the call, asking for figures meanwhile, and cancels the job when its time is up. */
  async #watchUntil(call: Promise<void>, connection: Connection, domain: DomainRef): Promise<void> {
    const over = new AbortController();
    const watching = this.#watch(connection, domain, over.signal);
    try {
      await call;
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Asks for figures until `over`, and keeps the time limit. Does not throw: what truly fails, fails the call too. */
  async #watch(connection: Connection, domain: DomainRef, over: AbortSignal): Promise<void> {
    const { clock, access } = this.#context;
    const wait = { timeoutMs: access.timeoutMs, signal: over };
    for (;;)
      try {
        await clock.sleep(POLL_MS, over);
        await this.#keepLimit(connection, domain, wait);
        await this.#pollJob(connection, domain, wait);
      } catch (error) {
        if (over.aborted) return;
        this.#logger.warn({ err: error }, 'could not ask for the state of the migration');
      }
  }

  /** A migration that is past its time is cancelled, unless the guest is being switched over: that ends by itself. */
  async #keepLimit(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
    const isLate = this.#context.clock.monotonicMs() - this.#startedAtMs >= this.request.timeoutMs;
    if (!isLate || this.#seen.abortedBy !== undefined || this.#seen.isSwitching) return;
    this.#see({ abortedBy: 'timeout' });
    await this.#cancel(connection, domain, wait);
  }

  /** Right after the start there is no job yet to cancel; so it is asked again for a while. */
  async #cancel(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
    const { clock } = this.#context;
    const giveUpAtMs = clock.monotonicMs() + ABORT_MAX_MS;
    for (;;) {
      try {
        await abortJob(connection, domain, wait);
        return;
      } catch (error) {
        const isTooEarly = isLibvirtError(error, ErrorCode.operationInvalid) && this.#outcome === undefined;
        if (!isTooEarly || this.#seen.isSwitching || clock.monotonicMs() >= giveUpAtMs) throw error;
        await clock.sleep(POLL_MS, wait.signal);
      }
    }
  }

  /** It was started before this agent was: watches its job to the end and says what the source shows then. */
  async #attach(
    connection: Connection,
    domain: DomainRef | undefined,
    wait: WaitOptions,
  ): Promise<MigrateResultInput> {
    const { clock, stopped } = this.#context;
    this.#logger.info('attached to a migration that was started before');
    const limitMs = this.request.timeoutMs + ABORT_MAX_MS + SWITCH_MAX_MS;
    // The job first and the state after it: a state from before the job's end would tell nothing.
    while (domain !== undefined && (await this.#pollJob(connection, domain, wait))) {
      if (clock.monotonicMs() - this.#startedAtMs >= limitMs)
        return this.#failed('timeout', 'the job has not ended in its time');
      await this.#keepLimit(connection, domain, wait);
      await clock.sleep(POLL_MS, stopped);
    }
    return this.#shown(domain && (await orUndefined(getState(connection, domain, wait), ErrorCode.noDomain)));
  }

  /** False when no migration job runs, or the VM has gone. */
  async #pollJob(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<boolean> {
    const asked = getJobStats(connection, domain, 0, wait);
    const job = await orUndefined(orUndefined(asked, ErrorCode.operationInvalid), ErrorCode.noDomain);
    if (job?.type !== JobType.unbounded || job.operation !== JobOperation.migrationOut) return false;
    this.#report(job);
    return true;
  }

  #shown(status: DomainStatus | undefined): MigrateResultInput {
    const { state, reason } = status ?? { state: DomainState.shutoff, reason: ShutoffReason.migrated };
    if (state === DomainState.shutoff && reason === ShutoffReason.migrated)
      return { ok: true, message: 'the VM has left the source', progress: this.#progress };
    if (state === DomainState.shutoff)
      return this.#failed(
        reason === ShutoffReason.crashed ? 'guest_crashed' : 'guest_shutdown',
        'the VM is off on the source',
      );
    if (state === DomainState.paused && reason === PausedReason.migration)
      return this.#failed(
        'net_lost_finish',
        'the VM is paused on the source, and its migration job has ended',
      );
    const { abortedBy } = this.#seen;
    if (abortedBy !== undefined)
      return this.#failed(abortedBy === 'user' ? 'user_abort' : 'timeout', 'the job was cancelled');
    return this.#failed('unknown', 'the agent was restarted meanwhile; the VM is still on the source');
  }
}

function progressOf(figures: JobFigures): MigrationProgressInput {
  const { memoryDirtyPagesPerSecond, memoryPageBytes } = figures;
  const dirty =
    memoryDirtyPagesPerSecond === undefined || memoryPageBytes === undefined
      ? undefined
      : memoryDirtyPagesPerSecond * memoryPageBytes;
  return defined({
    memoryTotalBytes: figures.memoryTotalBytes,
    memoryProcessedBytes: figures.memoryProcessedBytes,
    memoryRemainingBytes: figures.memoryRemainingBytes,
    memoryBytesPerSecond: figures.memoryBytesPerSecond,
    dirtyBytesPerSecond: dirty,
    iteration: figures.memoryIteration,
    downtimeMs: figures.downtimeMs,
    elapsedMs: figures.elapsedMs,
  });
}

/** Without the members that are undefined. */
function defined(figures: Record<string, number | undefined>): MigrationProgressInput {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
