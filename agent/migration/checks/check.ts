// Checks on the target, before a migration, if the VM can run here: returns every reason against it, each with its cure.
import type {
  CheckRefusal,
  CheckTargetRequest,
  CheckTargetResponseInput,
} from '../../../shared/gen/agent.ts';
import type { WaitOptions } from '../../../shared/clock.ts';
import { invalidField, messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { LibvirtAccess } from '../../libvirt-access.ts';
import { translated } from '../../libvirt-errors.ts';
import type { Connection } from '../../libvirt/connection.ts';
import { CpuComparison, DomainState, ErrorCode } from '../../libvirt/constants.ts';
import { getState, lookupByName, lookupByUuid, type DomainRef } from '../../libvirt/domain.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import { compareCpu, compareHypervisorCpu, getDomainCapabilities, getVersion } from '../../libvirt/node.ts';
import { readDefinition, type DiskDefinition, type VmDefinition } from '../../vm/definition.ts';
import { versionText } from '../../telemetry/facts.ts';
import type { LookAtLink } from '../../vm/host-links.ts';
import { findPool, lookForPath, orUndefined } from '../../vm/storage.ts';
import { checkUuid } from '../../vm/view.ts';
import { attribute, writeXml } from '../../vm/xml-text.ts';
import { checkMemory, checkPorts, checkTls, type HostCheckContext } from './host-check.ts';
import { checkLeases } from './lease.ts';
import { lookWithQemuImg, proveLocks, type LockProof, type LookAtImage } from './lock.ts';
import { checkNeeds } from './needs-check.ts';
import { seesHostCpu } from './source-check.ts';
import { checkNics } from './nic-check.ts';
import { obstaclesOf, storageObstacle } from './obstacles.ts';
import {
  identifyByStat,
  identitiesOf,
  sourceKey,
  storageOf,
  type Identify,
  type Identities,
} from './storage-identity.ts';
import { checkVolumes } from './volume-check.ts';

export type CheckTarget = (
  request: CheckTargetRequest,
  signal: AbortSignal,
) => Promise<CheckTargetResponseInput>;

export interface CheckContext extends HostCheckContext {
  readonly access: LibvirtAccess;
  readonly logger: Logger;
  readonly lookAtLink: LookAtLink;
  /** Identifies storage by its path; with the agent's own eyes when absent. */
  readonly identify?: Identify;
  /** qemu-img when absent. */
  readonly lookAtImage?: LookAtImage;
  /** The file of libvirt's settings for QEMU; the package's own when absent. */
  readonly qemuConf?: string;
}

/** What is behind the sources of a VM, on its host and here. */
interface Storage {
  readonly theirs: Identities;
  readonly mine: Identities;
}

type Check = (connection: Connection, vm: VmDefinition, wait: WaitOptions) => Promise<CheckRefusal[]>;

// Covers the refresh of a pool on slow storage, to find a disk that another host has created.
const DISK_TIMEOUT_MS = 10_000;
const QEMU_CONF = '/etc/libvirt/qemu.conf';
const BY_LEASE: LockProof = { isProven: true, reason: '' };

export function createCheckTarget(context: CheckContext): CheckTarget {
  const { access, logger, clock, lookAtImage = lookWithQemuImg, qemuConf = QEMU_CONF } = context;
  const { identify = identifyByStat() } = context;
  const checks = (request: CheckTargetRequest): readonly Check[] => [
    checkTaken,
    checkMachine,
    (connection, _vm, wait) => checkVersion(connection, request.sourceHypervisorVersion, wait),
    (connection, vm, wait) => checkCpu(connection, vm, logger, wait),
    (connection, vm, wait) => checkHostCpu(connection, vm, request.sourceCpuXml, wait),
    (connection, vm, wait) => checkNeeds(connection, vm, identify, wait),
    (connection, vm, wait) => checkMemory(connection, vm, context, wait),
    () => checkPorts(context),
    () => (request.tls ? checkTls(context) : Promise.resolve([])),
    (connection, vm, wait) => checkNics(connection, vm, context.lookAtLink, wait),
    async (connection, vm, wait) => {
      const theirs = new Map(request.storage.map(({ source, identity }) => [source, identity]));
      const mine = await identitiesOf(connection, storageOf(vm), identify, {
        ...wait,
        timeoutMs: DISK_TIMEOUT_MS,
      });
      return [
        // The source was asked as well; its agent may be an older one, which identifies nothing.
        ...obstaclesOf(vm, theirs),
        ...(await checkVolumes(connection, vm, theirs, wait)),
        ...(await checkDisks(connection, vm, { theirs, mine }, wait)),
      ];
    },
  ];
  return async (request, signal) => {
    const vm = readRequest(request);
    const wait = { timeoutMs: access.timeoutMs, signal };
    const work = access.shared(async (connection) =>
      Promise.all(checks(request).map((check) => check(connection, vm, wait))),
    );
    const [refusals, leases, locks] = await Promise.all([
      translated(`check whether VM ${vm.name} can run here`, work),
      checkLeases(vm.leases, qemuConf, signal),
      vm.leases.length > 0 ? BY_LEASE : proveLocks(vm, lookAtImage, { signal }),
    ]);
    return {
      refusals: [...refusals.flat(), ...leases],
      lockProven: locks.isProven,
      lockReason: locks.reason,
      atMs: clock.nowMs(),
    };
  };
}

function readRequest({ xml, vmUuid, vmName }: CheckTargetRequest): VmDefinition {
  let vm: VmDefinition;
  try {
    vm = readDefinition(xml);
  } catch (error) {
    throw invalidField('xml', messageOf(error));
  }
  if (vm.uuid !== checkUuid('vm_uuid', vmUuid))
    throw invalidField('vm_uuid', `the definition has UUID ${vm.uuid}`);
  if (vmName !== '' && vm.name !== vmName)
    throw invalidField('vm_name', `the definition has name ${vm.name}`);
  return vm;
}

async function checkTaken(
  connection: Connection,
  vm: VmDefinition,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const [byUuid, byName] = await Promise.all([
    orUndefined(lookupByUuid(connection, vm.uuid, wait), ErrorCode.noDomain),
    orUndefined(lookupByName(connection, vm.name, wait), ErrorCode.noDomain),
  ]);
  if (byUuid !== undefined) return [await sameVm(connection, byUuid, wait)];
  if (byName === undefined) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_NAME_TAKEN',
      reason: `another VM here, ${byName.uuid}, is also named ${vm.name}`,
      cure: 'rename one of the two',
    },
  ];
}

