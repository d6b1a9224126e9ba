// Builds the agent's view of a VM from libvirt: state, definition and migration job at this moment.
import type { VmDiskInput, VmInput, VmRef } from '../../shared/gen/agent.ts';
import type { VmMigrationRole, VmState } from '../../shared/gen/telemetry.ts';
import { type WaitOptions } from '../../shared/clock.ts';
import { DeadlineError, invalidField } from '../../shared/errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ControlState, DomainState, ErrorCode, JobOperation, JobType } from '../libvirt/constants.ts';
import {
  getAutostart,
  getControlInfo,
  getInfo,
  getState,
  getXml,
  isPersistent,
  lookupByName,
  lookupByUuid,
  type DomainRef,
} from '../libvirt/domain.ts';
import { isLibvirtError, LibvirtError } from '../libvirt/errors.ts';
import { getJobStats } from '../libvirt/migration.ts';
import { getVolumeInfo, lookupVolumeByPath } from '../libvirt/storage.ts';
import { stateReason } from './state-reason.ts';
import { orUndefined } from './storage.ts';
import {
  readDefinition,
  type ConsoleDefinition,
  type DiskDefinition,
  type VmDefinition,
} from './definition.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// Pools answer from memory; only a size on storage that hangs takes longer, and a VM can be shown without it.
const DISK_LOOK_TIMEOUT_MS = 1_000;
// A healthy QEMU answers within milliseconds, also during a migration.
const STUCK_MS = 1_000;

/** Looks up the domain that a request names. Throws INVALID_ARGUMENT or libvirt's "no domain". */
export function findVm(connection: Connection, ref: VmRef | null, wait: WaitOptions): Promise<DomainRef> {
  if (ref?.uuid !== undefined) return lookupByUuid(connection, checkUuid('vm.uuid', ref.uuid), wait);
  if (ref?.name !== undefined && ref.name !== '') return lookupByName(connection, ref.name, wait);
  throw invalidField('vm', 'give its uuid or its name');
}

/** A uuid in lower case with dashes, or INVALID_ARGUMENT. */
export function checkUuid(field: string, value: string): string {
  const uuid = value.toLowerCase();
  if (!UUID.test(uuid)) throw invalidField(field, `${JSON.stringify(value)} is not a UUID`);
  return uuid;
}

export interface VmView {
  readonly vm: VmInput;
  readonly definition: VmDefinition;
  readonly xml: string;
}

/** Everything about one VM. The job is read before the state, so that the state shows the outcome of a job that ends in between. */
export async function viewVm(
  connection: Connection,
  domain: DomainRef,
  nowMs: number,
  wait: WaitOptions,
): Promise<VmView> {
  const role = await migrationRole(connection, domain, wait);
  const { vm, definition, xml } = await viewWithRole(connection, domain, role, nowMs, wait);
  const disks = await Promise.all(
    definition.disks.map((disk) => viewDisk(connection, disk, { ...wait, timeoutMs: DISK_LOOK_TIMEOUT_MS })),
  );
  return { vm: { ...vm, disks }, definition, xml };
}

/**
 * Only what shows which host runs the guest: nothing that hung storage could delay, and a stuck monitor is a failure, not
 * an answer. Without the definition: the guest may be paused until the answer, and reading XML takes longest.
 */
export async function observeVm(
  connection: Connection,
  domain: DomainRef,
  nowMs: number,
  wait: WaitOptions,
): Promise<VmInput> {
  const role = await migrationRole(connection, domain, wait);
  const [{ state, reason }, { memoryMaximumBytes, vcpus }, persistent] = await Promise.all([
    getState(connection, domain, wait),
    getInfo(connection, domain, wait),
    isPersistent(connection, domain, wait),
  ]);
  return {
    uuid: domain.uuid,
    name: domain.name,
    libvirtId: domain.id,
    state: VM_STATES[state],
    stateReason: stateReason(state, reason),
    persistent,
    migrationRole: role,
    vcpus,
    memoryMaxBytes: memoryMaximumBytes,
    observedAtMs: nowMs,
  };
}

/** For a list: without sizes and pools of disks, but it works for a VM whose monitor is stuck. */
export async function viewVmInList(
  connection: Connection,
  domain: DomainRef,
  nowMs: number,
  wait: WaitOptions,
): Promise<VmInput> {
  const role = await roleUnlessHung(connection, domain, wait);
  return (await viewWithRole(connection, domain, role, nowMs, wait)).vm;
}

