// evenkeel-agent: reads the settings, connects the parts, runs until told to stop.
import { runDaemon, type Daemon } from '../shared/daemon.ts';
import type { Clock } from '../shared/clock.ts';
import { EvenkeelError } from '../shared/errors.ts';
import { serverCredentials } from '../shared/grpc/credentials.ts';
import type { Logger } from '../shared/log.ts';
import { agentSchema, type AgentSettings } from './config.ts';
import { startLibvirtAccess, type LibvirtAccess } from './libvirt-access.ts';
import type { SessionState } from './libvirt/session.ts';
import { createCheckTarget } from './migration/check.ts';
import { Epochs } from './migration/epochs.ts';
import { createMigrationJobs } from './migration/jobs.ts';
import { startAgentServer, type AgentParts } from './server.ts';
import { readHostCounters, readPageBytes } from './telemetry/host.ts';
import { createCreator } from './vm/create.ts';
import { createLifecycle } from './vm/lifecycle.ts';
import { hasBridge } from './vm/resolve.ts';

interface Context {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

await runDaemon({
  name: 'evenkeel-agent',
  schema: agentSchema,
  defaultConfigFile: '/etc/evenkeel/agent.yaml',
  // A certificate that cannot be read is better found by --check-config than by a restart.
  validate: ({ tls, listen }) => {
    serverCredentials(tls, listen.address);
  },
  start: startAgent,
});

async function startAgent(settings: AgentSettings, context: Context): Promise<Daemon> {
  const { clock, logger, signal } = context;
  const access = startLibvirtAccess(settings.libvirt, clock, Math.random, logLibvirt(logger));
  const parts = composeParts(settings, access, { clock, logger, signal });
  const server = await startAgentServer(settings.listen.address, settings.tls, parts, context);
  return {
    failed: new Promise<never>(() => undefined),
    isHealthy: () => true,
    stop: async () => {
      await server.stop();
      await access.stop();
    },
  };
}

/** Says when libvirt goes and when it comes: an outage of an hour is two lines. */
function logLibvirt(logger: Logger): (state: SessionState) => void {
  let isAway = false;
  return (state) => {
    if (state.kind === 'ready') {
      isAway = false;
      logger.info('libvirt is there');
    }
    if (state.kind === 'waiting' && !isAway) {
      isAway = true;
      logger.warn({ reason: state.error.message }, 'libvirt is away; the agent keeps trying');
    }
  };
}

function composeParts(settings: AgentSettings, access: LibvirtAccess, context: Context): AgentParts {
  const { clock, logger, signal } = context;
  const pageBytes = readPageBytes();
  const counters = (): ReturnType<typeof readHostCounters> => readHostCounters('/proc', pageBytes);
  return {
    host: () =>
      Promise.reject(
        new EvenkeelError('UNAVAILABLE', 'libvirt has not told yet what host this is; try again'),
      ),
    create: createCreator({
      access,
      clock,
      logger,
      look: { hypervisor: settings.hypervisor, hasBridge, random: Math.random },
      hostSize: counters,
      newUuid: () => crypto.randomUUID(),
    }),
    lifecycle: createLifecycle(access, clock),
    checkTarget: createCheckTarget({
      access,
      logger,
      memoryReserveBytes: settings.migration.memoryReserveBytes,
      memoryAvailableBytes: () => counters().memoryAvailableBytes,
      hasBridge,
    }),
    migrations: createMigrationJobs({
      access,
      epochs: new Epochs(settings.stateDirectory),
      settings: settings.migration,
      clock,
      logger,
      stopped: signal,
    }),
  };
}
