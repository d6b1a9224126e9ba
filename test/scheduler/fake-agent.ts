// Fakes hosts: agents that speak real gRPC and publish real reports about fake VMs.
import type { NatsConnection } from 'nats';
import { systemClock } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  CheckRefusal,
  AgentServiceHandlers,
  MigrateRequest,
  MigrateResponseInput,
  MigrateResultInput,
  SettleVmRequest,
  VmRef,
} from '../../shared/gen/agent.ts';
import type {
  HostFactsInput,
  HostReportInput,
  MigrationCause,
  MoveObstacle,
  VmStateReason,
} from '../../shared/gen/telemetry.ts';
import { serverCredentials } from '../../shared/grpc/credentials.ts';
import { serve, streamHandler, unaryHandler, type RunningServer } from '../../shared/grpc/server.ts';
import { createLogger } from '../../shared/log.ts';
import { reportMessageId, samplesSubject } from '../../shared/nats.ts';
import { agentService, hostReportCodec } from '../../shared/proto/load.ts';
import { GIB, MIB } from '../../shared/units.ts';
import { fakeVm, sampleOf, uuidOf, vmOf, type FakeVm } from './fake-vm.ts';

export const PLAINTEXT = { mode: 'plaintext' as const, caFile: '', certFile: '', keyFile: '' };

/** The course of a fake migration; a test may replace each step. */
export interface FakeCopy {
  /** Called when the copy runs; the guest is on both hosts, running on the source. */
  whileCopying: (request: MigrateRequest, signal: AbortSignal) => Promise<void>;
  /** What libvirt then says, and whether the guest really arrived. */
  result: { ok: boolean; causeCode: MigrationCause; message: string };
  arrives: boolean;
  /** Called last, to leave behind on both hosts what a fault would. */
  afterwards: (source: FakeHost, target: FakeHost, vm: FakeVm) => void;
}

const INTERVAL_MS = 1_000;
const PROGRESS = { memoryTotalBytes: 100, memoryRemainingBytes: 60, iteration: 1 };

export class FakeHost {
  readonly hostId: string;
  readonly name: string;
  readonly vms = new Map<string, FakeVm>();
  /** Requests in the order they came, by method. */
  readonly calls: { method: string; request: unknown }[] = [];
  copy: FakeCopy = {
    whileCopying: () => Promise.resolve(),
    result: { ok: true, causeCode: 'MIGRATION_CAUSE_UNSPECIFIED', message: '' },
    arrives: true,
    afterwards: () => undefined,
  };
  refusals: CheckRefusal[] = [];
  /** What keeps each VM here, whatever the target. */
  obstacles: MoveObstacle[] = [];
  /** What CheckTarget says of the lock; without one the copy arrives paused. */
  lockProven = true;
  /** The migration that holds a VM here, by its uuid. */
  readonly intents = new Map<string, { migrationId: string; epoch: number }>();
  readonly #epochs = new Map<string, number>();
  pools = ['shared'];
  /** The VM here that has each volume, by the volume's name. */
  readonly volumeUsers = new Map<string, string>();
  hasLocalStorage = false;
  cpuCores = 1;
  memoryBytes = 2 * GIB;
  vmsComplete = true;
  bootId = 'boot-1';
  #sequence = 0;
  #server: RunningServer | undefined;
  #port = 0;
  readonly #peers: Map<string, FakeHost>;
  readonly #aborts = new Map<string, AbortController>();
  readonly #copies = new Map<string, Promise<MigrateResultInput>>();
  readonly #isPaused = new Set<string>();
  readonly #ended = new AbortController();

  constructor(name: string, peers: Map<string, FakeHost>) {
    this.name = name;
    this.hostId = uuidOf(`host-${name}`);
    this.#peers = peers;
    peers.set(this.hostId, this);
  }