async function roleUnlessHung(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<VmMigrationRole> {
  if (await isStuck(connection, domain, wait)) return 'VM_MIGRATION_ROLE_UNSPECIFIED';
  try {
    return await migrationRole(connection, domain, wait);
  } catch (error) {
    // Its monitor hangs, but not yet for long enough to tell it from a busy one.
    if (error instanceof DeadlineError) return 'VM_MIGRATION_ROLE_UNSPECIFIED';
    throw error;
  }
}

/** True if a query of its job would hang: each would hold one of the connection's four slots for half a minute. */
async function isStuck(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<boolean> {
  const asked = getControlInfo(connection, domain, wait);
  const control = await orUndefined(asked, ErrorCode.operationInvalid);
  return control?.state === ControlState.occupied && control.stateTimeMs >= STUCK_MS;
}

async function viewWithRole(
  connection: Connection,
  domain: DomainRef,
  migrationRole: VmMigrationRole,
  nowMs: number,
  wait: WaitOptions,
): Promise<VmView> {
  const { state, reason } = await getState(connection, domain, wait);
  const persistent = await isPersistent(connection, domain, wait);
  const autostart = persistent && (await getAutostart(connection, domain, wait));
  const xml = await getXml(connection, domain, 0, wait);
  const definition = readDefinition(xml);
  const vm: VmInput = {
    uuid: definition.uuid,
    name: definition.name,
    libvirtId: domain.id,
    state: VM_STATES[state],
    stateReason: stateReason(state, reason),
    persistent,
    autostart,
    migrationRole,
    vcpus: definition.vcpus,
    memoryMaxBytes: definition.memoryMaxBytes,
    metadata: definition.metadata ?? null,
    disks: definition.disks.map(plainDisk),
    nics: definition.nics.map((nic) => ({ ...nic, vlans: [...nic.vlans] })),
    vncAddress: definition.consoles.find(isVncPort)?.address ?? '',
    consoles: [...definition.consoles],
    machineType: definition.machineType,
    osFamily: definition.osFamily,
    firmware: definition.firmware ?? '',
    secureBoot: definition.secureBoot,
    tpm: definition.tpm,
    qemuElements: [...definition.qemuElements],
    observedAtMs: nowMs,
  };
  return { vm, definition, xml };
}

function isVncPort({ kind, address }: ConsoleDefinition): boolean {
  return kind === 'vnc' && !address.startsWith('/');
}

const VM_STATES: Readonly<Record<DomainState, VmState>> = {
  [DomainState.noState]: 'VM_STATE_UNSPECIFIED',
  [DomainState.running]: 'VM_STATE_RUNNING',
  [DomainState.blocked]: 'VM_STATE_BLOCKED',
  [DomainState.paused]: 'VM_STATE_PAUSED',
  [DomainState.shutdown]: 'VM_STATE_SHUTTING_DOWN',
  [DomainState.shutoff]: 'VM_STATE_SHUT_OFF',
  [DomainState.crashed]: 'VM_STATE_CRASHED',
  [DomainState.pmSuspended]: 'VM_STATE_SUSPENDED',
};

/** The VM's role in a migration on this host now. */
export async function migrationRole(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<VmMigrationRole> {
  try {
    const job = await getJobStats(connection, domain, 0, wait);
    return job.type !== JobType.none && job.operation === JobOperation.migrationOut
      ? 'VM_MIGRATION_ROLE_OUTGOING'
      : 'VM_MIGRATION_ROLE_UNSPECIFIED';
  } catch (error) {
    // "migration statistics are available only on the source host", so this is the target.
    if (isLibvirtError(error, ErrorCode.operationUnsupported)) return 'VM_MIGRATION_ROLE_INCOMING';
    // Not active, so it has no job.
    if (isLibvirtError(error, ErrorCode.operationInvalid)) return 'VM_MIGRATION_ROLE_UNSPECIFIED';
    throw error;
  }
}

function plainDisk({ device, source, format, cdrom }: DiskDefinition): VmDiskInput {
  return { device, source, format, cdrom };
}

async function viewDisk(
  connection: Connection,
  disk: DiskDefinition,
  wait: WaitOptions,
): Promise<VmDiskInput> {
  // The name of a network disk may look like a path (nfs, ssh).
  if (!['file', 'block'].includes(disk.kind) || !disk.source.startsWith('/')) return plainDisk(disk);
  try {
    const volume = await lookupVolumeByPath(connection, disk.source, wait);
    const { capacityBytes } = await getVolumeInfo(connection, volume, wait);
    return { ...plainDisk(disk), pool: volume.pool, volume: volume.name, capacityBytes };
  } catch (error) {
    // In no pool, not yet seen by libvirt, or on storage that hangs.
    if (error instanceof LibvirtError || error instanceof DeadlineError) return plainDisk(disk);
    throw error;
  }
}
