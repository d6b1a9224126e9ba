// Runs one host's agent: the real jobs, guard, intents and watchdog, over a simulated hypervisor, disk and network.
import { isAborted } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  CheckRefusal,
  AbortMigrationRequest,
  CheckSourceRequest,
  CheckSourceResponseInput,
  CheckTargetRequest,
  CheckTargetResponseInput,
  EndMigrationRequest,
  GetVmRequest,
  GetVmResponseInput,
  GuardMigrationRequest,
  GuardMigrationResponseInput,
  MigrateRequest,
  MigrateResponseInput,
  ObserveVmRequest,
  ObserveVmResponseInput,
  SettleVmRequest,
  SettleVmResponseInput,
} from '../../shared/gen/agent.ts';
import type { Logger } from '../../shared/log.ts';
import { agentService } from '../../shared/proto/load.ts';
import { translated } from '../../agent/libvirt-errors.ts';
import { MigrationGuard } from '../../agent/migration/target/guard.ts';
import type { Hypervisor } from '../../agent/migration/hypervisor/hypervisor.ts';
import { Intents } from '../../agent/migration/promises/intents.ts';
import { createMigrationJobs } from '../../agent/migration/source/jobs.ts';
import { askVm } from '../../agent/migration/target/source-agent.ts';
import type { AskSource } from '../../agent/migration/target/watchdog.ts';
import type { Disk } from '../world/disk.ts';
import { createSimHypervisor, type HypervisorParts } from '../host/hypervisor.ts';
import type { Kvm } from '../host/kvm.ts';
import { Life } from '../world/node.ts';
import { streamMethod, unaryMethod, type Methods } from '../world/methods.ts';
import type { Random } from '../world/random.ts';
import type { Rpc, Server } from '../world/rpc.ts';
import type { ClockFault } from '../world/timeline.ts';

/** The calls an agent serves; the same methods as its gRPC service. */
export interface AgentHandlers {
  getVm(request: GetVmRequest, signal: AbortSignal): Promise<GetVmResponseInput>;
  checkSource(request: CheckSourceRequest, signal: AbortSignal): Promise<CheckSourceResponseInput>;
  checkTarget(request: CheckTargetRequest, signal: AbortSignal): Promise<CheckTargetResponseInput>;
  guard(request: GuardMigrationRequest, signal: AbortSignal): Promise<GuardMigrationResponseInput>;
  migrate(request: MigrateRequest, signal: AbortSignal): AsyncIterable<MigrateResponseInput>;
  abort(request: AbortMigrationRequest, signal: AbortSignal): Promise<void>;
  observe(request: ObserveVmRequest, signal: AbortSignal): Promise<ObserveVmResponseInput>;
  settle(request: SettleVmRequest, signal: AbortSignal): Promise<SettleVmResponseInput>;
  end(request: EndMigrationRequest): Promise<void>;
}

export interface AgentParts extends HypervisorParts {
  readonly rpc: Rpc;
  readonly random: Random;
  readonly logger: Logger;
  readonly agents: ReadonlyMap<string, AgentNode>;
  /** Where a planted bug replaces something. */
  readonly plant: AgentPlant;
}

export interface AgentPlant {
  readonly handlers?: (handlers: AgentHandlers, node: AgentNode) => AgentHandlers;
  readonly hypervisor?: (hypervisor: Hypervisor, node: AgentNode) => Hypervisor;
  readonly askSource?: (ask: AskSource) => AskSource;
  readonly beforeStart?: (node: AgentNode) => void;
}

// The default of agent/config.ts.
const CALL_TIMEOUT_MS = 10_000;

export class AgentNode implements Server {
  readonly hostId: string;
  readonly name: string;
  readonly place: string;
  readonly disk: Disk;
  readonly clockFault: ClockFault;
  readonly connections = new Set<() => void>();
  readonly #parts: AgentParts;
  #serving: { readonly life: Life; readonly methods: Methods } | undefined;
  #stopping = new AbortController();

  constructor(hostId: string, disk: Disk, clockFault: ClockFault, parts: AgentParts) {
    this.hostId = hostId;
    this.name = `agent-${hostId.slice(1)}`;
    this.place = hostId;
    this.disk = disk;
    this.clockFault = clockFault;
    this.#parts = parts;
  }

  get serving(): { readonly life: Life; readonly methods: Methods } | undefined {
    return this.#serving;
  }

