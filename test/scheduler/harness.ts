// Runs a whole scheduler on a real nats-server with fake hosts; the test sets the time of the samples.
import { connect, type NatsConnection } from 'nats';
import type { Test } from 'tap';
import { systemClock } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type { HostLoad, SchedulerServiceMigrateRequestInput } from '../../shared/gen/scheduler.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { Connection } from '../../shared/grpc/client.ts';
import { channelCredentials } from '../../shared/grpc/credentials.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { createLogger } from '../../shared/log.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { loadSettings } from '../../shared/settings.ts';
import { schedulerSchema, type SchedulerSettings } from '../../scheduler/config.ts';
import { startScheduler, type SchedulerDaemon } from '../../scheduler/scheduler.ts';
import { startNats, type Service } from '../services.ts';
import { until } from '../until.ts';
import { FakeHost, PLAINTEXT } from './fake-agent.ts';

const INTERVAL_MS = 1_000;
// Longer than any migration of these tests.
const ORDER_MAX_MS = 120_000;
// How far in the past samples may begin: the samples of the next seconds can then be published without waiting.
const TICKS_BEHIND_MS = 12 * INTERVAL_MS;

export class FakeCluster {
  readonly service: Service;
  readonly nats: NatsConnection;
  readonly hosts: FakeHost[];
  scheduler: SchedulerDaemon;
  client: ServiceCalls;
  readonly #settings: SchedulerSettings;
  #tickAtMs = 0;

  private constructor(
    service: Service,
    nats: NatsConnection,
    hosts: FakeHost[],
    settings: SchedulerSettings,
    scheduler: SchedulerDaemon,
  ) {
    this.service = service;
    this.nats = nats;
    this.hosts = hosts;
    this.#settings = settings;
    this.scheduler = scheduler;
    this.client = dial(scheduler.port);
  }

  static async start(
    t: Test,
    hostNames: readonly string[],
    mode: SchedulerSettings['mode'],
    shadowPolicyFile = '',
  ): Promise<FakeCluster> {
    const service = await startNats();
    const nats = await connect({ servers: service.url });
    const peers = new Map<string, FakeHost>();
    const hosts = hostNames.map((name) => new FakeHost(name, peers));
    for (const host of hosts) await host.start();
    const settings = settingsFor(service.url, mode, shadowPolicyFile);
    const cluster = new FakeCluster(service, nats, hosts, settings, await boot(settings));
    await cluster.ready();
    t.teardown(async () => {
      cluster.client.close();
      await cluster.scheduler.stop();
      for (const host of hosts) await host.end();
      await nats.close();
      await service.remove();
    });
    return cluster;
  }

