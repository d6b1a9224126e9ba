// Checks requests about migrations, field by field.
import { invalidField } from '../../../shared/errors.ts';
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import { hostOfUri } from '../../../shared/host-address.ts';
import { refuseLibvirtUri, refuseMigrateUri } from '../../../shared/libvirt-uri.ts';
import { HOUR_MS } from '../../../shared/units.ts';
import { checkUuid } from '../../vm/view.ts';
import { isTooFarAhead, type MigrationKey } from './claims.ts';

// The scheduler makes ids of some forty characters.
const ID_MAX = 128;
// QEMU's own limit (migration/options.c, MAX_MIGRATE_DOWNTIME).
const DOWNTIME_MAX_MS = 2_000_000;
// A copy that runs for a day never ends.
const TIMEOUT_MAX_MS = 24 * HOUR_MS;

/** The key of the migration and its VM. Throws INVALID_ARGUMENT. */
export function checkKey(
  request: MigrationKey & { readonly vmUuid: string },
  nowMs: number,
): {
  readonly key: MigrationKey;
  readonly vmUuid: string;
} {
  const { migrationId, epoch } = request;
  if (migrationId === '' || migrationId.length > ID_MAX)
    throw invalidField('migration_id', `must have 1 to ${ID_MAX} characters`);
  if (!(Number.isSafeInteger(epoch) && epoch > 0)) throw invalidField('epoch', 'must be above 0');
  if (isTooFarAhead(epoch, nowMs))
    throw invalidField(
      'epoch',
      `${epoch} is more than a day ahead of this host's clock, ${nowMs} ms since 1970; one of the two clocks is wrong: set the scheduler's clock, or this host's`,
    );
  return { key: { migrationId, epoch }, vmUuid: checkUuid('vm_uuid', request.vmUuid) };
}

/** Checks the whole request; its addresses go to a libvirt that runs as root. Throws INVALID_ARGUMENT. */
export function checkMigrateRequest(
  request: MigrateRequest,
  {
    isTcpAllowed,
    isThisMachine,
    nowMs,
  }: {
    readonly isTcpAllowed: boolean;
    readonly isThisMachine: (host: string) => boolean;
    readonly nowMs: number;
  },
): MigrateRequest {
  const { targetLibvirtUri, targetMigrateUri, bandwidthBytesPerSecond, downtimeMaxMs, timeoutMs } = request;
  const { vmUuid } = checkKey(request, nowMs);
  const libvirtProblem = refuseLibvirtUri(targetLibvirtUri, isTcpAllowed);
  if (libvirtProblem !== undefined) throw invalidField('target_libvirt_uri', libvirtProblem);
  const migrateProblem = refuseMigrateUri(targetMigrateUri);
  if (migrateProblem !== undefined) throw invalidField('target_migrate_uri', migrateProblem);
  for (const [field, uri] of [
    ['target_libvirt_uri', targetLibvirtUri],
    ['target_migrate_uri', targetMigrateUri],
  ] as const)
    if (uri !== '' && isThisMachine(hostOfUri(uri)))
      throw invalidField(
        field,
        `${uri} leads from here back to this host; set advertise.address of the target's agent to one that other hosts reach`,
      );
  if (!(Number.isSafeInteger(bandwidthBytesPerSecond) && bandwidthBytesPerSecond > 0))
    throw invalidField('bandwidth_bytes_per_second', 'must be above 0: libvirt takes 0 for no limit');
  if (downtimeMaxMs === 0 || downtimeMaxMs > DOWNTIME_MAX_MS)
    throw invalidField('downtime_max_ms', `must be from 1 to ${DOWNTIME_MAX_MS}`);
  if (timeoutMs === 0 || timeoutMs > TIMEOUT_MAX_MS)
    throw invalidField('timeout_ms', `must be from 1 to ${TIMEOUT_MAX_MS}, a day`);
  if (request.postCopy && request.commitMode === 'COMMIT_MODE_PAUSED')
    throw invalidField('post_copy', 'a copy that runs before it is complete cannot arrive paused');
  return { ...request, vmUuid };
}
