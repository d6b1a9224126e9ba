// Reads an order to migrate: its key, its limits, and why it cannot be started. Pure.
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

/** The copy stays paused on the target until it is resumed. */
export function arrivesPaused({ commitMode }: Pick<MigrateRequest, 'commitMode'>): boolean {
  return commitMode === 'COMMIT_MODE_PAUSED';
}

/** Why a copy of the VM cannot be started; undefined when it can. */
export function startRefusal({ vmUuid }: MigrateRequest, vm: VmInput | undefined): EvenkeelError | undefined {
  if (vm === undefined)
    return new EvenkeelError('NOT_FOUND', `migrate VM ${vmUuid}: this host has no such VM`);
  if (hasJob(vm))
    return new EvenkeelError(
      'FAILED_PRECONDITION',
      `migrate VM ${vmUuid}: it is already migrating; wait for that to end`,
    );
  if (!isRunning(vm))
    return new EvenkeelError(
      'FAILED_PRECONDITION',
      `migrate VM ${vmUuid}: it is not running here; only a running VM can be migrated`,
    );
  return undefined;
}

/** The guest's own downtime limit from before any migration changed it; 0 when unknown. */
export function previousOf(intent: Intent | undefined): number {
  return intent?.role === 'source' ? intent.previousDowntimeMs : 0;
}

/** The error that tells the caller why its order was not carried out. */
export function failureOf({ vmUuid }: MigrateRequest, error: unknown): EvenkeelError {
  const failure = translateLibvirt(`migrate VM ${vmUuid}`, error);
  return failure instanceof EvenkeelError ? failure : new EvenkeelError('INTERNAL', failure.message, failure);
}

/** For callers when the agent stops; libvirt goes on with the migration. */
export function stopFailure({ migrationId }: MigrateRequest): EvenkeelError {
  return new EvenkeelError(
    'UNAVAILABLE',
    `migration ${migrationId}: the agent is stopping, the migration goes on; ask again by its id`,
  );
}
