// Connections to the agents: one for each host, dialled at the address and certificate of its reports, reused, closed when it leaves.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  AbortMigrationRequestInput,
  AgentServiceClient as Client,
  CheckTargetRequestInput,
  CheckTargetResponse,
  CreateVmResponse,
  DestroyVmResponse,
  EndMigrationRequestInput,
  GetVmResponse,
  GuardMigrationRequestInput,
  GuardMigrationResponse,
  MigrateRequestInput,
  MigrateResponse,
  ObserveVmRequestInput,
  ObserveVmResponse,
  SettleVmRequestInput,
  SettleVmResponse,
  ShutdownVmResponse,
  StartVmResponse,
  UndefineVmResponse,
  Vm,
  VmRefInput,
  VmSpecInput,
} from '../../shared/gen/agent.ts';
import { agentChannel } from '../../shared/grpc/agent-channel.ts';
import { streamed, unary } from '../../shared/grpc/client.ts';
import { AgentServiceClient } from '../../shared/proto/load.ts';
import type { TlsSettings } from '../../shared/settings.ts';
import type { ClusterView } from './view.ts';
import type { MigrationAgent, MigrationAgents } from '../migrations/agent-calls.ts';

const CHANNEL_OPTIONS = {
  // An agent that restarts is back within a second or two; gRPC's own backoff would grow to two minutes.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.min_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Notices a host that vanished without closing its connections.
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

  /** The agent of the host. Throws UNAVAILABLE when the host was never heard of or told no address. */
  of(hostId: string): Agent {
    const host = this.#view.hosts.get(hostId);
    const { agentAddress: address = '', certificateSha256 = '' } = host?.report.facts ?? {};
    if (host === undefined || address === '')
      throw new EvenkeelError(
        'UNAVAILABLE',
        `dial agent of host ${host?.hostName ?? hostId}: it has not reported its address yet; check evenkeel-agent there`,
      );
    const known = this.#connections.get(hostId);
    if (known?.address === address && known.certificateSha256 === certificateSha256) return known.agent;
    known?.agent.close();
    const { credentials, options } = agentChannel(this.#tls, address, certificateSha256, host.hostName);
    const client = new AgentServiceClient(address, credentials, { ...CHANNEL_OPTIONS, ...options });
    const agent = new Agent(host.hostName, client);
    this.#connections.set(hostId, { address, certificateSha256, agent });
    return agent;
  }

  /** Closes connections to hosts that left. */
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

/** The calls of one host's agent that the scheduler makes. All throw EvenkeelError. */
export class Agent implements MigrationAgent {
  readonly #hostName: string;
  readonly #client: Client;

  constructor(hostName: string, client: Client) {
    this.#hostName = hostName;
    this.#client = client;
  }

  close(): void {
    this.#client.close();
  }

  async getVm(vm: VmRefInput, includeXml: boolean, wait: WaitOptions): Promise<{ vm: Vm; xml: string }> {
    const method = this.#client.getVm.bind(this.#client);
    const answer: GetVmResponse = await unary(this.#what('get VM'), method, { vm, includeXml }, wait);
    return { vm: this.#present(answer.vm), xml: answer.xml };
  }

  async createVm(spec: VmSpecInput, start: boolean, wait: WaitOptions): Promise<Vm> {
    const method = this.#client.createVm.bind(this.#client);
    const answer: CreateVmResponse = await unary(this.#what('create VM'), method, { spec, start }, wait);
    return this.#present(answer.vm);
  }

  async startVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const method = this.#client.startVm.bind(this.#client);
    const answer: StartVmResponse = await unary(this.#what('start VM'), method, { vm }, wait);
    return this.#present(answer.vm);
  }

  async shutdownVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const method = this.#client.shutdownVm.bind(this.#client);
    const answer: ShutdownVmResponse = await unary(this.#what('shut down VM'), method, { vm }, wait);
    return this.#present(answer.vm);
  }

  async destroyVm(vm: VmRefInput, wait: WaitOptions): Promise<Vm> {
    const method = this.#client.destroyVm.bind(this.#client);
    const answer: DestroyVmResponse = await unary(this.#what('destroy VM'), method, { vm }, wait);
    return this.#present(answer.vm);
  }

  async undefineVm(vm: VmRefInput, deleteVolumes: boolean, wait: WaitOptions): Promise<string[]> {
    const method = this.#client.undefineVm.bind(this.#client);
    const what = this.#what('undefine VM');
    const answer: UndefineVmResponse = await unary(what, method, { vm, deleteVolumes }, wait);
    return answer.deletedVolumes;
  }

  checkTarget(request: CheckTargetRequestInput, wait: WaitOptions): Promise<CheckTargetResponse> {
    const method = this.#client.checkTarget.bind(this.#client);
    return unary(this.#what('check target'), method, request, wait);
  }

  guardMigration(request: GuardMigrationRequestInput, wait: WaitOptions): Promise<GuardMigrationResponse> {
    const method = this.#client.guardMigration.bind(this.#client);
    return unary(this.#what('guard migration'), method, request, wait);
  }

  /** Progress and, last, the result; throws when the stream breaks, which says nothing about the migration. */
  migrate(
    request: MigrateRequestInput,
    { signal, timeoutMs }: WaitOptions,
  ): AsyncGenerator<MigrateResponse, void, undefined> {
    const stream = this.#client.migrate(request, { deadline: Date.now() + timeoutMs });
    return streamed(this.#what('migrate VM'), stream, signal);
  }

  async abortMigration(request: AbortMigrationRequestInput, wait: WaitOptions): Promise<void> {
    const method = this.#client.abortMigration.bind(this.#client);
    await unary(this.#what('abort migration'), method, request, wait);
  }

  observeVm(request: ObserveVmRequestInput, wait: WaitOptions): Promise<ObserveVmResponse> {
    const method = this.#client.observeVm.bind(this.#client);
    return unary(this.#what('observe VM'), method, request, wait);
  }

  settleVm(request: SettleVmRequestInput, wait: WaitOptions): Promise<SettleVmResponse> {
    const method = this.#client.settleVm.bind(this.#client);
    return unary(this.#what('put VM in order'), method, request, wait);
  }

  async endMigration(request: EndMigrationRequestInput, wait: WaitOptions): Promise<void> {
    const method = this.#client.endMigration.bind(this.#client);
    await unary(this.#what('end migration'), method, request, wait);
  }

  #what(action: string): string {
    return `${action} on ${this.#hostName}`;
  }

  #present(vm: Vm | null): Vm {
    if (vm === null)
      throw new EvenkeelError(
        'INTERNAL',
        `ask agent on ${this.#hostName}: its answer lacks the VM; is the agent of another version?`,
      );
    return vm;
  }
}
