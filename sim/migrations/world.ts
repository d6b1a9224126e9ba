// Builds one simulated cluster: three hosts with their agents, two schedulers, a store, and the network between them.
import { pino } from 'pino';
import type { Logger } from '../../shared/log.ts';
import { MIB } from '../../shared/units.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { CopyOrder } from '../../agent/migration/hypervisor/hypervisor.ts';
import { readClaim } from '../../scheduler/migrations/journal.ts';
import type { Knowledge } from '../../scheduler/migrations/knowledge.ts';
import type { RunnerSettings } from '../../scheduler/migrations/runner.ts';
import { readSlots } from '../../scheduler/migrations/slots.ts';
import { DEFAULT_RESTRAINT, type Restraint } from '../../scheduler/restraint/cool-down.ts';
import { AgentNode, roomOf, type AgentPlant } from './agent-node.ts';
import { Disk } from '../world/disk.ts';
import { History, type Act } from './facts.ts';
import { Kvm, type SimVm } from '../host/kvm.ts';
import { Libvirt } from '../host/libvirt.ts';
import { Network } from '../world/network.ts';
import { Random } from '../world/random.ts';
import { Rpc } from '../world/rpc.ts';
import type { Limits, Scene } from './scene.ts';
import { SchedulerNode, type SchedulerPlant } from './scheduler-node.ts';
import { StoreServer } from '../world/store.ts';
import { Timeline } from '../world/timeline.ts';

/** The parts that a planted bug replaces. */
export interface Plant {
  readonly agent?: AgentPlant;
  readonly scheduler?: SchedulerPlant;
  /** Called with the world once it is built, for plants that need it. */
  readonly attach?: (world: World) => void;
}

const HOSTS = ['h1', 'h2', 'h3'];
const SCHEDULERS = 2;
const HOST_MEMORY_BYTES = 2048 * MIB;
const BANDWIDTH = 100 * MIB;
const COOL_DOWN_MS = 20_000;
// One stream of random numbers for each part, so that a change in one part does not affect the others.
const STREAM = { network: 1, kvm: 2, disk: 3, schedulers: 4, setting: 5, agents: 6 };

const SETTINGS: RunnerSettings = {
  bandwidthBytesPerSecond: BANDWIDTH,
  bandwidthTotalBytesPerSecond: 0,
  downtimeMaxMs: 500,
  outPerHost: 1,
  inPerHost: 1,
  concurrentMax: 5,
};

export class World {
  readonly timeline = new Timeline();
  readonly history = new History(() => this.timeline.nowMs);
  readonly network: Network;
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly store: StoreServer;
  readonly agents = new Map<string, AgentNode>();
  readonly schedulers: SchedulerNode[] = [];
  readonly migrations = new Map<string, Migration>();
  readonly scene: Scene;
  readonly restraint: Restraint = {
    ...DEFAULT_RESTRAINT,
    afterSuccessMs: COOL_DOWN_MS,
    afterFailureMs: COOL_DOWN_MS / 4,
    afterNotConvergingMs: 2 * COOL_DOWN_MS,
    retryAfterMs: COOL_DOWN_MS / 4,
    retryMaxMs: 2 * COOL_DOWN_MS,
    coolDownMaxMs: 2 * COOL_DOWN_MS,
  };
  #ids = 0;

