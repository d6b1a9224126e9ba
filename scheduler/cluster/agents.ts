// Keeps one connection to each agent, dialled at the address and certificate of its host's reports; closed when the host leaves.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  AbortMigrationRequestInput,
  CheckSourceRequestInput,
  CheckSourceResponse,
  CheckTargetRequestInput,
  CheckTargetResponse,
  CreateVmResponse,
  EndMigrationRequestInput,
  FindVolumeUsersRequestInput,
  FindVolumeUsersResponse,
  GetHostResponse,
  GuardMigrationRequestInput,
  GuardMigrationResponse,
  MigrateRequestInput,
  MigrateResponse,
  ObserveVmRequestInput,
  ObserveVmResponse,
  SettleVmRequestInput,
  SettleVmResponse,
  Vm,
  UndefineVmRequestInput,
  UndefineVmResponse,
  VmRefInput,
  VmSpecInput,
} from '../../shared/gen/agent.ts';
import { connectAgent } from '../../shared/grpc/agent-channel.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { agentService } from '../../shared/proto/load.ts';
import type { TlsSettings } from '../../shared/settings.ts';
import { hostById, type ClusterView } from './view.ts';
import type { MigrationAgent, MigrationAgents } from '../migrations/agent-calls.ts';

const CHANNEL_OPTIONS = {
  // An agent that restarts is back within a second or two; gRPC's own backoff would grow to two minutes.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.min_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Detects a host that vanished without closing its connections.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // A host with a thousand VMs lists them in a few megabytes.
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
};

interface Connection {
  readonly address: string;
  readonly certificateSha256: string;
  readonly agent: Agent;
}

export class Agents implements MigrationAgents {
  readonly #tls: TlsSettings;
  readonly #view: ClusterView;
  readonly #connections = new Map<string, Connection>();

  constructor(tls: TlsSettings, view: ClusterView) {
    this.#tls = tls;
    this.#view = view;
  }

