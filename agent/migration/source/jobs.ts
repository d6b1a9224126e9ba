// Runs the outgoing migrations of this host: one job for each id, which outlives the stream that asked for it.
import { Backoff } from '../../../shared/backoff.ts';
import { isAborted, pause } from '../../../shared/clock.ts';
import { EvenkeelError, invalidField } from '../../../shared/errors.ts';
import type {
  AbortMigrationRequest,
  MigrateRequest,
  MigrateResponseInput,
} from '../../../shared/gen/agent.ts';
import { MINUTE_MS, SECOND_MS } from '../../../shared/units.ts';
import { fencedText, ruleAbort, ruleTouch } from '../promises/claims.ts';
import { MigrationJob, type JobContext } from './job.ts';
import { checkKey, checkMigrateRequest } from '../promises/requests.ts';

export interface MigrationJobs {
  /** Starts the migration, or attaches to it when its id is known; ends with its result. */
  migrate(request: MigrateRequest, signal: AbortSignal): AsyncIterable<MigrateResponseInput>;
  abort(request: AbortMigrationRequest, signal: AbortSignal): Promise<void>;
  /** Attaches to copies started before this agent; resolves when all of them have ended, or the agent stops. */
  recover(): Promise<void>;
}

// Long enough for a restarted scheduler to ask for the result.
const KEPT_MS = 10 * MINUTE_MS;
// The scheduler orders one at a time; more than this in ten minutes is a faulty caller.
const JOBS_MAX = 200;
// libvirt may start after the agent; until it does, nothing enforces the timeout of a running copy.
const RETRY_FIRST_MS = 2 * SECOND_MS;
const RETRY_MAX_MS = 4 * SECOND_MS;

export interface JobsContext extends JobContext {
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  /** Tells if a host name or address in a URI means the host that this runs on. */
  readonly isThisMachine: (host: string) => boolean;
}

export function createMigrationJobs(context: JobsContext): MigrationJobs {
  return new Jobs(context);
}

class Jobs implements MigrationJobs {
  readonly #context: JobsContext;
  readonly #byId = new Map<string, MigrationJob>();

  constructor(context: JobsContext) {
    this.#context = context;
  }

  migrate(given: MigrateRequest, signal: AbortSignal): AsyncIterable<MigrateResponseInput> {
    const { isTcpAllowed, isThisMachine, clock } = this.#context;
    const request = checkMigrateRequest(given, { isTcpAllowed, isThisMachine, nowMs: clock.nowMs() });
    const known = this.#byId.get(request.migrationId);
    if (known !== undefined && known.request.vmUuid !== request.vmUuid)
      throw invalidField('migration_id', `${request.migrationId} belongs to VM ${known.request.vmUuid}`);
    if (known === undefined) return follow(this.#start(request).job, signal);
    if (known.isLost) return this.#again(known, request, signal);
    return this.#attend(known, request, signal);
  }

  async abort(request: AbortMigrationRequest, signal: AbortSignal): Promise<void> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const touched = await this.#context.intents.rule(vmUuid, (record) => ruleAbort(record, key));
    if (touched.kind === 'fenced')
      throw new EvenkeelError('FAILED_PRECONDITION', fencedText(key, touched.seen));
    const job = this.#byId.get(key.migrationId);
    if ((job === undefined && touched.isStarted) || job?.isLost === true)
      throw new EvenkeelError(
        'UNAVAILABLE',
        `abort migration ${key.migrationId}: looking for its copy after libvirt was away; try again`,
      );
    if (job?.request.vmUuid !== vmUuid)
      throw new EvenkeelError(
        'NOT_FOUND',
        `abort migration ${key.migrationId}: it was not started here, and will not be`,
      );
    await job.abort(signal);
  }

