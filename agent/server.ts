// Serves the agent's gRPC service: each method passes its request to the part that does the work.
import type { AgentServiceHandlers, GetHostRequest, GetHostResponseInput } from '../shared/gen/agent.ts';
import type { Clock } from '../shared/clock.ts';
import { serverCredentials } from '../shared/grpc/credentials.ts';
import { serve, streamHandler, unaryHandler, type RunningServer } from '../shared/grpc/server.ts';
import type { Logger } from '../shared/log.ts';
import { agentService } from '../shared/proto/load.ts';
import type { TlsSettings } from '../shared/settings.ts';
import type { CheckTarget } from './migration/checks/check.ts';
import type { CheckSource } from './migration/checks/source-check.ts';
import type { MigrationGuard } from './migration/target/guard.ts';
import type { MigrationJobs } from './migration/source/jobs.ts';
import type { CreateVm } from './vm/create.ts';
import type { Lifecycle } from './vm/lifecycle.ts';
import type { FindVolumeUsers } from './vm/volume-users.ts';

/** The parts that do the work. */
export interface AgentParts {
  /** Throws UNAVAILABLE until libvirt has reported the host id. */
  host(request: GetHostRequest): Promise<GetHostResponseInput>;
  readonly create: CreateVm;
  readonly lifecycle: Lifecycle;
  readonly findVolumeUsers: FindVolumeUsers;
  readonly checkSource: CheckSource;
  readonly checkTarget: CheckTarget;
  readonly migrations: MigrationJobs;
  readonly guard: MigrationGuard;
}

/** Listens on `address`. Throws when the port is taken or the certificate cannot be read. */
export function startAgentServer(
  address: string,
  tls: TlsSettings,
  parts: AgentParts,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<RunningServer> {
  return serve(clock, address, serverCredentials(tls, address), [
    {
      name: 'evenkeel.v1.AgentService',
      definition: agentService,
      implementation: agentHandlers(parts, logger),
    },
  ]);
}

function agentHandlers(parts: AgentParts, logger: Logger): AgentServiceHandlers {
  const { create, lifecycle, findVolumeUsers, checkSource, checkTarget, migrations, guard } = parts;
  return {
    GetHost: unaryHandler(logger, (request) => parts.host(request)),
    ListVms: unaryHandler(logger, async (_request, signal) => ({ vms: await lifecycle.list(signal) })),
    GetVm: unaryHandler(logger, (request, signal) => lifecycle.get(request, signal)),
    FindVolumeUsers: unaryHandler(logger, (request, signal) => findVolumeUsers(request, signal)),
    CreateVm: unaryHandler(logger, async (request, signal) => {
      logger.info({ vm: request.spec?.name, start: request.start }, 'creating a VM');
      return { vm: await create(request, signal) };
    }),
    StartVm: unaryHandler(logger, async ({ vm }, signal) => {
      logger.info({ vm }, 'starting a VM');
      return { vm: await lifecycle.start(vm, signal) };
    }),
    ShutdownVm: unaryHandler(logger, async ({ vm }, signal) => {
      logger.info({ vm }, 'shutting down a VM');
      return { vm: await lifecycle.shutdown(vm, signal) };
    }),
    DestroyVm: unaryHandler(logger, async ({ vm }, signal) => {
      logger.info({ vm }, 'destroying a VM');
      return { vm: await lifecycle.destroy(vm, signal) };
    }),
    UndefineVm: unaryHandler(logger, async (request, signal) => {
      logger.info({ vm: request.vm, deleteVolumes: request.deleteVolumes }, 'undefining a VM');
      return await lifecycle.undefine(request, signal);
    }),
    CheckSource: unaryHandler(logger, (request, signal) => checkSource(request, signal)),
    CheckTarget: unaryHandler(logger, (request, signal) => checkTarget(request, signal)),
    Migrate: streamHandler(logger, (request, signal) => migrations.migrate(request, signal)),
    AbortMigration: unaryHandler(logger, async (request, signal) => {
      await migrations.abort(request, signal);
      return {};
    }),
    GuardMigration: unaryHandler(logger, (request, signal) => guard.guard(request, signal)),
    ObserveVm: unaryHandler(logger, (request, signal) => guard.observe(request, signal)),
    SettleVm: unaryHandler(logger, (request, signal) => guard.settle(request, signal)),
    EndMigration: unaryHandler(logger, async (request) => {
      await guard.end(request);
      return {};
    }),
  };
}
