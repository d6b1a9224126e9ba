// Starts and stops the agent: libvirt for commands, telemetry, migrations and the gRPC service.
import type { Clock } from '../shared/clock.ts';
import type { Daemon, DaemonContext } from '../shared/daemon.ts';
import { EvenkeelError } from '../shared/errors.ts';
import { ownCertificateSha256 } from '../shared/grpc/credentials.ts';
import { connectNats } from '../shared/nats.ts';
import { SECOND_MS } from '../shared/units.ts';
import { packageVersion } from '../shared/version.ts';
import { advertised } from './advertise.ts';
import type { AgentSettings } from './config.ts';
import { startLibvirtAccess, type LibvirtAccess } from './libvirt-access.ts';
import { createCheckTarget } from './migration/checks/check.ts';
import { createCheckSource, createLookAtSource } from './migration/checks/source-check.ts';
import { MigrationGuard, refuseDuringMigration } from './migration/target/guard.ts';
import { Intents } from './migration/promises/intents.ts';
import { createMigrationJobs } from './migration/source/jobs.ts';
import { createLibvirtHypervisor } from './migration/hypervisor/libvirt-hypervisor.ts';
import { createAskSource } from './migration/target/source-agent.ts';
import { isThisMachine, thisMachine } from './own-addresses.ts';
import { startAgentServer, type AgentParts } from './server.ts';
import { openStateFolder } from './state/disk.ts';
import type { StateFolder } from './state/folder.ts';
import type { AgentIdentity } from './telemetry/facts.ts';
import { readHostCounters, readPageBytes } from './telemetry/host.ts';
import type { HostCounters } from './telemetry/host-rates.ts';
import { startTelemetry, type Telemetry } from './telemetry/telemetry.ts';
import { createCreator } from './vm/create.ts';
import { Creations } from './vm/creations.ts';
import { createLifecycle } from './vm/lifecycle.ts';
import { createFindVolumeUsers } from './vm/volume-users.ts';
import { LINK_ROOTS, lookAtLinks } from './vm/host-links.ts';
import { translated } from './libvirt-errors.ts';

// A running server answers in milliseconds; one that does not answer within this is tried again later.
const NATS_TIMEOUT_MS = 5 * SECOND_MS;

/**
 * Starts whether or not libvirt and NATS are running. Throws on a port in use, an unreadable certificate, a wrong /proc,
 * or when only a setting can tell under which address others reach this host.
 */
export async function startAgent(settings: AgentSettings, context: DaemonContext): Promise<Daemon> {
  const { clock, random, logger } = context;
  const identity = (): Promise<AgentIdentity> => identityOf(settings, clock);
  await identity().catch((error: unknown) => {
    // A network that is not up yet is waited for.
    if (!(error instanceof EvenkeelError && error.code === 'UNAVAILABLE')) throw error;
  });
  const access = startLibvirtAccess(settings.libvirt, clock, random);
  const telemetry = startTelemetry({
    settings,
    lookAtSource: createLookAtSource(access, settings.migration.unsafe),
    libvirt: { target: { kind: 'unix', path: settings.libvirt.socket }, uri: settings.libvirt.uri },
    identity,
    connectNats: () => connectNats(settings.nats, 'evenkeel-agent', NATS_TIMEOUT_MS),
    clock,
    random,
    logger,
  });
  const folder = openStateFolder(settings.stateDirectory);
  const creations = await Creations.open(folder, logger);
  const parts = composeParts(settings, { access, telemetry, folder, creations }, context);
  const server = await startAgentServer(settings.listen.address, settings.tls, parts, context);
  const stopping = new AbortController();
  void parts.migrations.recover().catch((error: unknown) => {
    logger.error({ err: error }, 'cannot recover the migrations that were under way');
  });
  void creations.takeBackLeft({ access, clock, random, logger });
  const watching = parts.guard.watch(stopping.signal);
  return {
    // The agent waits for whatever is away; only a bug ends it, and that ends the process.
    failed: new Promise<never>(() => undefined),
    isHealthy: () => telemetry.isHealthy(),
    stop: async () => {
      await server.stop();
      stopping.abort();
      await watching;
      await telemetry.stop();
      await access.stop();
    },
  };
}

async function identityOf(
  { advertise, listen, nats, tls }: AgentSettings,
  clock: Clock,
): Promise<AgentIdentity> {
  const { agentAddress, libvirtUri, migrateUri } = await advertised(
    advertise,
    listen.address,
    nats.servers,
    thisMachine(clock),
  );
  return {
    agentAddress,
    libvirtUri,
    migrateUri,
    certificateSha256: ownCertificateSha256(tls),
    agentVersion: packageVersion(),
  };
}

interface Foundation {
  readonly access: LibvirtAccess;
  readonly telemetry: Telemetry;
  readonly folder: StateFolder;
  readonly creations: Creations;
}

function composeParts(
  settings: AgentSettings,
  { access, telemetry, folder, creations }: Foundation,
  { clock, random, logger, signal }: DaemonContext,
): AgentParts {
  const pageBytes = readPageBytes();
  const counters = (): HostCounters => readHostCounters(settings.sampling.procRoot, pageBytes);
  const intents = new Intents(folder, clock);
  const lookAtLink = lookAtLinks({ ...LINK_ROOTS, sysRoot: settings.sampling.sysRoot });
  const migration = {
    hypervisor: createLibvirtHypervisor(access, settings.migration, clock),
    intents,
    clock,
    logger,
    callTimeoutMs: access.timeoutMs,
  };
  return {
    host: async ({ fresh }) => {
      const report = fresh
        ? await translated('look at the host', telemetry.lookAtHost())
        : telemetry.latest();
      if (report === undefined)
        throw new EvenkeelError(
          'UNAVAILABLE',
          'libvirt has not reported the host id yet; check that libvirtd runs',
        );
      return { hostId: report.hostId, hostName: report.hostName, facts: report.facts };
    },
    create: createCreator({
      access,
      creations,
      clock,
      random,
      logger,
      look: { hypervisor: settings.hypervisor, lookAtLink, random },
      hostSize: counters,
      newUuid: () => crypto.randomUUID(),
    }),
    lifecycle: createLifecycle(
      access,
      clock,
      (verb, vmUuid) => refuseDuringMigration(intents, verb, vmUuid),
      async (vmUuid) => (await intents.of(vmUuid)) !== undefined,
    ),
    findVolumeUsers: createFindVolumeUsers(access),
    checkSource: createCheckSource(telemetry.lookAtSource),
    checkTarget: createCheckTarget({
      access,
      intents,
      clock,
      logger,
      settings: settings.migration,
      procRoot: settings.sampling.procRoot,
      memory: counters,
      lookAtLink,
    }),
    migrations: createMigrationJobs({
      ...migration,
      random,
      isTcpAllowed: settings.migration.allowTcp,
      isThisMachine,
      stopped: signal,
    }),
    guard: new MigrationGuard({ ...migration, askSource: createAskSource(settings.tls) }),
  };
}
