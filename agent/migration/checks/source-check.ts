// Checks on the source, before a migration and now and then, what keeps a VM there whatever the target.
import { DeadlineError } from '../../../shared/errors.ts';
import type { WaitOptions } from '../../../shared/clock.ts';
import type { CheckSourceRequest, CheckSourceResponseInput } from '../../../shared/gen/agent.ts';
import type { MoveObstacle } from '../../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import type { LibvirtAccess } from '../../libvirt-access.ts';
import { translated } from '../../libvirt-errors.ts';
import type { Connection } from '../../libvirt/connection.ts';
import { ErrorCode, MigrateFlag } from '../../libvirt/constants.ts';
import { countSnapshots, domainByUuid, getXml, isPersistent, type DomainRef } from '../../libvirt/domain.ts';
import { isLibvirtError, LibvirtError } from '../../libvirt/errors.ts';
import { tryMigrationBegin } from '../../libvirt/migration.ts';
import { getCapabilities } from '../../libvirt/node.ts';
import { readDefinition, type VmDefinition } from '../../vm/definition.ts';
import { attribute, find, parseXml, writeXml } from '../../vm/xml-text.ts';
import { checkUuid } from '../../vm/view.ts';
import { isDevice, obstaclesOf } from './obstacles.ts';
import {
  identifyByStat,
  identitiesOf,
  storageOf,
  type Identify,
  type Identities,
} from './storage-identity.ts';
import { checkVolumes } from './volume-check.ts';

export type CheckSource = (
  request: CheckSourceRequest,
  signal: AbortSignal,
) => Promise<CheckSourceResponseInput>;

/** Looks at one running VM, by its uuid, where it is. */
export type LookAtSource = (vmUuid: string, purpose: Purpose, signal: AbortSignal) => Promise<SourceSight>;

/** A watch asks for obstacles alone, for which files need not be identified: that starts programs. */
export type Purpose = 'watch' | 'migration';

export interface SourceSight {
  /** What keeps it there, whatever the target. */
  readonly obstacles: MoveObstacle[];
  readonly identities: Identities;
  /** The host's CPU, if the VM sees it as it is; else empty. */
  readonly hostCpuXml: string;
}

// Each sample carries them; the scheduler refuses reports with more.
const OBSTACLES_MAX = 16;
const REASON_MAX = 500;
// libvirt lets a call wait for up to 30 s for the job that another holds; healthy answers take milliseconds.
const BEGIN_TIMEOUT_MS = 5 * SECOND_MS;

/** `isUnsafeAllowed`: libvirt's own judgement of the storage is overruled by the agent's settings. */
export function createLookAtSource(
  access: LibvirtAccess,
  isUnsafeAllowed: boolean,
  identify = identifyByStat(),
): LookAtSource {
  return async (vmUuid, purpose, signal) => {
    const wait = { timeoutMs: access.timeoutMs, signal };
    // A connection of its own: libvirt may leave the last call unanswered for half a minute.
    return access.own(
      (connection) => lookAt(connection, vmUuid, { isUnsafeAllowed, identify, purpose }, wait),
      signal,
    );
  };
}

export function createCheckSource(look: LookAtSource): CheckSource {
  return async ({ vmUuid }, signal) => {
    const uuid = checkUuid('vm_uuid', vmUuid);
    const sight = await translated(`check whether VM ${uuid} can leave`, look(uuid, 'migration', signal));
    const { obstacles, identities, hostCpuXml } = sight;
    const storage = [...identities].map(([source, identity]) => ({ source, identity }));
    return { obstacles, storage, hostCpuXml };
  };
}

interface LookOptions {
  readonly isUnsafeAllowed: boolean;
  readonly identify: Identify;
  readonly purpose: Purpose;
}

