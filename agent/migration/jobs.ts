// The migrations that leave this host: one job for each id, which outlives the stream that asked for it.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type { AbortMigrationRequest } from '../../shared/gen/evenkeel/v1/AbortMigrationRequest.ts';
import type { MigrateRequest } from '../../shared/gen/evenkeel/v1/MigrateRequest.ts';
import type { MigrateResponseInput } from '../../shared/gen/evenkeel/v1/MigrateResponse.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';
import { checkUuid } from '../vm/view.ts';
import { MigrationJob, type JobContext } from './job.ts';

export interface MigrationJobs {
  /** Starts the migration, or attaches to it when its id is known; ends with its result. */
  migrate(request: MigrateRequest, signal: AbortSignal): AsyncIterable<MigrateResponseInput>;
  abort(request: AbortMigrationRequest, signal: AbortSignal): Promise<void>;
}

// Long enough for a scheduler that was restarted to ask for the result.
const KEPT_MS = 10 * MINUTE_MS;
// One at a time is the scheduler's rule; more than this in ten minutes is a caller gone wrong.
const JOBS_MAX = 200;
// Ids are made by the scheduler, some forty characters.
const ID_MAX = 128;
// QEMU's own limit (migration/options.c, MAX_MIGRATE_DOWNTIME).
const DOWNTIME_MAX_MS = 2_000_000;

// What copies for a day never ends.
const TIMEOUT_MAX_MS = 24 * HOUR_MS;

export function createMigrationJobs(context: JobContext): MigrationJobs {
  const jobs = new Map<string, MigrationJob>();

  const forgetOld = (): void => {
    const nowMs = context.clock.monotonicMs();
    for (const [id, job] of jobs)
      if (job.outcome !== undefined && nowMs - job.endedAtMs > KEPT_MS) jobs.delete(id);
  };

  const start = (request: MigrateRequest): MigrationJob => {
    const { migrationId, vmUuid } = request;
    const other = [...jobs.values()].find(
      (job) => job.request.vmUuid === vmUuid && job.outcome === undefined,
    );
    if (other !== undefined)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `migrate VM ${vmUuid}: migration ${other.request.migrationId} of it has not ended`,
      );
    forgetOld();
    if (jobs.size >= JOBS_MAX)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `migrate VM ${vmUuid}: ${JOBS_MAX} migrations in ten minutes`,
      );
    const job = new MigrationJob(request, context);
    jobs.set(migrationId, job);
    void job.run().then(() => {
      // Nothing has happened under this id: it may be tried again.
      if (!job.isClaimed) jobs.delete(migrationId);
    });
    return job;
  };

  return {
    migrate: (asked, signal) => {
      const request = checkRequest(asked);
      const known = jobs.get(request.migrationId);
      if (known !== undefined && known.request.vmUuid !== request.vmUuid)
        throw invalidField('migration_id', `${request.migrationId} is that of VM ${known.request.vmUuid}`);
      return follow(known ?? start(request), signal);
    },
    abort: async ({ migrationId, vmUuid }, signal) => {
      const job = jobs.get(migrationId);
      if (job === undefined || (vmUuid !== '' && job.request.vmUuid !== vmUuid.toLowerCase()))
        throw new EvenkeelError(
          'NOT_FOUND',
          `abort migration ${migrationId}: this agent has no such migration; after a restart of the agent call Migrate with its id first`,
        );
      await job.abort(signal);
    },
  };
}

/** Progress as it comes, the newest only when the reader is slow, then the result. */
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

function checkRequest(request: MigrateRequest): MigrateRequest {
  const { migrationId, epoch, targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs, timeoutMs } = request;
  if (migrationId === '' || migrationId.length > ID_MAX)
    throw invalidField('migration_id', `must have 1 to ${ID_MAX} characters`);
  if (!(Number.isSafeInteger(epoch) && epoch > 0)) throw invalidField('epoch', 'must be above 0');
  if (!isRemoteUri(targetLibvirtUri))
    throw invalidField(
      'target_libvirt_uri',
      `${JSON.stringify(targetLibvirtUri)} names no other host, as "qemu+tls://10.0.0.12/system" does`,
    );
  if (!(Number.isSafeInteger(bandwidthBytesPerSecond) && bandwidthBytesPerSecond > 0))
    throw invalidField('bandwidth_bytes_per_second', 'must be above 0: libvirt takes 0 for no limit');
  if (downtimeMaxMs === 0 || downtimeMaxMs > DOWNTIME_MAX_MS)
    throw invalidField('downtime_max_ms', `must be from 1 to ${DOWNTIME_MAX_MS}`);
  if (timeoutMs === 0 || timeoutMs > TIMEOUT_MAX_MS)
    throw invalidField('timeout_ms', `must be from 1 to ${TIMEOUT_MAX_MS}, a day`);
  return { ...request, vmUuid: checkUuid('vm_uuid', request.vmUuid) };
}

function isRemoteUri(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { hostname } = new URL(uri);
  return hostname !== '' && hostname !== 'localhost';
}