async function sameVm(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<CheckRefusal> {
  const { state } = await getState(connection, domain, wait);
  return state === DomainState.shutoff
    ? {
        causeCode: 'MIGRATION_CAUSE_UUID_TAKEN',
        reason: 'a definition of this VM was left here',
        cure: 'undefine it here, without deleting volumes',
      }
    : {
        causeCode: 'MIGRATION_CAUSE_UUID_TAKEN',
        reason: 'a VM with this UUID is active here',
        cure: 'wait if it is migrating here; else find out which of the two is the right one',
      };
}

/** libvirt answers with an error for an architecture, a machine type or a hypervisor that this host lacks. */
async function checkMachine(
  connection: Connection,
  vm: VmDefinition,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const question = { arch: vm.architecture, machine: vm.machineType, virtType: vm.domainType };
  try {
    await getDomainCapabilities(connection, question, wait);
    return [];
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    return [
      {
        causeCode: 'MIGRATION_CAUSE_MACHINE_UNKNOWN',
        reason: `this host cannot run ${vm.domainType} machines of type ${vm.machineType} (${vm.architecture}): ${error.message}`,
        cure: 'upgrade QEMU here, or enable KVM if the VM uses it',
      },
    ];
  }
}

/** A VM's state can be loaded only by the same or a newer QEMU (docs/devel/migration of QEMU). */
async function checkVersion(
  connection: Connection,
  source: string,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const here = await getVersion(connection, wait);
  const there = versionNumber(source);
  if (there === undefined || here >= there) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_HYPERVISOR_OLDER',
      reason: `QEMU ${versionText(here)} here is older than ${source} on the source`,
      cure: 'upgrade QEMU here',
    },
  ];
}

/** "7.2.22" as libvirt counts it: 7002022. Undefined for a text that is not a version. */
export function versionNumber(text: string): number | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * 1_000_000 + Number(match[2]) * 1_000 + Number(match[3] ?? 0);
}

