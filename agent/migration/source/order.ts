// An order to migrate: who gave it, its limits, and when it cannot be begun. Pure.
import { EvenkeelError } from '../../../shared/errors.ts';
import type { MigrateRequest, VmInput } from '../../../shared/gen/agent.ts';
import { translateLibvirt } from '../../libvirt-errors.ts';
import type { MigrationKey, CopyLimits, Intent } from '../promises/claims.ts';
import { hasJob, isRunning } from '../hypervisor/vm-state.ts';

export function keyOf({ migrationId, epoch }: MigrationKey): MigrationKey {
  return { migrationId, epoch };
}

export function limitsOf(request: MigrateRequest): CopyLimits {
  return {
    targetHostId: request.targetHostId,
    targetLibvirtUri: request.targetLibvirtUri,
    targetMigrateUri: request.targetMigrateUri,
    bandwidthBytesPerSecond: request.bandwidthBytesPerSecond,
    downtimeMaxMs: request.downtimeMaxMs,
    timeoutMs: request.timeoutMs,
    commitMode: request.commitMode,
    autoConverge: request.autoConverge,
    postCopy: request.postCopy,
  };
}

/** The copy stays paused on the target until somebody resumes it. */
export function arrivesPaused({ commitMode }: Pick<MigrateRequest, 'commitMode'>): boolean {
  return commitMode === 'COMMIT_MODE_PAUSED';
}

/** Why a copy of the VM cannot be begun; undefined when it can. */
export function startRefusal({ vmUuid }: MigrateRequest, vm: VmInput | undefined): EvenkeelError | undefined {
  if (vm === undefined)
    return new EvenkeelError('NOT_FOUND', `migrate VM ${vmUuid}: this host has no such VM`);
  if (hasJob(vm))
    return new EvenkeelError(
      'FAILED_PRECONDITION',
      `migrate VM ${vmUuid}: it is in a migration already; wait for its end`,
    );
  if (!isRunning(vm))
    return new EvenkeelError(
      'FAILED_PRECONDITION',
      `migrate VM ${vmUuid}: it does not run here; only a running VM is migrated`,
    );
  return undefined;
}

/** The guest's own limit as it was before any migration changed it; 0 when that is not known. */
export function previousOf(intent: Intent | undefined): number {
  return intent?.role === 'source' ? intent.previousDowntimeMs : 0;
}

/** Why an order was not carried out, for its caller. */
export function failureOf({ vmUuid }: MigrateRequest, error: unknown): EvenkeelError {
  const failure = translateLibvirt(`migrate VM ${vmUuid}`, error);
  return failure instanceof EvenkeelError ? failure : new EvenkeelError('INTERNAL', failure.message, failure);
}

/** The agent stops; what libvirt does goes on. */
export function stopFailure({ migrationId }: MigrateRequest): EvenkeelError {
  return new EvenkeelError(
    'UNAVAILABLE',
    `migration ${migrationId}: the agent stops, the migration goes on; ask again by its id`,
  );
}
