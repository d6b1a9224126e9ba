// Starts and stops telemetry: two libvirt sessions, host facts, the sampler and the publisher.
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import type { Clock } from '../../shared/clock.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { reportMessageId, samplesSubject } from '../../shared/nats.ts';
import { hostReportCodec } from '../../shared/proto/load.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { LibvirtSession, type SessionState } from '../libvirt/session.ts';
import type { LibvirtTarget } from '../libvirt/transport.ts';
import type { LookAtSource } from '../migration/checks/source-check.ts';
import { Lifetimes } from './lifetimes.ts';
import { readCpuLimit } from './cpu-limit.ts';
import { Facts, type AgentIdentity, type KnownHost } from './facts.ts';
import { readHostCounters, readPageBytes } from './host.ts';
import { watchObstacles } from './obstacle-watch.ts';
import { startPublisher, type Publisher } from './publisher.ts';
import { Sampler } from './sampler.ts';
import type { TelemetrySettings } from './settings.ts';
import { VmReader } from './vm-reader.ts';

export interface TelemetryOptions {
  readonly settings: TelemetrySettings;
  readonly libvirt: { readonly target: LibvirtTarget; readonly uri: string };
  /** Called once a minute, since addresses may become known after the start. */
  readonly identity: () => Promise<AgentIdentity>;
  /** Connects, or fails within seconds: `connectNats`. */
  readonly connectNats: () => Promise<NatsConnection>;
  /** Looks for what keeps a VM on this host. */
  readonly lookAtSource: LookAtSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface Telemetry {
  /** The newest report; undefined until libvirt has reported the host's id. */
  latest(): HostReport | undefined;
  /** What the host has now. Throws when libvirt does not answer. */
  lookAtHost(): Promise<KnownHost>;
  /** False when ticks have stopped, which only a restart fixes. Stays true while libvirt or NATS is away. */
  isHealthy(): boolean;
  /** Looks for what keeps a VM on this host; the next report tells it. */
  readonly lookAtSource: LookAtSource;
  /** Stops sampling, publishes what is buffered for a few seconds, closes everything. */
  stop(): Promise<void>;
}

/** Ticks that may be missed in a row, for example on a suspended machine, before the agent counts as hung. */
const LATE_TICKS_MAX = 3;
/** Below the watchdog's 30 s, so that it acts on its first check. */
const LATE_MIN_MS = 15 * SECOND_MS;
/** Part of the 25 s that a daemon has to stop. */
const FLUSH_MS = 5 * SECOND_MS;

/** Starts at once and keeps trying while libvirt or NATS are away. Throws when /proc cannot be read. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { settings, clock, random, logger } = options;
  const { intervalS, procRoot, sysRoot } = settings.sampling;
  const intervalMs = intervalS * SECOND_MS;
  const pageBytes = readPageBytes();
  readHostCounters(procRoot, pageBytes);
  const stopping = new AbortController();
  const common = { clock, random, logger, signal: stopping.signal };
  const lifetimes = new Lifetimes();
  const side = new LibvirtSession({ ...options.libvirt, clock, random, readOnly: false });
  const facts = new Facts({
    ...common,
    connection: (wait) => side.ready(wait),
    ...{ identity: options.identity, procRoot, sysRoot },
  });
  const bulk = new LibvirtSession({
    ...options.libvirt,
    clock,
    random,
    readOnly: false,
    events: ['lifecycle', 'metadataChange', 'deviceAdded', 'deviceRemoved', 'migrationIteration'],
    onEvent: (event) => {
      lifetimes.onEvent(event);
    },
    onResync: () => {
      // Without the side connection, a guest that gets stuck would hide the others.
      side.retryNow();
      lifetimes.onResync();
      facts.refreshSoon();
    },
    onState: logState(logger),
  });
  const reportsMax = Math.ceil((settings.buffer.minutes * MINUTE_MS) / intervalMs);
  const publisher = startPublisher({ connect: options.connectNats, reportsMax, clock, random, logger });
  const connections = { bulkConnection: () => bulk.connection(), sideConnection: () => side.connection() };
  let latest: HostReport | undefined;
  const sampler = new Sampler({
    ...common,
    ...connections,
    readCpuLimit: (vmName) => readCpuLimit(vmName, { run: '/run', proc: procRoot, sys: sysRoot }),
    reader: new VmReader({ ...common, ...connections, intervalMs }),
    lifetimes,
    host: () => facts.known(),
    publisherStatus: () => publisher.status(),
    onReport: (report) => {
      latest = report;
      publish(publisher, report);
    },
    bootId: randomUUID(),
    intervalMs,
    procRoot,
    pageBytes,
  });
  bulk.start();
  side.start();
  const lookAtSource = noting(options.lookAtSource, lifetimes);
  const watching = watchObstacles({ ...common, lifetimes, look: lookAtSource });
  const running = Promise.all([sampler.run(), facts.run(), watching]);
  return {
    latest: () => latest,
    lookAtHost: () => facts.lookNow(),
    lookAtSource,
    isHealthy: () =>
      clock.monotonicMs() - sampler.lastTickMs < Math.max(LATE_MIN_MS, LATE_TICKS_MAX * intervalMs),
    stop: async () => {
      stopping.abort(new Error('telemetry stopped'));
      await running;
      await Promise.all([bulk.stop(), side.stop(), publisher.stop(FLUSH_MS)]);
    },
  };
}

/** Also notes what keeps the VM here, for its next samples. */
function noting(look: LookAtSource, lifetimes: Lifetimes): LookAtSource {
  return async (vmUuid, purpose, signal) => {
    const sight = await look(vmUuid, purpose, signal);
    lifetimes.noteObstacles(vmUuid, sight.obstacles);
    return sight;
  };
}

function publish(publisher: Publisher, report: HostReport): void {
  publisher.offer({
    subject: samplesSubject(report.hostId),
    messageId: reportMessageId(report.hostId, report.bootId, report.sequence),
    bytes: hostReportCodec.encode(report),
    samples: 1 + report.vms.filter(({ counted }) => counted).length,
  });
}

/** Logs once that libvirt is away, and once that it is back. */
function logState(logger: Logger): (state: SessionState) => void {
  let isAway = false;
  return (state) => {
    if (state.kind === 'waiting' && !isAway) {
      isAway = true;
      logger.warn(
        { cause: state.error.message },
        'cannot reach libvirt, still trying; check libvirtd and libvirt.socket',
      );
    } else if (state.kind === 'ready') {
      if (isAway) logger.info('connected to libvirt again');
      isAway = false;
    }
  };
}