async function checkCpu(
  connection: Connection,
  vm: VmDefinition,
  logger: Logger,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  // A live definition names the CPU's model, also for host-model; host-passthrough names none that could be compared.
  if (vm.domainType !== 'kvm' || vm.cpu === undefined || attribute(vm.cpu, 'mode') !== 'custom') {
    logger.debug(
      { vmId: vm.uuid, hypervisor: vm.domainType },
      'CPU not compared: the VM is emulated or names no CPU model',
    );
    return [];
  }
  const result = await compareHypervisorCpu(
    connection,
    {
      arch: vm.architecture,
      machine: vm.machineType,
      virtType: vm.domainType,
      cpuXml: writeXml(vm.cpu),
      flags: 0,
    },
    wait,
  );
  if (result === CpuComparison.identical || result === CpuComparison.superset) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_CPU_INCOMPATIBLE',
      reason: "this host's CPU lacks features that the guest has seen",
      cure: 'set hypervisor.cpuModel to a model that all hosts have, and restart the VM from its definition',
    },
  ];
}

/** libvirt starts it on any CPU (https://libvirt.org/formatdomain.html, host-passthrough: "the same CPU"). */
async function checkHostCpu(
  connection: Connection,
  vm: VmDefinition,
  sourceCpuXml: string,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  if (sourceCpuXml === '' || !seesHostCpu(vm)) return [];
  const result = await compareCpu(connection, sourceCpuXml, 0, wait);
  if (result === CpuComparison.identical) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_CPU_INCOMPATIBLE',
      reason: `the guest sees the CPU of its host as it is (${attribute(vm.cpu, 'mode') ?? ''}), and the CPU here is another one`,
      cure: 'give the VM a CPU model that both hosts have (cpu mode "custom" or "host-model"), and restart it',
    },
  ];
}

/** What the source sees behind each disk must be what this host sees: the same file, or the same device. */
async function checkDisks(
  connection: Connection,
  vm: VmDefinition,
  { theirs, mine }: Storage,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals: CheckRefusal[] = [];
  // One after another: each may have to refresh the same pool.
  for (const disk of vm.disks) {
    const why = await whyNotSeen(connection, disk, mine, wait);
    if (why !== undefined) refusals.push(notVisible(vm.name, disk, why));
    else refusals.push(...otherStorage(disk, theirs, mine));
  }
  return refusals;
}

/** Network disks can be reached from anywhere; libvirt on the source judges if a file is on shared storage. */
async function whyNotSeen(
  connection: Connection,
  disk: DiskDefinition,
  mine: Identities,
  wait: WaitOptions,
): Promise<string | undefined> {
  const { source, kind, pool, isDropped } = disk;
  if (isDropped || source === '' || mine.has(sourceKey(disk))) return undefined;
  if (kind === 'volume')
    return (await findPool(connection, pool, wait)) === undefined
      ? `is in storage pool ${pool}, which this host does not have`
      : undefined;
  if (kind !== 'file') return undefined;
  // libvirt may see what the agent's sandbox hides; it lists only what lies directly in a pool.
  const sight = await lookForPath(connection, source, { ...wait, timeoutMs: DISK_TIMEOUT_MS });
  return sight.kind === 'volume' ? undefined : `${source}, is not seen by this host`;
}

/** A CD image is often copied to each host; what a guest writes, or builds on, is not. */
function otherStorage(
  { device, cdrom, sources }: DiskDefinition,
  theirs: Identities,
  mine: Identities,
): CheckRefusal[] {
  return sources.flatMap((source) => {
    const key = sourceKey(source);
    const [there, here] = [theirs.get(key), mine.get(key)];
    if (there === undefined || there === here || (cdrom && here?.startsWith('file ') === true)) return [];
    if (here === undefined && there.startsWith('file ')) return [];
    const reason =
      here === undefined
        ? `disk ${device} is on ${key}, the ${there} of its host, which this host does not see there`
        : `disk ${device}, ${key}, is other storage here: ${here}, and ${there} on its host`;
    return [storageObstacle(reason, cdrom)];
  });
}

function notVisible(
  vmName: string,
  { device, cdrom, kind, pool }: DiskDefinition,
  why: string,
): CheckRefusal {
  const storage =
    kind === 'volume'
      ? `define and start pool ${pool} here`
      : 'put the disk on storage that both hosts have mounted at the same path';
  return {
    causeCode: 'MIGRATION_CAUSE_DISK_NOT_VISIBLE',
    reason: `disk ${device}${kind === 'volume' ? '' : ','} ${why}`,
    cure: cdrom ? `eject it: "virsh change-media ${vmName} ${device} --eject"` : storage,
  };
}
