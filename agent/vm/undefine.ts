// Removes a VM that is off and, when asked, the volumes that were made for it; each that stays is named with the reason.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { UndefineVmResponse, VmRef } from '../../shared/gen/agent.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { DomainState, UndefineFlag } from '../libvirt/constants.ts';
import { getState, undefine, type DomainRef } from '../libvirt/domain.ts';
import { deleteVolume } from '../libvirt/storage.ts';
import { judgeLook, lookWithQemuImg } from '../migration/checks/lock.ts';
import { nameOf, planRemoval, type RemovalPlan } from './own-volumes.ts';
import { stateReason } from './state-reason.ts';

export interface UndefineOrder {
  readonly vm: VmRef | null;
  readonly deleteVolumes: boolean;
  /** No other host has the VM. Absent: not known. */
  readonly absentElsewhere?: boolean;
}

/** True if this host remembers a migration of the VM, to or from here. */
export type HasMigrated = (vmUuid: string) => Promise<boolean>;

// Deleting a large file takes a file system seconds.
const DELETE_TIMEOUT_MS = MINUTE_MS;
// As in the check of locks: opening an image takes milliseconds.
const LOOK_TIMEOUT_MS = 3_000;

export async function undefineVm(
  connection: Connection,
  domain: DomainRef,
  order: UndefineOrder,
  hasMigrated: HasMigrated,
  wait: WaitOptions,
): Promise<UndefineVmResponse> {
  const { state, reason } = await getState(connection, domain, wait);
  if (state !== DomainState.shutoff) throw refusal(domain, 'it is not off; shut it down or destroy it first');
  let plan: RemovalPlan = { toDelete: [], kept: [] };
  if (order.deleteVolumes) {
    if (await mayRunElsewhere(domain, stateReason(state, reason), order, hasMigrated))
      throw refusal(
        domain,
        'a migration may have left this definition here, and its disks may be those of the VM on another host; undefine it without deleting volumes',
      );
    plan = await planRemoval(connection, domain, wait);
    await refuseLocked(domain, plan, wait);
  }
  const { managedSave, snapshotsMetadata, checkpointsMetadata, nvram } = UndefineFlag;
  await undefine(connection, domain, managedSave | snapshotsMetadata | checkpointsMetadata | nvram, wait);
  // Deleted after the definition: a VM without its disks would be worse than volumes without their VM.
  return deleteAll(connection, plan);
}

function refusal({ name }: DomainRef, why: string): EvenkeelError {
  return new EvenkeelError('FAILED_PRECONDITION', `undefine VM ${name}: ${why}`);
}

/**
 * libvirt gives a start that failed and an incoming migration that failed the same reason. After the latter the VM goes on at
 * its source; the scheduler, which sees all hosts, or this host's own memory tells the two apart.
 */
async function mayRunElsewhere(
  { uuid }: DomainRef,
  reason: ReturnType<typeof stateReason>,
  { absentElsewhere }: UndefineOrder,
  hasMigrated: HasMigrated,
): Promise<boolean> {
  if (reason === 'VM_STATE_REASON_MIGRATED') return true;
  return reason === 'VM_STATE_REASON_FAILED' && absentElsewhere !== true && (await hasMigrated(uuid));
}

/** A lock that a QEMU holds shows that the VM runs on a host that nobody asked. */
async function refuseLocked(domain: DomainRef, { toDelete }: RemovalPlan, wait: WaitOptions): Promise<void> {
  for (const { path } of toDelete) {
    if (!path.startsWith('/')) continue;
    const { exitCode, errors } = await lookWithQemuImg(path, { ...wait, timeoutMs: LOOK_TIMEOUT_MS });
    if (judgeLook(exitCode, errors, path) === undefined)
      throw refusal(
        domain,
        `${path} is in use: a QEMU holds its lock, perhaps on another host; find the VM that runs on it, or undefine without deleting volumes`,
      );
  }
}

async function deleteAll(
  connection: Connection,
  { toDelete, kept }: RemovalPlan,
): Promise<UndefineVmResponse> {
  const deletedVolumes: string[] = [];
  const keptVolumes = [...kept];
  for (const { volume } of toDelete)
    try {
      await deleteVolume(connection, volume, 0, { timeoutMs: DELETE_TIMEOUT_MS });
      deletedVolumes.push(nameOf(volume));
    } catch (error) {
      const reason = `it could not be deleted: ${messageOf(error)}; delete it with "virsh vol-delete"`;
      keptVolumes.push({ volume: nameOf(volume), reason });
    }
  return { deletedVolumes, keptVolumes };
}
