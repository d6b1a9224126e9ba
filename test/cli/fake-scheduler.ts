// A scheduler that speaks real gRPC and tells of the cluster of cluster.ts; a test can make it slow, refuse or break.
import type { ServerCredentials, UntypedServiceImplementation } from '@grpc/grpc-js';
import { aborted, systemClock } from '../../shared/clock.ts';
import { EvenkeelError, type ErrorCode } from '../../shared/errors.ts';
import type {
  SchedulerServiceCreateVmRequest,
  SchedulerServiceMigrateResponseInput,
  WatchLoadResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { MigrationInput } from '../../shared/gen/telemetry.ts';
import { serve, streamHandler, unaryHandler, type RunningServer } from '../../shared/grpc/server.ts';
import { createLogger } from '../../shared/log.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import * as cluster from './cluster.ts';
import { maintenance, modes, proposals, rules } from './fake-operations.ts';

export interface FakeScheduler extends RunningServer {
  /** What it was asked to create, for the test to compare. */
  readonly created: SchedulerServiceCreateVmRequest[];
  readonly removed: { vm: string; deleteVolumes: boolean }[];
  /** The migration of this VM has succeeded by the time somebody lists it. */
  finish(vm: string): void;
  /** Resolves once so many calls about the VM `slow` wait for their answer. */
  waiting(calls: number): Promise<void>;
}

const logger = createLogger('fake-scheduler', 'silent');

/** VMs by these names make trouble; all others behave. */
const TROUBLE: Readonly<Record<string, ErrorCode>> = {
  'is-off': 'FAILED_PRECONDITION',
  'is-taken': 'ALREADY_EXISTS',
  'is-broken': 'INTERNAL',
};

function vmNamed(name: string): { vm: typeof cluster.vm; hostId: string; hostName: string } {
  const code = TROUBLE[name];
  if (code !== undefined) throw new EvenkeelError(code, `${name} makes trouble; leave it alone`);
  if (!['burn1', 'burn2', 'slow', 'fails', 'lost', 'unsure'].includes(name))
    throw new EvenkeelError('NOT_FOUND', `no VM "${name}"; known are burn1, burn2, quiet10`);
  return { vm: { ...cluster.vm, name }, hostId: cluster.HOST_IDS.kvm1, hostName: 'kvm1' };
}

/** Serves on a free port of loopback until stopped. */
export async function startFakeScheduler(
  credentials: ServerCredentials,
  address = '127.0.0.1:0',
): Promise<FakeScheduler> {
  const created: FakeScheduler['created'] = [];
  const removed: FakeScheduler['removed'] = [];
  const ended = new Map<string, MigrationInput>();
  const slow = new SlowCalls();
  // Its stop waits for nobody: to the command it is a scheduler that was killed.
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  const running = await serve(clock, address, credentials, [
    {
      name: 'evenkeel.v1.SchedulerService',
      definition: schedulerService,
      implementation: {
        ...{ ...reads(), ...migrations(ended), ...lifeCycle(slow, created, removed) },
        ...{ ...modes(logger), ...rules(logger), ...proposals(logger), ...maintenance(logger) },
      },
    },
  ]);
  return {
    ...running,
    created,
    removed,
    finish: (vm) => ended.set(vm, { ...cluster.copying, vmName: vm, ...outcomeOf(vm) }),
    waiting: (calls) => slow.waiting(calls),
  };
}

/** Counts the calls that wait for an answer which does not come. */
class SlowCalls {
  #count = 0;
  #onCall: () => void = () => undefined;

  async wait(signal: AbortSignal): Promise<void> {
    this.#count += 1;
    this.#onCall();
    await aborted(signal);
  }

  async waiting(calls: number): Promise<void> {
    while (this.#count < calls)
      await new Promise<void>((resolve) => {
        this.#onCall = resolve;
      });
  }
}

function reads(): UntypedServiceImplementation {
  return {
    listHosts: unaryHandler(logger, () => Promise.resolve({ hosts: cluster.hosts })),
    listVmLoads: unaryHandler(logger, async ({ host }: { host: string }) => {
      if (host === 'crowded') return { vms: Array.from({ length: 2_000 }, () => cluster.vms[0] ?? {}) };
      if (host !== '' && !cluster.hosts.some(({ hostName }) => hostName === host))
        throw new EvenkeelError('NOT_FOUND', `no host "${host}"; known are kvm1, kvm2, kvm3`);
      return Promise.resolve({
        vms: cluster.vms.filter(({ hostName }) => host === '' || hostName === host),
      });
    }),
    watchLoad: streamHandler(
      logger,
      async function* (
        { intervalMs }: { intervalMs: number },
        signal,
      ): AsyncGenerator<WatchLoadResponseInput> {
        for (let frame = 0; ; frame += 1) {
          yield {
            atMs: cluster.NOW_MS + frame * intervalMs,
            hosts: cluster.hosts,
            vms: cluster.vms,
            migrations: [cluster.copying],
          };
          await systemClock.sleep(intervalMs, signal);
        }
      },
    ),
    plan: unaryHandler(logger, () =>
      Promise.resolve({ mode: 'MODE_RECOMMEND' as const, decisions: [cluster.decision] }),
    ),
    explain: unaryHandler(logger, async ({ vm }: { vm: string }) => {
      vmNamed(vm);
      return Promise.resolve(cluster.explanation);
    }),
    listDecisions: unaryHandler(logger, () =>
      Promise.resolve({ decisions: [cluster.decision, cluster.noMove] }),
    ),
    takeSnapshot: unaryHandler(logger, () =>
      Promise.resolve({ json: Buffer.from(JSON.stringify({ snapshot: { atMs: 1 }, plan: {} })) }),
    ),
    getRecord: unaryHandler(logger, ({ recordId }: { recordId: string }) =>
      Promise.resolve({ json: Buffer.from(JSON.stringify({ plan: recordId })) }),
    ),
  };
}

function migrations(ended: Map<string, MigrationInput>): UntypedServiceImplementation {
  return {
    migrate: streamHandler(
      logger,
      async function* (
        { vm, targetHost }: { vm: string; targetHost: string },
        signal,
      ): AsyncGenerator<SchedulerServiceMigrateResponseInput> {
        vmNamed(vm);
        if (targetHost === 'kvm1')
          throw new EvenkeelError(
            'FAILED_PRECONDITION',
            `${vm} cannot go to kvm1: it runs there already; name another host, or none`,
          );
        const migration = { ...cluster.copying, vmName: vm };
        const outcome = outcomeOf(vm);
        yield { migration: { ...migration, state: 'MIGRATION_STATE_CHECKING', progress: null } };
        yield { migration };
        // `slow` copies until nobody looks any more.
        if (vm === 'slow') await aborted(signal);
        if (vm === 'lost') {
          // The answer ends early; the migration is done by the time somebody looks.
          ended.set(vm, { ...migration, ...outcome });
          return;
        }
        yield { migration: { ...migration, ...outcome } };
      },
    ),
    listMigrations: unaryHandler(logger, async ({ activeOnly }: { activeOnly: boolean }) =>
      Promise.resolve({
        migrations: [
          ...(ended.size > 0 ? ended.values() : [cluster.copying]),
          ...(activeOnly ? [] : [cluster.succeeded, cluster.failed]),
        ],
      }),
    ),
    abortMigration: unaryHandler(logger, async ({ migrationId }: { migrationId: string }) => {
      if (migrationId !== 'm-7')
        throw new EvenkeelError('NOT_FOUND', `no migration "${migrationId}"; going on are m-7`);
      return Promise.resolve({
        migration: {
          ...cluster.copying,
          state: 'MIGRATION_STATE_ABORTED' as const,
          outcome: 'runs on kvm1 only',
          causeCode: 'MIGRATION_CAUSE_USER_ABORT',
        },
      });
    }),
  };
}

function outcomeOf(vm: string): MigrationInput {
  const endedAtMs = cluster.NOW_MS + 6_000;
  if (vm === 'fails')
    return {
      endedAtMs,
      state: 'MIGRATION_STATE_FAILED',
      causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE',
      outcome: 'runs on kvm1 as before',
    };
  if (vm === 'unsure')
    return {
      endedAtMs,
      state: 'MIGRATION_STATE_UNKNOWN',
      causeCode: 'MIGRATION_CAUSE_SRC_UNREACHABLE',
      outcome: 'kvm1 does not answer',
    };
  return {
    endedAtMs,
    state: 'MIGRATION_STATE_SUCCEEDED',
    outcome: 'runs on kvm2 only',
    progress: { downtimeMs: 86 },
  };
}

function lifeCycle(
  slow: SlowCalls,
  created: FakeScheduler['created'],
  removed: FakeScheduler['removed'],
): UntypedServiceImplementation {
  const oneVm = unaryHandler(logger, async ({ vm }: { vm: string }, signal) => {
    if (vm === 'slow') await slow.wait(signal);
    return vmNamed(vm);
  });
  return {
    createVm: unaryHandler(logger, async (request: SchedulerServiceCreateVmRequest) => {
      const name = request.spec?.name ?? '';
      if (TROUBLE[name] !== undefined) vmNamed(name);
      created.push(request);
      return Promise.resolve({
        vm: { ...cluster.vm, name },
        hostId: cluster.HOST_IDS.kvm1,
        hostName: 'kvm1',
      });
    }),
    getVm: oneVm,
    startVm: oneVm,
    shutdownVm: oneVm,
    destroyVm: oneVm,
    undefineVm: unaryHandler(logger, async (request: { vm: string; deleteVolumes: boolean }) => {
      vmNamed(request.vm);
      removed.push(request);
      const keptVolumes = [{ volume: 'shared/base', reason: 'it was not made for this VM' }];
      return Promise.resolve(
        request.deleteVolumes ? { deletedVolumes: ['shared/burn1-0'], keptVolumes } : {},
      );
    }),
  };
}