  /** Starts a new process from what is on the disk. */
  start(onCrash: () => void): void {
    if (this.#serving !== undefined) return;
    const { timeline, plant, random, logger } = this.#parts;
    plant.beforeStart?.(this);
    const life: Life = new Life(this.name, timeline, this.clockFault, () => {
      this.#serving = undefined;
      for (const reset of [...this.connections]) reset();
      this.connections.clear();
      onCrash();
    });
    const real = createSimHypervisor(this.#parts, this.hostId, life);
    const hypervisor = plant.hypervisor?.(real, this) ?? real;
    const intents = new Intents(this.disk.folder(life), life.clock);
    // A crash aborts nothing; only `stop` does.
    const stopping = new AbortController();
    const stopped = stopping.signal;
    this.#stopping = stopping;
    const context = { hypervisor, intents, clock: life.clock, logger, callTimeoutMs: CALL_TIMEOUT_MS };
    const jobs = createMigrationJobs({
      ...context,
      random: () => random.ratio(),
      isTcpAllowed: true,
      isThisMachine: (host) => host === this.hostId,
      stopped,
    });
    const ask = this.#askSource(life);
    const guard = new MigrationGuard({ ...context, askSource: plant.askSource?.(ask) ?? ask });
    const handlers: AgentHandlers = {
      getVm: (request, signal) => getVm(hypervisor, request, signal),
      checkSource: () => Promise.resolve({ obstacles: [], storage: [], hostCpuXml: '' }),
      checkTarget: (request) => Promise.resolve(this.#checkTarget(request, life)),
      guard: (request, signal) => guard.guard(request, signal),
      migrate: (request, signal) => jobs.migrate(request, signal),
      abort: (request, signal) => jobs.abort(request, signal),
      observe: (request, signal) => guard.observe(request, signal),
      settle: (request, signal) => guard.settle(request, signal),
      end: (request) => guard.end(request),
    };
    this.#serving = { life, methods: methodsOf(plant.handlers?.(handlers, this) ?? handlers) };
    void guard.watch(stopped);
    const recover = async (): Promise<void> => {
      // An agent that cannot read its state serves the calls that do not need it, and refuses the others.
      await jobs.recover().catch(() => undefined);
    };
    if (!isAborted(stopped)) void recover();
  }

  crash(): void {
    this.#serving?.life.crash();
  }

  /** Asks the agent to stop; the process may live on for a while. */
  stop(): void {
    this.#stopping.abort(new Error('the agent stops'));
  }

  /** Stands in for the real agent's checks, which read files of the host. */
  #checkTarget({ vmUuid }: CheckTargetRequest, life: Life): CheckTargetResponseInput {
    const { kvm } = this.#parts;
    const vm = kvm.vm(vmUuid);
    const host = kvm.host(this.hostId);
    if (host.libvirtd !== 'up') throw new EvenkeelError('UNAVAILABLE', 'check target: libvirt is away');
    const refusals: CheckRefusal[] = [];
    if (host.copies.has(vmUuid))
      refusals.push({
        causeCode: 'MIGRATION_CAUSE_UUID_TAKEN',
        reason: 'it is active here',
        cure: 'look on both hosts which copy runs',
      });
    if (roomOf(kvm, this.hostId, vmUuid) < vm.memoryBytes)
      refusals.push({
        causeCode: 'MIGRATION_CAUSE_MEMORY_SHORT',
        reason: 'no memory is left',
        cure: 'choose another host',
      });
    const isLocked = vm.isLockable && vm.lockedBy !== undefined;
    return {
      refusals,
      lockProven: isLocked,
      lockReason: isLocked ? '' : 'its disk has no effective lock',
      atMs: life.clock.nowMs(),
    };
  }

  #askSource(life: Life): AskSource {
    const { rpc, agents } = this.#parts;
    return ({ sourceHostId }, vmUuid, wait) => {
      const to = agents.get(sourceHostId);
      if (to === undefined) throw new EvenkeelError('UNAVAILABLE', `no agent of ${sourceHostId}`);
      return askVm(rpc.calls({ life, place: this.place }, to), `ask ${to.name}`, vmUuid, wait);
    };
  }
}

/** The handlers, as methods of the agent's gRPC service. */
function methodsOf(handlers: AgentHandlers): Methods {
  return new Map([
    unaryMethod(agentService.GetVm, (request, signal) => handlers.getVm(request, signal)),
    unaryMethod(agentService.CheckSource, (request, signal) => handlers.checkSource(request, signal)),
    unaryMethod(agentService.CheckTarget, (request, signal) => handlers.checkTarget(request, signal)),
    unaryMethod(agentService.GuardMigration, (request, signal) => handlers.guard(request, signal)),
    streamMethod(agentService.Migrate, (request, signal) => handlers.migrate(request, signal)),
    unaryMethod(agentService.AbortMigration, async (request, signal) => {
      await handlers.abort(request, signal);
      return {};
    }),
    unaryMethod(agentService.ObserveVm, (request, signal) => handlers.observe(request, signal)),
    unaryMethod(agentService.SettleVm, (request, signal) => handlers.settle(request, signal)),
    unaryMethod(agentService.EndMigration, async (request) => {
      await handlers.end(request);
      return {};
    }),
  ]);
}

/** Memory of the host that no QEMU process has, not counting the VM's own. */
export function roomOf(kvm: Kvm, hostId: string, vmUuid: string): number {
  const { copies, memoryBytes } = kvm.host(hostId);
  const used = [...copies.values()]
    .filter(({ vm }) => vm.uuid !== vmUuid)
    .reduce((sum, { vm }) => sum + vm.memoryBytes, 0);
  return memoryBytes - used;
}

async function getVm(
  hypervisor: Hypervisor,
  { vm: reference }: GetVmRequest,
  signal: AbortSignal,
): Promise<GetVmResponseInput> {
  const vmUuid = reference !== null && 'uuid' in reference ? (reference.uuid ?? '') : '';
  const vm = await translated(
    `get VM ${vmUuid}`,
    hypervisor.observe(vmUuid, { timeoutMs: CALL_TIMEOUT_MS, signal }),
  );
  if (vm === undefined) throw new EvenkeelError('NOT_FOUND', `get VM ${vmUuid}: this host has no such VM`);
  return { vm, xml: '<domain/>' };
}
