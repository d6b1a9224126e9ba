// Lists, starts, stops and undefines VMs.
import type { Clock, WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  GetVmRequest,
  GetVmResponseInput,
  UndefineVmRequest,
  VmInput,
  VmRef,
} from '../../shared/gen/agent.ts';
import type { VmStateReason } from '../../shared/gen/telemetry.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { LibvirtAccess } from '../libvirt-access.ts';
import { translated, translateLibvirt } from '../libvirt-errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { DomainState, ErrorCode, UndefineFlag } from '../libvirt/constants.ts';
import {
  destroy,
  getState,
  getXml,
  listDomains,
  shutdown,
  start,
  undefine,
  type DomainRef,
} from '../libvirt/domain.ts';
import { isLibvirtError } from '../libvirt/errors.ts';
import { deleteVolume, type VolumeRef } from '../libvirt/storage.ts';
import { isVolumeOf } from './create.ts';
import { readDefinition } from './definition.ts';
import { stateReason } from './state-reason.ts';
import { lookForPath } from './storage.ts';
import { findVm, migrationRole, viewVm, viewVmInList } from './view.ts';

/** Commands for existing VMs. Every method throws EvenkeelError. */
export interface Lifecycle {
  list(signal: AbortSignal): Promise<VmInput[]>;
  get(request: GetVmRequest, signal: AbortSignal): Promise<GetVmResponseInput>;
  start(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  shutdown(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  destroy(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  /** The names of the volumes that were deleted. */
  undefine(request: UndefineVmRequest, signal: AbortSignal): Promise<string[]>;
}

// On a loaded host QEMU takes seconds to start, and up to 15 s plus 5 s to be killed (qemu_process.c).
const SLOW_TIMEOUT_MS = MINUTE_MS;
// How long a list waits for one VM: a stuck QEMU must not delay the others.
const LIST_TIMEOUT_MS = 2_000;
// The slots of one connection.
const LIST_WORKERS = 4;

/** Throws FAILED_PRECONDITION until a migration of the VM has ended on this host. */
export type RefuseDuringMigration = (verb: string, vmUuid: string) => Promise<void>;

export function createLifecycle(
  access: LibvirtAccess,
  clock: Clock,
  refuseDuringMigration: RefuseDuringMigration,
): Lifecycle {
  const view = async (connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<VmInput> =>
    (await viewVm(connection, domain, clock.nowMs(), wait)).vm;

  /** Finds the VM, acts on it, and returns its new state. */
  const act = (
    verb: string,
    ref: VmRef | null,
    signal: AbortSignal,
    action: (connection: Connection, domain: DomainRef, wait: WaitOptions) => Promise<unknown>,
  ): Promise<VmInput> => {
    const wait = { timeoutMs: access.timeoutMs, signal };
    const work = access.own(async (connection) => {
      const domain = await findVm(connection, ref, wait);
      await action(connection, domain, wait);
      // Looked up again, because its id changes when it starts or stops.
      return await view(connection, await findVm(connection, ref, wait), wait);
    }, signal);
    return translated(`${verb} ${nameOf(ref)}`, work);
  };

  return {
    list: (signal) =>
      translated(
        'list VMs',
        access.own((connection) => listVms(connection, access.timeoutMs, clock, signal), signal),
      ),
    get: async ({ vm: ref, includeXml }, signal) => {
      const wait = { timeoutMs: access.timeoutMs, signal };
      const work = access.shared(async (connection) =>
        viewVm(connection, await findVm(connection, ref, wait), clock.nowMs(), wait),
      );
      const shown = await translated(`show ${nameOf(ref)}`, work);
      return { vm: shown.vm, xml: includeXml ? shown.xml : '' };
    },
    start: (ref, signal) =>
      act('start', ref, signal, async (connection, domain, wait) => {
        await refuseDuringMigration('start', domain.uuid);
        await refuseWhileMigrating('start', connection, domain, wait);
        await start(connection, domain, 0, { ...wait, timeoutMs: SLOW_TIMEOUT_MS });
      }),
    shutdown: (ref, signal) =>
      act('shut down', ref, signal, (connection, domain, wait) => shutdown(connection, domain, 0, wait)),
    destroy: (ref, signal) =>
      act('destroy', ref, signal, async (connection, domain, wait) => {
        await refuseDuringMigration('destroy', domain.uuid);
        await refuseWhileMigrating('destroy', connection, domain, wait);
        await destroy(connection, domain, 0, { ...wait, timeoutMs: SLOW_TIMEOUT_MS });
      }),
    undefine: (request, signal) => {
      const wait = { timeoutMs: access.timeoutMs, signal };
      const work = access.own(async (connection) => {
        const domain = await findVm(connection, request.vm, wait);
        await refuseDuringMigration('undefine', domain.uuid);
        return undefineVm(connection, domain, request.deleteVolumes, wait);
      }, signal);
      return translated(`undefine ${nameOf(request.vm)}`, work);
    },
  };
}

function nameOf(ref: VmRef | null): string {
  return `VM ${ref?.name ?? ref?.uuid ?? ''}`;
}

async function listVms(
  connection: Connection,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<VmInput[]> {
  const domains = await listDomains(connection, 0, { timeoutMs, signal });
  const wait = { timeoutMs: LIST_TIMEOUT_MS, signal };
  const vms: VmInput[] = [];
  const rest = domains.values();
  const worker = async (): Promise<void> => {
    // The workers share one iterator: each takes the next VM when it is free.
    for (const domain of rest) {
      try {
        vms.push(await viewVmInList(connection, domain, clock.nowMs(), wait));
      } catch (error) {
        // Gone since it was listed.
        if (!isLibvirtError(error, ErrorCode.noDomain)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: LIST_WORKERS }, worker));
  return vms.toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
}

/** libvirt itself allows "destroy" on an incoming copy, and the migration then loses its target. */
async function refuseWhileMigrating(
  verb: string,
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<void> {
  const role = await migrationRole(connection, domain, wait);
  if (role === 'VM_MIGRATION_ROLE_UNSPECIFIED') return;
  const way = role === 'VM_MIGRATION_ROLE_OUTGOING' ? 'away from' : 'to';
  throw new EvenkeelError(
    'FAILED_PRECONDITION',
    `${verb} VM ${domain.name}: it is migrating ${way} this host; wait for the migration to end, or abort it`,
  );
}

async function undefineVm(
  connection: Connection,
  domain: DomainRef,
  deleteVolumes: boolean,
  wait: WaitOptions,
): Promise<string[]> {
  const { state, reason } = await getState(connection, domain, wait);
  if (state !== DomainState.shutoff)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `undefine VM ${domain.name}: it is not off; shut it down or destroy it first`,
    );
  if (deleteVolumes && LEFT_BY_MIGRATION.includes(stateReason(state, reason)))
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `undefine VM ${domain.name}: a migration left this definition here, and its disks may be those of the VM on another host; undefine it without deleting volumes`,
    );
  const volumes = deleteVolumes ? await ownVolumes(connection, domain, wait) : [];
  const { managedSave, snapshotsMetadata, checkpointsMetadata, nvram } = UndefineFlag;
  await undefine(connection, domain, managedSave | snapshotsMetadata | checkpointsMetadata | nvram, wait);
  // Deleted after the definition: a VM without its disks would be worse than volumes without their VM.
  for (const volume of volumes)
    await deleteVolume(connection, volume, 0, { timeoutMs: SLOW_TIMEOUT_MS }).catch((error: unknown) => {
      throw translateLibvirt(
        `VM ${domain.name} is undefined, but its volume ${volume.pool}/${volume.name} remains; delete volume`,
        error,
      );
    });
  return volumes.map(({ pool, name }) => `${pool}/${name}`);
}

const LEFT_BY_MIGRATION: readonly VmStateReason[] = ['VM_STATE_REASON_MIGRATED', 'VM_STATE_REASON_FAILED'];

/** The volumes that were made for this VM; images, existing volumes and disks that others attached are not among them. */
async function ownVolumes(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<VolumeRef[]> {
  const { disks } = readDefinition(await getXml(connection, domain, 0, wait));
  const volumes: VolumeRef[] = [];
  for (const { source } of disks) {
    if (!isVolumeOf(domain.uuid, source)) continue;
    const sight = await lookForPath(connection, source, wait);
    if (sight.kind === 'volume' && isVolumeOf(domain.uuid, sight.volume.name)) volumes.push(sight.volume);
    else if (sight.kind === 'unknown')
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `disk ${source} is in no active storage pool of this host; start its pool, or undefine without deleting volumes`,
      );
  }
  return volumes;
}