  async recover(): Promise<void> {
    const { intents, logger } = this.#context;
    const open = await intents.open();
    await Promise.all(
      open.map(async ([vmUuid, { intent, migrationId }]) => {
        if (intent?.role !== 'source') return;
        await this.#takeUp(vmUuid, migrationId, this.#backoff()).catch((error: unknown) => {
          logger.error({ err: error, migrationId, vmId: vmUuid }, 'cannot attach to a migration');
        });
      }),
    );
  }

  /** Retries until attached: libvirt may not be up yet, and a new scheduler may raise the epoch meanwhile. */
  async #takeUp(vmUuid: string, migrationId: string, backoff: Backoff): Promise<void> {
    const { clock, stopped, intents } = this.#context;
    for (;;) {
      const record = await intents.of(vmUuid);
      if (record?.migrationId !== migrationId || record.intent?.role !== 'source') return;
      const known = this.#byId.get(migrationId);
      if (known !== undefined && !known.isLost) return;
      const { order } = record.intent;
      const { job, ended } = this.#start({ ...order, vmUuid, migrationId, epoch: record.epoch });
      await ended;
      // A job that was claimed and then lost starts its own search.
      if (job.isClaimed || isAborted(stopped)) return;
      if (!(await pause(clock, backoff.nextMs(), stopped))) return;
    }
  }

  /** libvirt's answer was lost: the copy may go on with nothing to enforce its timeout. */
  async #findAgain(vmUuid: string, migrationId: string): Promise<void> {
    const { clock, stopped, logger } = this.#context;
    const backoff = this.#backoff();
    try {
      if (await pause(clock, backoff.nextMs(), stopped)) await this.#takeUp(vmUuid, migrationId, backoff);
    } catch (error) {
      logger.error({ err: error, migrationId, vmId: vmUuid }, 'cannot attach to a migration');
    }
  }

  #backoff(): Backoff {
    return new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random: this.#context.random });
  }

  #start(request: MigrateRequest): { job: MigrationJob; ended: Promise<void> } {
    const { migrationId, vmUuid } = request;
    refuseSecond(this.#byId.values(), vmUuid);
    this.#forgetOld();
    if (this.#byId.size >= JOBS_MAX)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `migrate VM ${vmUuid}: ${JOBS_MAX} migrations were ordered here in ten minutes; try again later`,
      );
    const job = new MigrationJob(request, this.#context);
    this.#byId.set(migrationId, job);
    const ended = job.run().then(() => {
      if (this.#byId.get(migrationId) !== job) return;
      // Nothing has happened under this id, or its outcome is unknown: the next caller looks again.
      if (!isTold(job)) this.#byId.delete(migrationId);
      if (job.isClaimed && (job.isLost || !isTold(job))) void this.#findAgain(vmUuid, migrationId);
    });
    return { job, ended };
  }

  #forgetOld(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const [id, job] of this.#byId)
      if (job.outcome !== undefined && nowMs - job.endedAtMs > KEPT_MS) this.#byId.delete(id);
  }

  /** Looks for a copy whose answer was lost; while libvirt is away, returns the last known outcome. */
  async *#again(
    lost: MigrationJob,
    request: MigrateRequest,
    signal: AbortSignal,
  ): AsyncGenerator<MigrateResponseInput> {
    const { job, ended } = this.#start(request);
    try {
      yield* follow(job, signal);
    } catch (error) {
      await ended;
      const { outcome } = lost;
      if (job.isClaimed || outcome === undefined || outcome instanceof EvenkeelError) throw error;
      if (!this.#byId.has(request.migrationId)) this.#byId.set(request.migrationId, lost);
      yield { result: outcome };
    }
  }

  async *#attend(
    job: MigrationJob,
    { vmUuid, migrationId, epoch }: MigrateRequest,
    signal: AbortSignal,
  ): AsyncGenerator<MigrateResponseInput> {
    // Touched only once the claim is on disk: before that, the touch would make the claim "unstarted".
    if (job.isClaimed) {
      const key = { migrationId, epoch };
      const touched = await this.#context.intents.rule(vmUuid, (record) => ruleTouch(record, key));
      if (touched.kind === 'fenced') {
        const message = fencedText(key, touched.seen);
        yield {
          result: { ok: false, causeCode: 'MIGRATION_CAUSE_FENCED_EPOCH', message, progress: job.progress },
        };
        return;
      }
    }
    yield* follow(job, signal);
  }
}

/** The job ended with an answer that stays true. */
function isTold({ isClaimed, outcome }: MigrationJob): boolean {
  return isClaimed && !(outcome instanceof EvenkeelError);
}

function refuseSecond(jobs: Iterable<MigrationJob>, vmUuid: string): void {
  for (const { request, outcome } of jobs)
    if (request.vmUuid === vmUuid && outcome === undefined)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `migrate VM ${vmUuid}: its migration ${request.migrationId} has not ended`,
      );
}

/** Yields progress as it comes (only the newest for a slow reader), then the result. */
async function* follow(job: MigrationJob, signal: AbortSignal): AsyncGenerator<MigrateResponseInput> {
  let version = -1;
  while (!signal.aborted) {
    const { outcome } = job;
    if (outcome instanceof EvenkeelError) throw outcome;
    if (outcome !== undefined) {
      yield { result: outcome };
      return;
    }
    if (job.version === version) await job.changed(signal);
    else {
      version = job.version;
      yield { progress: job.progress };
    }
  }
}