  constructor(seed: number, plant: Plant, logsToTrace = false) {
    const logger = logsToTrace ? traceLogger(this.history) : pino({ enabled: false });
    const { timeline, history } = this;
    const draw = (stream: number): Random => new Random(seed, stream);
    this.network = new Network(timeline, draw(STREAM.network), history);
    this.kvm = new Kvm(history);
    const { network, kvm } = this;
    this.libvirt = new Libvirt({ timeline, network, kvm, random: draw(STREAM.kvm) }, (...act) => {
      this.#recordAct(...act);
    });
    this.store = new StoreServer(timeline, network, history);
    const rpc = new Rpc({ timeline, network, history });
    const { libvirt, store, agents } = this;
    for (const hostId of HOSTS) {
      kvm.addHost(hostId, HOST_MEMORY_BYTES);
      const disk = new Disk(timeline, new Random(seed + Number(hostId.slice(1)), STREAM.disk));
      const random = new Random(seed + Number(hostId.slice(1)), STREAM.agents);
      const parts = { kvm, libvirt, timeline, rpc, random, logger, agents, plant: plant.agent ?? {} };
      agents.set(hostId, new AgentNode(hostId, disk, { offsetMs: 0, rate: 1 }, parts));
    }
    const common = { timeline, history, rpc, store, agents, logger, settings: SETTINGS };
    for (let number = 1; number <= SCHEDULERS; number += 1) {
      const random = new Random(seed + number, STREAM.schedulers);
      const given = {
        knowledge: this.#knowledge(),
        plant: plant.scheduler ?? {},
        newId: () => this.#newId(),
      };
      this.schedulers.push(
        new SchedulerNode(number, { offsetMs: 0, rate: 1 }, { ...common, random, ...given }),
      );
    }
    this.#populate(draw(STREAM.setting));
    const limits = limitsOf(SETTINGS);
    const { migrations } = this;
    this.scene = { history, kvm, libvirt, limits, migrations, heldSlots: () => this.#heldSlots() };
    plant.attach?.(this);
  }

  /** All places of the network. */
  get places(): string[] {
    return [...HOSTS, ...this.schedulers.map(({ place }) => place), 'nats'];
  }

  /** The scheduler that takes orders. */
  get leader(): SchedulerNode | undefined {
    return this.schedulers.find(({ isLeading }) => isLeading);
  }

  #populate(random: Random): void {
    const count = random.whole(3, 5);
    for (let number = 1; number <= count; number += 1) {
      // A few guests change their memory faster than it can be copied.
      const isBusy = random.chance(0.12);
      const vm: SimVm = {
        uuid: `00000000-0000-4000-8000-00000000000${number}`,
        name: `vm-${number}`,
        memoryBytes: random.pick([128, 256, 512]) * MIB,
        dirtyBytesPerSecond: isBusy ? 1.5 * BANDWIDTH : random.between(0, 0.4) * BANDWIDTH,
        isLockable: random.chance(0.5),
        mayPostCopy: isBusy && random.chance(0.5),
        lockedBy: undefined,
        endedBy: undefined,
      };
      const roomy = HOSTS.filter((hostId) => roomOf(this.kvm, hostId, vm.uuid) >= vm.memoryBytes);
      this.kvm.addVm(vm, random.pick(roomy));
    }
  }

  #knowledge(): Knowledge {
    const { kvm } = this;
    return {
      hostCount: () => 6,
      hostName: (hostId) => hostId,
      facts: (hostId) => ({
        agentAddress: hostId,
        certificateSha256: '',
        hypervisorVersion: '7.2.22',
        libvirtUri: `qemu+tcp://${hostId}/system`,
        migrateUri: '',
      }),
      vm: (vmUuid) => {
        const { memoryBytes, mayPostCopy } = kvm.vm(vmUuid);
        const memory = { memoryMaxBytes: memoryBytes, memoryUsedBytes: memoryBytes };
        return { ...memory, downtimeMaxMs: 0, postCopy: mayPostCopy };
      },
      roomBytes: (hostId, vmUuid) => roomOf(kvm, hostId, vmUuid),
      arrived: () => undefined,
    };
  }

  #newId(): string {
    this.#ids += 1;
    return `m${this.#ids}`;
  }

  #recordAct(hostId: string, vmUuid: string, act: Act, order?: CopyOrder, targetHostId = ''): void {
    const { kvm } = this;
    const elsewhere = kvm.wholeElsewhere(hostId, vmUuid);
    this.history.add({
      kind: 'act',
      hostId,
      vmUuid,
      act,
      isWhole: kvm.copy(hostId, vmUuid)?.isWhole === true,
      wholeElsewhere: elsewhere,
      runningElsewhere: kvm.runningOn(vmUuid).filter((other) => other !== hostId),
      targetHostId,
      arrivesPaused: order?.arrivesPaused === true,
    });
  }

  /** True if a migration holds a VM, according to the store. */
  hasClaims(): boolean {
    for (const { key, value } of this.store.entries.values()) {
      if (!key.startsWith('vm.') || value === undefined) continue;
      if (readClaim(key, value).migrationId !== '') return true;
    }
    return false;
  }

  #heldSlots(): string[] {
    return readSlots(this.store.entries.get('slots')?.value).map(({ migrationId }) => migrationId);
  }

  /** Keeps the newest record of each migration; call it after each step. */
  fold(from: number): void {
    const { facts } = this.history;
    for (let at = from; at < facts.length; at += 1) {
      const fact = facts[at];
      if (fact?.kind === 'record') this.migrations.set(fact.migration.migrationId, fact.migration);
    }
  }
}

/** A logger that writes what the daemons log to the trace. */
function traceLogger(history: History): Logger {
  const write = (line: string): void => {
    history.note('say', '', line.trimEnd());
  };
  return pino({ base: null, timestamp: false }, { write });
}

function limitsOf(settings: RunnerSettings): Limits {
  const { outPerHost, inPerHost, concurrentMax, bandwidthBytesPerSecond } = settings;
  const bandwidthTotalBytesPerSecond = concurrentMax * bandwidthBytesPerSecond;
  return { outPerHost, inPerHost, concurrentMax, bandwidthTotalBytesPerSecond, coolDownMs: COOL_DOWN_MS };
}