  async start(): Promise<void> {
    const address = `127.0.0.1:${this.#port}`;
    const logger = createLogger('fake-agent', 'fatal');
    this.#server = await serve(systemClock, address, serverCredentials(PLAINTEXT, address), [
      {
        name: 'evenkeel.v1.AgentService',
        definition: agentService,
        implementation: this.#service(logger),
      },
    ]);
    this.#port = this.#server.port;
  }

  /** Ends the host, including migrations that libvirt still copies. */
  async end(): Promise<void> {
    this.#ended.abort(new Error('the host ends'));
    await this.stop();
  }

  /** Ends the agent; VMs and copies continue, as with a real one. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  add(vm: FakeVm): FakeVm {
    this.vms.set(vm.uuid, vm);
    return vm;
  }

  /** The methods called, without their requests. */
  methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  /** A report of the VMs in their current state. */
  report(tickAtMs: number): HostReportInput {
    this.#sequence += 1;
    const running = [...this.vms.values()].filter(({ state }) => state !== 'VM_STATE_SHUT_OFF');
    const counted = running.filter(({ migrationRole }) => migrationRole !== 'VM_MIGRATION_ROLE_INCOMING');
    const demandCores = counted.reduce((sum, vm) => sum + vm.demandCores, 0.05);
    return {
      hostId: this.hostId,
      hostName: this.name,
      bootId: this.bootId,
      sequence: this.#sequence,
      tickAtMs,
      intervalMs: INTERVAL_MS,
      facts: this.facts(),
      host: {
        cpuCores: this.cpuCores,
        cpuUsedCores: Math.min(demandCores, this.cpuCores),
        cpuDemandCores: demandCores,
        memoryBytes: this.memoryBytes,
        memoryAvailableBytes: this.memoryBytes - 200 * MIB - running.length * 100 * MIB,
      },
      vms: running.map((vm) => sampleOf(vm)),
      vmsComplete: this.vmsComplete,
      agent: {},
    };
  }

  facts(): HostFactsInput {
    return {
      agentAddress: `127.0.0.1:${this.#port}`,
      libvirtUri: `qemu+tcp://${this.name}/system`,
      migrateUri: `tcp://${this.name}`,
      hypervisorVersion: '7.2.22',
      cpuCores: this.cpuCores,
      memoryBytes: this.memoryBytes,
      pools: [...this.pools],
      networks: ['default'],
      bridges: ['br0'],
    };
  }

  async publish(nats: NatsConnection, tickAtMs: number): Promise<void> {
    const report = this.report(tickAtMs);
    await nats.jetstream().publish(samplesSubject(this.hostId), hostReportCodec.encode(report), {
      msgID: reportMessageId(this.hostId, this.bootId, this.#sequence),
    });
  }

  #service(logger: ReturnType<typeof createLogger>): AgentServiceHandlers {
    const unary = <Request, Response>(method: string, handle: (request: Request) => Response) =>
      unaryHandler<Request, Response>(logger, (request) => {
        this.calls.push({ method, request });
        return Promise.resolve().then(() => handle(request));
      });
    return {
      GetHost: unary('GetHost', () => ({
        hostId: this.hostId,
        hostName: this.name,
        facts: this.facts(),
      })),
      FindVolumeUsers: unary('FindVolumeUsers', ({ uses, here }) => ({
        uses: here
          ? uses.map((use) => ({ ...use, path: `/srv/${use.volume}`, local: this.hasLocalStorage }))
          : [],
        users: uses.flatMap(({ field, volume }) => {
          const vmName = this.volumeUsers.get(volume);
          return vmName === undefined ? [] : [{ vmName, device: 'vda', field, path: `/srv/${volume}` }];
        }),
      })),
      ListVms: unary('ListVms', () => ({ vms: [...this.vms.values()].map(vmOf) })),
      GetVm: unary('GetVm', ({ vm, includeXml }) => ({
        vm: vmOf(this.#find(vm)),
        xml: includeXml ? '<domain/>' : '',
      })),
      CreateVm: unary('CreateVm', ({ spec, start }) => {
        const name = spec?.name ?? '';
        if ([...this.vms.values()].some((vm) => vm.name === name))
          throw new EvenkeelError('ALREADY_EXISTS', `name: a VM "${name}" is defined on this host`);
        const state = start ? 'VM_STATE_RUNNING' : 'VM_STATE_SHUT_OFF';
        return { vm: vmOf(this.add(fakeVm(name, { state, memoryMaxBytes: spec?.memoryBytes ?? 0 }))) };
      }),
      StartVm: unary('StartVm', ({ vm }) => ({
        vm: vmOf(this.#set(vm, 'VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED')),
      })),
      ShutdownVm: unary('ShutdownVm', ({ vm }) => ({
        vm: vmOf(this.#set(vm, 'VM_STATE_SHUT_OFF', 'VM_STATE_REASON_SHUTDOWN')),
      })),
      DestroyVm: unary('DestroyVm', ({ vm }) => ({
        vm: vmOf(this.#set(vm, 'VM_STATE_SHUT_OFF', 'VM_STATE_REASON_DESTROYED')),
      })),
      UndefineVm: unary('UndefineVm', ({ vm }) => {
        this.vms.delete(this.#find(vm).uuid);
        return { deletedVolumes: [], keptVolumes: [{ volume: 'shared/base', reason: 'not its own' }] };
      }),
      CheckSource: unary('CheckSource', () => ({ obstacles: this.obstacles, storage: [], hostCpuXml: '' })),
      CheckTarget: unary('CheckTarget', () => ({
        refusals: this.refusals,
        lockProven: this.lockProven,
        atMs: Date.now(),
      })),
      GuardMigration: unary('GuardMigration', (request) => {
        this.#heed(request);
        this.intents.set(request.vmUuid, request);
        return { definedBefore: this.vms.has(request.vmUuid) };
      }),
      ObserveVm: unary('ObserveVm', (request) => {
        this.#heed(request);
        const vm = this.vms.get(request.vmUuid);
        const migrationId = this.intents.get(request.vmUuid)?.migrationId ?? '';
        return vm === undefined ? { migrationId } : { vm: vmOf(vm), _vm: 'vm' as const, migrationId };
      }),
      SettleVm: unary('SettleVm', (request) => {
        this.#heed(request);
        this.#settleVm(request);
        return {};
      }),
      EndMigration: unary('EndMigration', (request) => {
        this.#heed(request);
        this.intents.delete(request.vmUuid);
        return {};
      }),
      AbortMigration: unary('AbortMigration', (request) => {
        this.#heed(request);
        const { migrationId } = request;
        this.#aborts.get(migrationId)?.abort(new Error('aborted'));
        return {};
      }),
      Migrate: streamHandler(logger, (request) => {
        this.calls.push({ method: 'Migrate', request });
        return this.#migrate(request);
      }),
    };
  }

  /** Refuses a lower epoch than one seen before, as an agent does. */
  #heed({ vmUuid, epoch }: { vmUuid: string; epoch: number }): void {
    const seen = this.#epochs.get(vmUuid) ?? 0;
    if (epoch < seen)
      throw new EvenkeelError('FAILED_PRECONDITION', `epoch: ${epoch} is fenced_epoch, ${seen} was seen`);
    this.#epochs.set(vmUuid, epoch);
  }

  #settleVm({ vmUuid, act, expectedState, expectedStateReason }: SettleVmRequest): void {
    const vm = this.#find({ uuid: vmUuid });
    if (vm.state !== expectedState || vm.stateReason !== expectedStateReason)
      throw new EvenkeelError('FAILED_PRECONDITION', `settle: it is ${vm.state} now; look again`);
    switch (act) {
      case 'SETTLE_ACT_RESUME':
        Object.assign(vm, { state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNPAUSED' });
        return;
      case 'SETTLE_ACT_SUSPEND':
        Object.assign(vm, { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' });
        return;
      case 'SETTLE_ACT_DESTROY':
        Object.assign(vm, { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_DESTROYED' });
        return;
      case 'SETTLE_ACT_UNDEFINE':
        this.vms.delete(vmUuid);
        return;
      case 'SETTLE_ACT_UNSPECIFIED':
        throw new EvenkeelError('INVALID_ARGUMENT', 'act: must be one');
    }
  }

  /** A second call with the same id attaches to the running copy, even if the stream of the first has broken. */
  async *#migrate(request: MigrateRequest): AsyncGenerator<MigrateResponseInput, void, undefined> {
    this.#heed(request);
    const going = this.#copies.get(request.migrationId);
    if (going !== undefined) {
      yield { progress: { ...PROGRESS, phase: 'MIGRATION_PHASE_COPYING' } };
      yield { result: await going };
      return;
    }
    this.intents.set(request.vmUuid, request);
    if (request.commitMode === 'COMMIT_MODE_PAUSED') this.#isPaused.add(request.vmUuid);
    else this.#isPaused.delete(request.vmUuid);
    const vm = this.#find({ uuid: request.vmUuid });
    const target = this.#peers.get(request.targetHostId);
    if (target === undefined) throw new EvenkeelError('INVALID_ARGUMENT', 'target_host_id: unknown');
    const abort = new AbortController();
    this.#aborts.set(request.migrationId, abort);
    vm.migrationRole = 'VM_MIGRATION_ROLE_OUTGOING';
    target.add({
      ...vm,
      state: 'VM_STATE_PAUSED',
      stateReason: 'VM_STATE_REASON_MIGRATION',
      migrationRole: 'VM_MIGRATION_ROLE_INCOMING',
    });
    yield { progress: { ...PROGRESS, phase: 'MIGRATION_PHASE_COPYING' } };
    const copy = this.#copyOnce(request, abort.signal);
    this.#copies.set(request.migrationId, copy);
    copy.catch(() => undefined);
    yield { result: await copy };
  }

  async #copyOnce(request: MigrateRequest, aborted: AbortSignal): Promise<MigrateResultInput> {
    try {
      await this.copy.whileCopying(request, AbortSignal.any([this.#ended.signal, aborted]));
    } catch (error) {
      if (!aborted.aborted) throw error;
      this.settle(request, false);
      return { ok: false, causeCode: 'MIGRATION_CAUSE_USER_ABORT', message: 'canceled by client' };
    }
    this.settle(request, this.copy.arrives);
    return { ...this.copy.result, progress: { memoryTotalBytes: 100, downtimeMs: 42 } };
  }

  /** The end of a copy, as libvirt leaves it on both hosts. */
  settle({ vmUuid, targetHostId }: Pick<MigrateRequest, 'vmUuid' | 'targetHostId'>, arrives: boolean): void {
    const vm = this.vms.get(vmUuid);
    const target = this.#peers.get(targetHostId);
    if (vm === undefined || target === undefined) return;
    vm.migrationRole = 'VM_MIGRATION_ROLE_UNSPECIFIED';
    target.vms.delete(vmUuid);
    if (arrives) {
      this.vms.delete(vmUuid);
      const isPaused = this.#isPaused.has(vmUuid);
      target.add(
        isPaused
          ? { ...vm, state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' }
          : { ...vm, state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNSPECIFIED' },
      );
    }
    this.copy.afterwards(this, target, vm);
  }

  #find(ref: VmRef | { uuid: string } | null): FakeVm {
    const wanted = ref ?? {};
    for (const vm of this.vms.values()) {
      if ('name' in wanted && wanted.name === vm.name) return vm;
      if ('uuid' in wanted && wanted.uuid === vm.uuid) return vm;
    }
    throw new EvenkeelError('NOT_FOUND', `vm: no VM ${JSON.stringify(ref)} on ${this.name}`);
  }

  #set(ref: VmRef | null, state: FakeVm['state'], stateReason: VmStateReason): FakeVm {
    return Object.assign(this.#find(ref), { state, stateReason });
  }
}
