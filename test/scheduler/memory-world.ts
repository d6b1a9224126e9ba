// Simulates a scheduler's surroundings in memory, for tests that span hours: a store, hosts that show what the test
// says, and a manual clock.
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  MigrateRequestInput,
  MigrateResponse,
  MigrateResult,
  SettleVmRequestInput,
  Vm,
} from '../../shared/gen/agent.ts';
import type { Migration, MoveObstacle } from '../../shared/gen/telemetry.ts';
import { createLogger } from '../../shared/log.ts';
import { migrationCodec } from '../../shared/proto/load.ts';
import { MIB } from '../../shared/units.ts';
import type { MigrationAgent } from '../../scheduler/migrations/agent-calls.ts';
import { Journal } from '../../scheduler/migrations/journal.ts';
import { Runner, type MigrationOrder } from '../../scheduler/migrations/runner.ts';
import { Slots } from '../../scheduler/migrations/slots.ts';
import type { Store, StoredEntry } from '../../scheduler/store/store.ts';
import { ManualClock } from '../manual-clock.ts';

export type Shown = Pick<Vm, 'state' | 'stateReason'>;

export const RUNNING: Shown = { state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNSPECIFIED' };
export const PAUSED_MIGRATING: Shown = { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_MIGRATION' };
export const PAUSED_USER: Shown = { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' };
export const OFF: Shown = { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_DESTROYED' };

/** A host whose agent answers as the test sets it. */
export class MemoryHost implements MigrationAgent {
  readonly name: string;
  readonly clock: ManualClock;
  shows: Shown | undefined;
  isReachable = true;
  lockProven = true;
  obstacles: MoveObstacle[] = [];
  definedBefore = false;
  dirtyBytesPerSecond = 0;
  /** "guard", "migrate", "resume", ... in the order of the calls. */
  readonly did: string[] = [];
  /** Runs the copy and returns libvirt's answer. */
  copy: (request: MigrateRequestInput) => Promise<Partial<MigrateResult>> = () =>
    Promise.resolve({ ok: true });

  constructor(name: string, clock: ManualClock) {
    this.name = name;
    this.clock = clock;
  }

  getVm(): Promise<{ vm: Vm; xml: string }> {
    return this.#answer(() => ({ vm: this.#vm(), xml: '<domain/>' }));
  }

  checkSource(): ReturnType<MigrationAgent['checkSource']> {
    return this.#answer(() => ({ obstacles: this.obstacles, storage: [], hostCpuXml: '' }));
  }

  checkTarget(): ReturnType<MigrationAgent['checkTarget']> {
    const { lockProven } = this;
    return this.#answer(() => ({ refusals: [], lockProven, lockReason: '', atMs: this.clock.nowMs() }));
  }

  guardMigration(): ReturnType<MigrationAgent['guardMigration']> {
    return this.#answer(() => ({ definedBefore: this.definedBefore }), 'guard');
  }

  async *migrate(request: MigrateRequestInput): AsyncGenerator<MigrateResponse, void, undefined> {
    await this.#answer(() => undefined, 'migrate');
    const { dirtyBytesPerSecond } = this;
    const figures = { memoryTotalBytes: 1, memoryProcessedBytes: 0, memoryRemainingBytes: 1, iteration: 1 };
    const progress = {
      ...{ ...figures, memoryBytesPerSecond: 0, dirtyBytesPerSecond, elapsedMs: 0 },
      phase: 'MIGRATION_PHASE_COPYING' as const,
    };
    yield { progress };
    const result = {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_UNSPECIFIED' as const,
      message: '',
      progress: null,
      ...(await this.copy(request)),
    };
    yield { result };
  }

  abortMigration(): Promise<void> {
    return this.#answer(() => undefined, 'abort');
  }

  observeVm(): ReturnType<MigrationAgent['observeVm']> {
    return this.#answer(() =>
      this.shows === undefined ? { migrationId: '' } : { vm: this.#vm(), migrationId: '' },
    );
  }

  settleVm({ act }: SettleVmRequestInput): ReturnType<MigrationAgent['settleVm']> {
    const word = (act ?? '').replace('SETTLE_ACT_', '').toLowerCase();
    return this.#answer(() => {
      if (word === 'resume')
        this.shows = { state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNPAUSED' };
      if (word === 'suspend') this.shows = PAUSED_USER;
      if (word === 'destroy') this.shows = OFF;
      if (word === 'undefine') this.shows = undefined;
      return {};
    }, word);
  }

  endMigration(): Promise<void> {
    return this.#answer(() => undefined, 'end');
  }

  #answer<T>(make: () => T, does = ''): Promise<T> {
    if (!this.isReachable)
      return Promise.reject(new EvenkeelError('UNAVAILABLE', `${this.name}: no route to host`));
    if (does !== '') this.did.push(does);
    return Promise.resolve().then(make);
  }

  #vm(): Vm {
    if (this.shows === undefined) throw new EvenkeelError('NOT_FOUND', 'vm: none');
    return {
      ...{ uuid: 'web', name: 'web', libvirtId: 1, persistent: true, autostart: false, vcpus: 1 },
      ...{
        memoryMaxBytes: 256 * MIB,
        migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
        metadata: null,
        disks: [],
        nics: [],
        vncAddress: '',
        consoles: [],
      },
      ...{
        machineType: '',
        osFamily: '',
        firmware: '',
        secureBoot: false,
        tpm: false,
        qemuElements: [],
        observedAtMs: this.clock.nowMs(),
      },
      ...{ processEnded: false, ...this.shows },
    };
  }
}

/** A bucket in memory; all schedulers of a test share it. */
export function memoryStore(): Store {
  const entries = new Map<string, StoredEntry>();
  const followers = new Set<(entry: StoredEntry) => void>();
  let last = 0;
  const write = (key: string, value: Uint8Array | undefined, revision: number): number => {
    if ((entries.get(key)?.revision ?? 0) !== revision)
      throw new EvenkeelError('ABORTED', `write ${key}: another writer was first`);
    last += 1;
    const entry = { key, value, revision: last };
    entries.set(key, entry);
    for (const take of followers) take(entry);
    return last;
  };
  return {
    get: (key) => Promise.resolve(entries.get(key)),
    put: (key, value, revision) => Promise.resolve().then(() => write(key, value, revision)),
    remove: (key, revision) => Promise.resolve().then(() => void write(key, undefined, revision)),
    follow: (_, take, signal) => {
      const takeOrSkip = (entry: StoredEntry): void => {
        try {
          take(entry);
        } catch {
          // As the contract of the store says.
        }
      };
      for (const entry of entries.values()) takeOrSkip(entry);
      followers.add(takeOrSkip);
      signal.addEventListener('abort', () => followers.delete(takeOrSkip));
      return Promise.resolve();
    },
  };
}

export const SETTINGS = {
  ...{ bandwidthBytesPerSecond: 100 * MIB, bandwidthTotalBytesPerSecond: 0, downtimeMaxMs: 300 },
  ...{ outPerHost: 1, inPerHost: 1, concurrentMax: 5 },
};

const NO_FACTS = { agentAddress: '', certificateSha256: '', hypervisorVersion: '', migrateUri: '' };

export class MemoryWorld {
  readonly clock = new ManualClock();
  readonly store = memoryStore();
  readonly hosts = new Map(
    ['kvm1', 'kvm2', 'kvm3', 'kvm4'].map((name) => [name, new MemoryHost(name, this.clock)]),
  );
  /** The libvirt URI that every host reports, with its own name for HOST. */
  libvirtUri = 'qemu+tls://HOST/system';
  /** Each recorded state, of any migration. */
  readonly told: Migration[] = [];
  #ids = 0;

  host(name: string): MemoryHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new EvenkeelError('UNAVAILABLE', `${name} is not known`);
    return host;
  }

  async runner(): Promise<Runner> {
    const { clock, store } = this;
    const logger = createLogger('runner', 'silent');
    const never = new AbortController().signal;
    const journal = await Journal.open({ store, codec: migrationCodec, clock }, never);
    const vm = { memoryMaxBytes: 256 * MIB, memoryUsedBytes: 256 * MIB, downtimeMaxMs: 0, postCopy: false };
    return new Runner(
      {
        ...{ journal, clock, logger, random: () => 0.5, slots: new Slots(store) },
        agents: { of: (hostId) => this.host(hostId) },
        knowledge: {
          ...{ hostCount: () => this.hosts.size, hostName: (hostId) => hostId },
          facts: (hostId) => ({ ...NO_FACTS, libvirtUri: this.libvirtUri.replace('HOST', hostId) }),
          ...{ vm: () => vm, roomBytes: () => undefined, arrived: () => undefined },
        },
        tell: (migration) => this.told.push(migration),
        watchBell: { ring: () => undefined },
        newId: () => `m${(this.#ids += 1)}`,
      },
      SETTINGS,
    );
  }

  /** A scheduler that leads until the test ends. */
  async leading(): Promise<Runner> {
    const runner = await this.runner();
    const led = runner.lead('s', new AbortController().signal);
    await this.clock.pass(1);
    await led;
    return runner;
  }

  order(given: Partial<MigrationOrder> = {}): MigrationOrder {
    return {
      ...{ vmUuid: 'web', vmName: 'web', sourceHostId: 'kvm1', targetHostId: 'kvm2', decisionId: '' },
      ...given,
    };
  }
}