  host(name: string): FakeHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no fake host ${name}`);
    return found;
  }

  /** Publishes `count` samples of all hosts, one interval apart. */
  async tick(count = 1, hosts: readonly FakeHost[] = this.hosts): Promise<void> {
    // However long the test has taken so far, its samples are not stale yet.
    const earliestMs = Math.floor((Date.now() - TICKS_BEHIND_MS) / INTERVAL_MS) * INTERVAL_MS;
    this.#tickAtMs = Math.max(this.#tickAtMs, earliestMs);
    for (let each = 0; each < count; each += 1) {
      this.#tickAtMs += INTERVAL_MS;
      for (const host of hosts) await host.publish(this.nats, this.#tickAtMs);
    }
  }

  /** Makes the next samples later than anything that has ended by now. */
  catchUp(): void {
    this.#tickAtMs = Math.max(this.#tickAtMs, Date.now());
  }

  /** Ends the scheduler and starts another one on the same NATS. */
  async restart(): Promise<void> {
    await this.down();
    await this.up();
  }

  async down(): Promise<void> {
    this.client.close();
    await this.scheduler.stop();
  }

  async up(): Promise<void> {
    this.scheduler = await boot(this.#settings);
    this.client = dial(this.scheduler.port);
    await this.ready();
  }

  /** Publishes samples until the scheduler shows all hosts and this many VMs. */
  async warm(vms: number): Promise<void> {
    await this.tick(6);
    await until(`${this.hosts.length} hosts and ${vms} VMs`, async () => {
      const hosts = await hostsOf(this);
      const running = hosts.reduce((sum, { vmsRunning }) => sum + vmsRunning, 0);
      return hosts.length === this.hosts.length && running === vms ? true : undefined;
    });
  }

  /** Waits until the scheduler leads, or knows the one that does. */
  async ready(): Promise<void> {
    await until('scheduler to be ready', async () => {
      const { code } = await commandAnswer(this.client);
      return code === 'NOT_FOUND' || code === 'FAILED_PRECONDITION' ? true : undefined;
    });
  }
}

/** The answer to a command: NOT_FOUND from the leader, since it names a migration that does not exist. */
export async function commandAnswer(client: ServiceCalls): Promise<{ code: string; message: string }> {
  try {
    await client.unary(
      schedulerService.AbortMigration,
      'abort',
      { migrationId: 'none' },
      { timeoutMs: 1_000 },
    );
  } catch (error) {
    if (error instanceof EvenkeelError) return { code: error.code, message: error.message };
  }
  throw new Error('there is no such migration');
}

export function settingsFor(
  natsUrl: string,
  mode: SchedulerSettings['mode'],
  shadowPolicyFile = '',
): SchedulerSettings {
  const defaults = loadSettings(schedulerSchema, undefined, {});
  return {
    ...defaults,
    // Nothing listens there: decisions need no InfluxDB, and one that runs on this machine is not touched.
    influx: { ...defaults.influx, url: 'http://127.0.0.1:1' },
    mode,
    planner: { ...defaults.planner, shadowPolicyFile },
    listen: { address: '127.0.0.1:0' },
    nats: { servers: [natsUrl], user: '', passwordFile: '', tokenFile: '', credentialsFile: '', caFile: '' },
    tls: PLAINTEXT,
  };
}

export async function boot(settings: SchedulerSettings): Promise<SchedulerDaemon> {
  return startScheduler(settings, {
    logger: createLogger('scheduler', process.env['EVENKEEL_LOG_LEVEL'] ?? 'fatal'),
    clock: systemClock,
    random: Math.random,
    signal: new AbortController().signal,
  });
}

export function dial(port: number): ServiceCalls {
  const address = `127.0.0.1:${port}`;
  // gRPC's own backoff grows to two minutes, so a server that starts late would be found much later.
  const often = { 'grpc.max_reconnect_backoff_ms': INTERVAL_MS };
  const peer = { daemon: 'evenkeel-scheduler', address } as const;
  return new Connection(peer, channelCredentials(PLAINTEXT, address), often);
}

/** Every host that the scheduler knows. */
export async function hostsOf({ client }: FakeCluster): Promise<HostLoad[]> {
  const answer = await client.unary(schedulerService.ListHosts, 'list', {}, { timeoutMs: 5_000 });
  return answer.hosts;
}

/** Every migration that the scheduler knows, newest first. */
export async function migrationsOf({ client }: FakeCluster): Promise<Migration[]> {
  const answer = await client.unary(schedulerService.ListMigrations, 'list', {}, { timeoutMs: 5_000 });
  return answer.migrations;
}

/** The newest migration, once it is in that state. */
export function migrationIn(cluster: FakeCluster, state: Migration['state']): Promise<Migration> {
  return until(`a migration in ${state}`, async () => {
    const [newest] = await migrationsOf(cluster);
    return newest?.state === state ? newest : undefined;
  });
}

/** Orders a migration and reads its steps to the end. Throws the scheduler's refusal. */
export async function order(
  { client }: FakeCluster,
  request: SchedulerServiceMigrateRequestInput,
): Promise<{ states: string[]; last: Migration }> {
  const states: string[] = [];
  let last: Migration | undefined;
  const answers = client.stream(schedulerService.Migrate, 'migrate', request, { timeoutMs: ORDER_MAX_MS });
  for await (const { migration } of answers) {
    if (migration === null) continue;
    last = migration;
    if (states.at(-1) !== migration.state) states.push(migration.state);
  }
  if (last === undefined) throw new Error('the stream held no migration');
  return { states, last };
}
