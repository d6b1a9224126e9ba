// Serves the life cycle of VMs: finds or chooses the host, and passes the command to its agent.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type { Vm, VmSpec } from '../../shared/gen/agent.ts';
import type {
  SchedulerServiceCreateVmRequest,
  SchedulerServiceCreateVmResponseInput,
  SchedulerServiceGetVmRequest,
  SchedulerServiceGetVmResponseInput,
  SchedulerServiceUndefineVmRequest,
  SchedulerServiceUndefineVmResponseInput,
} from '../../shared/gen/scheduler.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { HostView } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { askAll, locateVm, type Located } from './locate.ts';
import { obstaclesNow } from './look-again.ts';
import { findActiveVm } from './names.ts';
import { chooseHost } from './place-new.ts';
import { refuseVolumesInUse } from './volume-users.ts';

// Cloning a large image takes minutes; everything else takes seconds.
const CREATE_TIMEOUT_MS = 30 * MINUTE_MS;
const ACT_TIMEOUT_MS = MINUTE_MS;
// The agent's own rule (agent.proto); checked here before the name is looked for on all hosts.
const VM_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export async function getVm(
  core: Core,
  request: SchedulerServiceGetVmRequest,
  signal: AbortSignal,
): Promise<SchedulerServiceGetVmResponseInput> {
  const { host, vm, xml } = await locateVm(core, request.vm, signal, request.includeXml);
  const obstacles = vm.libvirtId < 0 ? [] : await obstaclesNow(core, host.hostId, vm.uuid, signal);
  return { vm, xml, hostId: host.hostId, hostName: host.hostName, obstacles };
}

/** The agent's calls that need only the VM. */
type Act = 'startVm' | 'shutdownVm' | 'destroyVm';

/** Starts, shuts down or destroys the VM on its host. */
export async function actOnVm(
  core: Core,
  act: Act,
  { vm: uuidOrName }: { vm: string },
  signal: AbortSignal,
): Promise<{ vm: Vm }> {
  const { host, vm } = await locateIdle(core, uuidOrName, signal);
  const agent = core.agents.of(host.hostId);
  return { vm: await agent[act]({ uuid: vm.uuid }, { signal, timeoutMs: ACT_TIMEOUT_MS }) };
}

export async function undefineVm(
  core: Core,
  request: SchedulerServiceUndefineVmRequest,
  signal: AbortSignal,
): Promise<SchedulerServiceUndefineVmResponseInput> {
  const { host, vm } = await locateIdle(core, request.vm, signal);
  const { deleteVolumes } = request;
  const absentElsewhere = deleteVolumes && (await isAbsentElsewhere(core, host, vm, signal));
  const agent = core.agents.of(host.hostId);
  const wait = { signal, timeoutMs: ACT_TIMEOUT_MS };
  return agent.undefineVm({ vm: { uuid: vm.uuid }, deleteVolumes, absentElsewhere }, wait);
}

/**
 * Asked only where the host itself cannot tell: a start that failed looks there like a migration to it that failed, whose VM
 * goes on elsewhere with the same disks. Throws when that cannot be seen.
 */
async function isAbsentElsewhere(
  core: Core,
  { hostId }: HostView,
  { uuid, name, stateReason }: Vm,
  signal: AbortSignal,
): Promise<boolean> {
  if (stateReason !== 'VM_STATE_REASON_FAILED') return false;
  const { found, silent } = await askAll(core, uuid, false, signal);
  const [other] = found.filter(({ host }) => host.hostId !== hostId);
  if (other !== undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `vm: ${other.host.hostName} has ${name}, too, and its disks may be the same; undefine it without deleting volumes`,
    );
  if (silent.length > 0)
    throw new EvenkeelError(
      'UNAVAILABLE',
      `vm: ${name} failed to start, or to arrive from another host, and it cannot be seen whether another host runs it: ${silent.slice(0, 3).join('; ')}; try again when all hosts answer, or undefine it without deleting volumes`,
    );
  return true;
}

/** Finds the VM; refuses one in a migration, where stopping it might stop the only copy. */
async function locateIdle(core: Core, uuidOrName: string, signal: AbortSignal): Promise<Located> {
  const located = await locateVm(core, uuidOrName, signal);
  const migration = core.ledger().activeByVm.get(located.vm.uuid);
  if (migration !== undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `vm: ${located.vm.name} is in migration ${migration.migrationId} to ${migration.targetHostName}; wait for its end or abort it`,
    );
  return located;
}

/** Creates VMs. Remembers the names in progress, so that of two requests for the same name only one proceeds. */
export class Creator {
  readonly #creating = new Set<string>();
  /** Given to VMs that are being created: no definition names them yet. */
  readonly #givenVolumes = new Set<string>();

  async create(
    core: Core,
    request: SchedulerServiceCreateVmRequest,
    signal: AbortSignal,
  ): Promise<SchedulerServiceCreateVmResponseInput> {
    const spec = checkSpec(request.spec);
    if (this.#creating.has(spec.name)) throw nameTaken(spec.name, 'is already being created');
    const volumes = volumesOf(spec);
    const given = volumes.find((volume) => this.#givenVolumes.has(volume));
    if (given !== undefined)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `disks: volume ${given} is being given to another VM now; take another volume`,
      );
    this.#creating.add(spec.name);
    volumes.forEach((volume) => this.#givenVolumes.add(volume));
    try {
      // The host is chosen first: a request that fits nowhere is refused without asking all agents.
      const hostId = await chooseHost(core, request, spec, signal);
      await refuseTakenName(core, spec.name, signal);
      await refuseVolumesInUse(core, hostId, spec, signal);
      const agent = core.agents.of(hostId);
      const vm = await agent.createVm(spec, request.start, { signal, timeoutMs: CREATE_TIMEOUT_MS });
      return { vm, hostId, hostName: core.view.hosts.get(hostId)?.hostName ?? hostId };
    } finally {
      this.#creating.delete(spec.name);
      volumes.forEach((volume) => this.#givenVolumes.delete(volume));
    }
  }
}

/** The existing volumes that only one VM may have. */
function volumesOf({ disks }: VmSpec): string[] {
  return disks.flatMap(({ pool, existing, shareable = false }) =>
    existing === undefined || shareable ? [] : [`${pool}/${existing}`],
  );
}

function checkSpec(spec: VmSpec | null): VmSpec {
  if (spec === null) throw invalidField('spec', 'must describe the VM to create');
  if (!VM_NAME.test(spec.name))
    throw invalidField(
      'spec.name',
      `"${spec.name.slice(0, 80)}" must be 1 to 63 letters, digits, ".", "_" or "-", the first a letter or digit`,
    );
  if (spec.vcpus < 1) throw invalidField('spec.vcpus', 'must be at least 1');
  if (spec.memoryBytes < 1) throw invalidField('spec.memory_bytes', 'must be above 0');
  return spec;
}

/** Operators use names, so a name must be unique. A host that does not answer is judged by its last report. */
async function refuseTakenName(core: Core, name: string, signal: AbortSignal): Promise<void> {
  const active = findActiveVm(core.view, 'spec.name', name);
  const activeOn = core.view.hosts.get(active?.hostId ?? '');
  if (activeOn !== undefined) throw nameTaken(name, `runs on ${activeOn.hostName}`);
  const { found } = await askAll(core, name, false, signal);
  const [first] = found;
  if (first !== undefined) throw nameTaken(name, `is defined on ${first.host.hostName}`);
}

function nameTaken(name: string, where: string): EvenkeelError {
  return new EvenkeelError('ALREADY_EXISTS', `spec.name: a VM "${name}" ${where}; choose another name`);
}
