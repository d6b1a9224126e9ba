// Runs the scheduler daemon: serves at once, keeps trying to reach NATS, and stops in reverse order.
import { hostname } from 'node:os';
import { Events, type NatsConnection } from 'nats';
import { Backoff } from '../shared/backoff.ts';
import { aborted, pause } from '../shared/clock.ts';
import type { Daemon, DaemonContext } from '../shared/daemon.ts';
import { messageOf } from '../shared/errors.ts';
import { serverCredentials } from '../shared/grpc/credentials.ts';
import { serve } from '../shared/grpc/server.ts';
import type { Logger } from '../shared/log.ts';
import { connectNats, MIGRATIONS_BUCKET } from '../shared/nats.ts';
import { schedulerService } from '../shared/proto/load.ts';
import { SECOND_MS } from '../shared/units.ts';
import { schedulerHandlers } from './api/service.ts';
import type { SchedulerSettings } from './config.ts';
import { startCore, type Core, type CoreContext } from './core.ts';
import type { Leader } from './leader/lease.ts';
import { createInflux } from './metrics/influx.ts';
import { startMetricsWriter, type MetricsWriter } from './metrics/writer.ts';

const CONNECT_TIMEOUT_MS = 5 * SECOND_MS;
// NATS may start after us; a cluster without quorum needs longer.
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10 * SECOND_MS;
// A key-value bucket is a stream with this prefix.
const JOURNAL_STREAM = `KV_${MIGRATIONS_BUCKET}`;

export interface SchedulerDaemon extends Daemon {
  /** Port that the API listens on. */
  readonly port: number;
}

interface Connected {
  readonly nats: NatsConnection;
  readonly core: Core;
  /** Undefined while another scheduler leads. */
  readonly writer: () => MetricsWriter | undefined;
}

export async function startScheduler(
  settings: SchedulerSettings,
  { logger, clock, random, signal }: DaemonContext,
): Promise<SchedulerDaemon> {
  let connected: Connected | undefined;
  const stopping = new AbortController();
  const { address } = settings.listen;
  const server = await serve(clock, address, serverCredentials(settings.tls, address), [
    {
      name: 'evenkeel.v1.SchedulerService',
      definition: schedulerService,
      implementation: schedulerHandlers(logger, () => connected?.core, stopping.signal),
    },
  ]);
  logger.info({ address, port: server.port, mode: settings.mode }, 'serving');
  const connecting = keepConnecting(
    settings,
    { self: selfOf(settings, server.port), logger, clock, random },
    AbortSignal.any([signal, stopping.signal]),
  ).then((made) => {
    connected = made;
    return made;
  });
  return {
    port: server.port,
    failed: connecting.then((made) => endUnasked(made, logger, stopping.signal)),
    isHealthy: () =>
      connected === undefined ||
      (connected.core.following.isHealthy() &&
        connected.core.loop.isHealthy() &&
        connected.writer()?.isHealthy() !== false),
    stop: async () => {
      stopping.abort(new Error('the scheduler is stopping'));
      await server.stop();
      const made = await connecting;
      await made?.core.stop();
      await made?.nats.close();
    },
  };
}

/** Retries until NATS serves all that is needed; undefined when the signal aborts first. */
async function keepConnecting(
  settings: SchedulerSettings,
  { self, logger, clock, random }: Omit<DaemonContext, 'signal'> & { readonly self: Leader },
  signal: AbortSignal,
): Promise<Connected | undefined> {
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  while (!signal.aborted) {
    let nats: NatsConnection | undefined;
    try {
      nats = await connectNats(settings.nats, 'evenkeel-scheduler', CONNECT_TIMEOUT_MS);
      return await startParts(nats, { settings, self, logger, clock, random, signal });
    } catch (error) {
      await nats?.close().catch(() => undefined);
      const retryInMs = Math.round(backoff.nextMs());
      logger.warn({ cause: messageOf(error), retryInMs }, 'NATS is not usable yet; trying again');
      await pause(clock, retryInMs, signal);
    }
  }
  return undefined;
}

async function startParts(
  nats: NatsConnection,
  {
    settings,
    self,
    logger,
    clock,
    random,
    signal,
  }: Pick<CoreContext, 'settings' | 'self' | 'logger' | 'clock' | 'random'> & {
    readonly signal: AbortSignal;
  },
): Promise<Connected> {
  let writer: MetricsWriter | undefined;
  // One metrics writer at a time, in the leader: docs/adr/0003-who-leads.md.
  const whileLeading = async (leading: AbortSignal): Promise<void> => {
    const influx = createInflux(settings.influx, clock);
    const parts = { nats, influx, settings: settings.influx, clock, random, logger, signal };
    const started = startMetricsWriter(parts);
    writer = started;
    await aborted(leading);
    writer = undefined;
    await started.stop();
  };
  const core = await startCore({ nats, settings, self, clock, random, logger, whileLeading });
  logger.info({ server: nats.getServer() }, 'connected to NATS');
  return { nats, core, writer: () => writer };
}

/** Name and address of this scheduler, to which other schedulers refer clients. */
function selfOf({ leader, listen }: SchedulerSettings, port: number): Leader {
  const name = leader.name === '' ? hostname() : leader.name;
  if (leader.advertiseAddress !== '') return { name, address: leader.advertiseAddress };
  const host = listen.address.slice(0, listen.address.lastIndexOf(':'));
  const isAny = host === '0.0.0.0' || host === '[::]' || host === '';
  return { name, address: `${isAny ? hostname() : host}:${port}` };
}

/**
 * Logs lost and restored connections; the client reconnects by itself. Rejects when NATS comes back without our journal:
 * a restart of the daemon then makes streams, buckets and consumers again.
 */
async function watchConnection({ nats, core }: Connected, logger: Logger): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === Events.Disconnect) {
      core.following.noteConnection(false);
      logger.warn('connection to NATS lost; nothing is moved until it is back');
    }
    if (type !== Events.Reconnect) continue;
    core.following.noteConnection(true);
    logger.info('connection to NATS restored');
    if (await hasLostData(nats))
      throw new Error('NATS is back without its data; restarting to create it again');
  }
}

async function hasLostData(nats: NatsConnection): Promise<boolean> {
  try {
    const manager = await nats.jetstreamManager();
    for await (const name of manager.streams.names()) if (name === JOURNAL_STREAM) return false;
    return true;
  } catch {
    // JetStream is not up yet; a later call will fail if its data is gone.
    return false;
  }
}

/** Rejects when NATS closes the connection for good (authorisation), or has lost our data. */
async function endUnasked(
  made: Connected | undefined,
  logger: Logger,
  stopping: AbortSignal,
): Promise<never> {
  if (made !== undefined) {
    const closed = made.nats.closed().then((error) => {
      if (!stopping.aborted)
        throw new Error(
          `connection to NATS closed: ${error === undefined ? 'no reason given' : messageOf(error)}`,
        );
    });
    await Promise.all([closed, watchConnection(made, logger)]);
  }
  return new Promise(() => undefined);
}
