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
import { isNetworkActive, lookupNetworkByName } from '../../libvirt/network.ts';
import { compareHypervisorCpu, getDomainCapabilities, getVersion } from '../../libvirt/node.ts';
import { readDefinition, type DiskDefinition, type VmDefinition } from '../../vm/definition.ts';
import { versionText } from '../../telemetry/facts.ts';
import { findPool, lookForPath, orUndefined } from '../../vm/storage.ts';
import { checkUuid } from '../../vm/view.ts';
import { attribute, findAll, writeXml } from '../../vm/xml-text.ts';
import { checkMemory, checkPorts, checkTls, type HostCheckContext } from './host-check.ts';
import { checkLeases } from './lease.ts';
import { lookWithQemuImg, proveLocks, type LockProof, type LookAtImage } from './lock.ts';
import { checkSources } from './source-check.ts';

export type CheckTarget = (
  request: CheckTargetRequest,
  signal: AbortSignal,
) => Promise<CheckTargetResponseInput>;

export interface CheckContext extends HostCheckContext {
  readonly access: LibvirtAccess;
  readonly logger: Logger;
  hasBridge(name: string): Promise<boolean>;
  /** qemu-img when absent. */
  readonly lookAtImage?: LookAtImage;
  /** The file of libvirt's settings for QEMU; the package's own when absent. */
  readonly qemuConf?: string;
}

type Check = (connection: Connection, vm: VmDefinition, wait: WaitOptions) => Promise<CheckRefusal[]>;

// Covers the refresh of a pool on slow storage, to find a disk that another host has created.
const DISK_TIMEOUT_MS = 10_000;
const QEMU_CONF = '/etc/libvirt/qemu.conf';
const BY_LEASE: LockProof = { isProven: true, reason: '' };

export function createCheckTarget(context: CheckContext): CheckTarget {
  const { access, logger, clock, lookAtImage = lookWithQemuImg, qemuConf = QEMU_CONF } = context;
  const checks = (request: CheckTargetRequest): readonly Check[] => [
    checkTaken,
    checkMachine,
    (connection, _vm, wait) => checkVersion(connection, request.sourceHypervisorVersion, wait),
    (connection, vm, wait) => checkCpu(connection, vm, logger, wait),
    (_connection, vm) => Promise.resolve(checkDevices(vm)),
    (connection, vm, wait) => checkMemory(connection, vm, context, wait),
    () => checkPorts(context),
    () => (request.tls ? checkTls(context) : Promise.resolve([])),
    (connection, vm, wait) => checkNics(connection, vm, context, wait),
    checkDisks,
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

// Devices that current QEMU or libvirt cannot migrate (qemuMigrationSrcIsAllowed in qemu_migration.c).
const FIXED_DEVICES: readonly string[] = ['hostdev', 'filesystem'];
const FIXED_NICS: readonly string[] = ['hostdev', 'vdpa'];

function checkDevices(vm: VmDefinition): CheckRefusal[] {
  const fixed = [
    ...FIXED_DEVICES.filter((name) => findAll(vm.devices, name).length > 0),
    ...vm.nics
      .filter(({ kind }) => FIXED_NICS.includes(kind))
      .map(({ kind, mac }) => `${kind} interface ${mac}`),
    ...vm.disks.filter(({ transient }) => transient).map((disk) => `transient disk ${disk.device}`),
  ];
  return fixed.map((what) => ({
    causeCode: 'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE',
    reason: `the VM has a device that stays on its host: ${what}`,
    cure: 'detach the device, or set the rule never_move',
  }));
}

async function checkNics(
  connection: Connection,
  vm: VmDefinition,
  context: CheckContext,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals = await Promise.all(
    vm.nics.map(async ({ kind, bridge, network }): Promise<CheckRefusal[]> => {
      if (kind === 'bridge' && !(await context.hasBridge(bridge)))
        return [
          {
            causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING',
            reason: `this host has no bridge ${bridge}`,
            cure: `create bridge ${bridge} here`,
          },
        ];
      return kind === 'network' ? checkNetwork(connection, network, wait) : [];
    }),
  );
  return refusals.flat();
}

async function checkNetwork(
  connection: Connection,
  name: string,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const network = await orUndefined(lookupNetworkByName(connection, name, wait), ErrorCode.noNetwork);
  if (network === undefined)
    return [
      {
        causeCode: 'MIGRATION_CAUSE_NETWORK_MISSING',
        reason: `this host has no virtual network ${name}`,
        cure: 'define and start it here',
      },
    ];
  if (await isNetworkActive(connection, network, wait)) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_NETWORK_MISSING',
      reason: `virtual network ${name} is not active here`,
      cure: `start it with "virsh net-start ${name}"`,
    },
  ];
}

async function checkDisks(
  connection: Connection,
  vm: VmDefinition,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals = vm.nvram === undefined ? [] : await checkSources(connection, FIRMWARE, [vm.nvram], wait);
  // One after another: each may have to refresh the same pool.
  for (const disk of vm.disks) refusals.push(...(await checkDisk(connection, disk, wait)));
  return refusals;
}

const FIRMWARE = { what: 'the file of UEFI variables', cdrom: false };

/** Network disks can be reached from anywhere; libvirt on the source judges if a file is on shared storage. */
async function checkDisk(
  connection: Connection,
  disk: DiskDefinition,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const { device, source, kind, cdrom } = disk;
  const unsafe = await checkSources(connection, { what: `disk ${device}`, cdrom }, disk.sources, wait);
  if (unsafe.length > 0) return unsafe;
  if (kind === 'volume') return checkVolume(connection, disk, wait);
  if (kind !== 'file' || source === '') return [];
  const sight = await lookForPath(connection, source, { ...wait, timeoutMs: DISK_TIMEOUT_MS });
  if (sight.kind !== 'missing') return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_DISK_NOT_VISIBLE',
      reason: `disk ${device}, ${source}, is not in the storage pool of that folder here`,
      cure: 'put the disk on storage that both hosts have mounted at the same path',
    },
  ];
}

async function checkVolume(
  connection: Connection,
  disk: DiskDefinition,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  if ((await findPool(connection, disk.pool, wait)) !== undefined) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_DISK_NOT_VISIBLE',
      reason: `disk ${disk.device} is in storage pool ${disk.pool}, which this host does not have`,
      cure: `define and start pool ${disk.pool} here`,
    },
  ];
}