async function lookAt(
  connection: Connection,
  vmUuid: string,
  { isUnsafeAllowed, identify, purpose }: LookOptions,
  wait: WaitOptions,
): Promise<SourceSight> {
  const domain = domainByUuid(vmUuid);
  const vm = readDefinition(await getXml(connection, domain, 0, wait));
  const storage = storageOf(vm).filter(
    (source) => purpose === 'migration' || source.kind === 'volume' || isDevice(source),
  );
  const identities = await identitiesOf(connection, storage, identify, wait);
  const shown = [
    ...(await snapshotObstacles(connection, domain, vm.name, wait)),
    ...obstaclesOf(vm, identities),
    ...(await checkVolumes(connection, vm, identities, wait)),
  ];
  // libvirt would name one of these, in other words and without a cure.
  const found = shown.length > 0 ? shown : await libvirtsObstacles(connection, domain, isUnsafeAllowed, wait);
  const obstacles = found
    .slice(0, OBSTACLES_MAX)
    .map((each) => ({ ...each, reason: each.reason.slice(0, REASON_MAX) }));
  const hostCpuXml = seesHostCpu(vm) ? await readHostCpu(connection, wait) : '';
  return { obstacles, identities, hostCpuXml };
}

/** True for a VM whose guest sees the host's own CPU, and may not survive another one. */
export function seesHostCpu({ cpu }: Pick<VmDefinition, 'cpu'>): boolean {
  return ['host-passthrough', 'maximum'].includes(attribute(cpu, 'mode') ?? '');
}

async function readHostCpu(connection: Connection, wait: WaitOptions): Promise<string> {
  const cpu = find(parseXml(await getCapabilities(connection, wait)), 'host', 'cpu');
  return cpu === undefined ? '' : writeXml(cpu);
}

async function snapshotObstacles(
  connection: Connection,
  domain: DomainRef,
  name: string,
  wait: WaitOptions,
): Promise<MoveObstacle[]> {
  const count = await countSnapshots(connection, domain, wait);
  if (count === 0) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_HAS_SNAPSHOTS',
      reason: `libvirt keeps ${count === 1 ? 'a snapshot' : `${count} snapshots`} of it on this host and would lose ${count === 1 ? 'it' : 'them'}`,
      cure: `delete what "virsh snapshot-list ${name}" shows, or shut the VM down and move it by hand`,
    },
  ];
}

async function libvirtsObstacles(
  connection: Connection,
  domain: DomainRef,
  isUnsafeAllowed: boolean,
  wait: WaitOptions,
): Promise<MoveObstacle[]> {
  const { live, persistDest, undefineSource, unsafe } = MigrateFlag;
  const persistent = await isPersistent(connection, domain, wait);
  const flags = live | (persistent ? persistDest | undefineSource : 0) | (isUnsafeAllowed ? unsafe : 0);
  try {
    await tryMigrationBegin(connection, domain, flags, { ...wait, timeoutMs: BEGIN_TIMEOUT_MS });
    return [];
  } catch (error) {
    // Whoever asked learns that from the VM's state.
    if (isNotRunning(error)) return [];
    if (error instanceof DeadlineError) return [busy('libvirt is busy with another job on it')];
    if (error instanceof LibvirtError) return [obstacleOf(error)];
    throw error;
  }
}

function isNotRunning(error: unknown): boolean {
  return isLibvirtError(error, ErrorCode.operationInvalid) && /not running/.test(error.message);
}

function busy(reason: string): MoveObstacle {
  return {
    causeCode: 'MIGRATION_CAUSE_VM_BUSY',
    reason,
    cure: 'wait until it has ended; "virsh domjobinfo" and "virsh blockjob" show jobs',
  };
}

// libvirt has no code for these; its texts are those of qemu_migration.c and qemu_domainjob.c of libvirt 9.0 to 11.
const PASSING = /\bjob\b|being migrated|backup/i;

/** What libvirt says when it would refuse the migration. */
export function obstacleOf({ code, message }: LibvirtError): MoveObstacle {
  const reason = `libvirt would refuse: ${message}`;
  if (code === ErrorCode.migrateUnsafe)
    return {
      causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE',
      reason,
      cure: 'put the disk on storage that both hosts have mounted, with cache mode none',
    };
  if (code === ErrorCode.operationTimeout || PASSING.test(message)) return busy(reason);
  return {
    causeCode: 'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE',
    reason,
    cure: 'remove what it names, or shut the VM down and move it by hand',
  };
}