  /** The agent of the host. Throws UNAVAILABLE when the host is unknown or has reported no address. */
  of(hostId: string): Agent {
    const host = hostById(this.#view, hostId);
    const { agentAddress: address = '', certificateSha256 = '' } = host?.report.facts ?? {};
    if (host === undefined || address === '')
      throw new EvenkeelError(
        'UNAVAILABLE',
        `dial agent of host ${host?.hostName ?? hostId}: it has not reported its address yet; check evenkeel-agent there`,
      );
    const known = this.#connections.get(host.hostId);
    if (known?.address === address && known.certificateSha256 === certificateSha256) return known.agent;
    known?.agent.close();
    const { hostName } = host;
    const calls = connectAgent(this.#tls, { address, certificateSha256, hostName }, CHANNEL_OPTIONS);
    const agent = new Agent(hostName, calls);
    this.#connections.set(host.hostId, { address, certificateSha256, agent });
    return agent;
  }

  /** Closes the connections to hosts that have left the view. */
  sweep(): void {
    for (const [hostId, { agent }] of this.#connections) {
      if (this.#view.hosts.has(hostId)) continue;
      agent.close();
      this.#connections.delete(hostId);
    }
  }

  close(): void {
    for (const { agent } of this.#connections.values()) agent.close();
    this.#connections.clear();
  }
}

/** The scheduler's calls to one host's agent. All throw EvenkeelError. */
export class Agent implements MigrationAgent {
  readonly #hostName: string;
  readonly #calls: ServiceCalls;

  constructor(hostName: string, calls: ServiceCalls) {
    this.#hostName = hostName;
    this.#calls = calls;
  }

  close(): void {
    this.#calls.close();
  }

  /** What the host has now. An agent of before this was asked answers with what it last reported. */
  getHost(wait: WaitOptions): Promise<GetHostResponse> {
    return this.#calls.unary(agentService.GetHost, this.#what('look at host'), { fresh: true }, wait);
  }

  findVolumeUsers(request: FindVolumeUsersRequestInput, wait: WaitOptions): Promise<FindVolumeUsersResponse> {
    return this.#calls.unary(agentService.FindVolumeUsers, this.#what('look for users'), request, wait);
  }

  async getVm(vm: VmRefInput, includeXml: boolean, wait: WaitOptions): Promise<{ vm: Vm; xml: string }> {
    const request = { vm, includeXml };
    const answer = await this.#calls.unary(agentService.GetVm, this.#what('get VM'), request, wait);
    return { vm: this.#present(answer.vm), xml: answer.xml };
  }

  async createVm(spec: VmSpecInput, start: boolean, wait: WaitOptions): Promise<Vm> {
    const create = (what: string): Promise<CreateVmResponse> =>
      this.#calls.unary(agentService.CreateVm, what, { spec, start }, wait);
    const answer = await this.#command('create VM', create, spec.name);
    return this.#present(answer.vm);
  }

  async startVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const answer = await this.#command('start VM', (what) =>
      this.#calls.unary(agentService.StartVm, what, { vm }, wait),
    );
    return this.#present(answer.vm);
  }

  async shutdownVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const answer = await this.#command('shut down VM', (what) =>
      this.#calls.unary(agentService.ShutdownVm, what, { vm }, wait),
    );
    return this.#present(answer.vm);
  }

  async destroyVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const answer = await this.#command('destroy VM', (what) =>
      this.#calls.unary(agentService.DestroyVm, what, { vm }, wait),
    );
    return this.#present(answer.vm);
  }

  undefineVm(request: UndefineVmRequestInput, wait: WaitOptions): Promise<UndefineVmResponse> {
    return this.#command('undefine VM', (what) =>
      this.#calls.unary(agentService.UndefineVm, what, request, wait),
    );
  }

  /** An agent of before this call existed knows of no obstacle; its libvirt refuses what cannot move. */
  async checkSource(request: CheckSourceRequestInput, wait: WaitOptions): Promise<CheckSourceResponse> {
    try {
      return await this.#calls.unary(agentService.CheckSource, this.#what('check source'), request, wait);
    } catch (error) {
      if (error instanceof EvenkeelError && error.code === 'UNIMPLEMENTED')
        return { obstacles: [], storage: [], hostCpuXml: '' };
      throw error;
    }
  }

  checkTarget(request: CheckTargetRequestInput, wait: WaitOptions): Promise<CheckTargetResponse> {
    return this.#calls.unary(agentService.CheckTarget, this.#what('check target'), request, wait);
  }

  guardMigration(request: GuardMigrationRequestInput, wait: WaitOptions): Promise<GuardMigrationResponse> {
    return this.#calls.unary(agentService.GuardMigration, this.#what('guard migration'), request, wait);
  }

  /** Yields progress and finally the result; throws when the stream breaks, which says nothing about the migration. */
  migrate(request: MigrateRequestInput, wait: WaitOptions): AsyncGenerator<MigrateResponse, void, undefined> {
    return this.#calls.stream(agentService.Migrate, this.#what('migrate VM'), request, wait);
  }

  async abortMigration(request: AbortMigrationRequestInput, wait: WaitOptions): Promise<void> {
    await this.#calls.unary(agentService.AbortMigration, this.#what('abort migration'), request, wait);
  }

  observeVm(request: ObserveVmRequestInput, wait: WaitOptions): Promise<ObserveVmResponse> {
    return this.#calls.unary(agentService.ObserveVm, this.#what('observe VM'), request, wait);
  }

  settleVm(request: SettleVmRequestInput, wait: WaitOptions): Promise<SettleVmResponse> {
    return this.#calls.unary(agentService.SettleVm, this.#what('put VM in order'), request, wait);
  }

  async endMigration(request: EndMigrationRequestInput, wait: WaitOptions): Promise<void> {
    await this.#calls.unary(agentService.EndMigration, this.#what('end migration'), request, wait);
  }

  #what(action: string): string {
    return `${action} on ${this.#hostName}`;
  }

  /** A failure reads "start VM web1 on kvm1: cause", although the agent, too, begins it with "start VM web1". */
  async #command<T>(action: string, call: (what: string) => Promise<T>, vmName?: string): Promise<T> {
    const what = this.#what(action);
    try {
      return await call(what);
    } catch (error) {
      if (!(error instanceof EvenkeelError)) throw error;
      const said = error.message.slice(`${what}: `.length);
      const [start = '', own] = new RegExp(`^${action} (\\S+): `).exec(said) ?? [];
      const name = vmName ?? own;
      if (name === undefined) throw error;
      const cause = said.slice(start.length);
      throw new EvenkeelError(error.code, `${action} ${name} on ${this.#hostName}: ${cause}`, error);
    }
  }

  #present(vm: Vm | null): Vm {
    if (vm === null)
      throw new EvenkeelError(
        'INTERNAL',
        `ask agent on ${this.#hostName}: its reply lacks the VM; does the agent have another version?`,
      );
    return vm;
  }
}
