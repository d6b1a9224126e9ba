// Migrates a domain, and reads and sets what libvirt allows while the migration runs.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { JobType, knownValue, MigrateFlag } from './constants.ts';
import { writeDomain, type DomainRef } from './domain.ts';
import {
  fieldTable,
  inUnit,
  readTypedParams,
  writeTypedParams,
  type OutgoingParam,
  type TypedParam,
} from './typed-params.ts';
import type { XdrReader } from './xdr.ts';

export interface MigrationRequest {
  /** The destination's libvirt as the *source daemon* reaches it: `qemu+tls://host-b/system`. */
  readonly destinationUri: string;
  /** MigrateFlag bits; `peerToPeer` is always added, since this client supports no other kind. */
  readonly flags: number;
  readonly params?: MigrationParams;
}

/** libvirt's typed migration parameters. Bandwidths are rounded down to MiB/s, its unit, but never to 0, its "unlimited". */
export interface MigrationParams {
  /** Where QEMU connects to: `tcp://address[:port]`. Needed where the destination's name resolves badly. */
  readonly migrateUri?: string;
  readonly destinationName?: string;
  readonly destinationXml?: string;
  readonly persistentXml?: string;
  readonly bandwidthBytesPerSecond?: number;
  readonly postCopyBandwidthBytesPerSecond?: number;
  readonly graphicsUri?: string;
  readonly listenAddress?: string;
  /** Targets of the disks to copy; only with nonShared flags. */
  readonly migrateDisks?: readonly string[];
  readonly disksPort?: number;
  /** xbzrle, mt, zlib, zstd */
  readonly compression?: readonly string[];
  readonly autoConvergeInitialPercent?: number;
  readonly autoConvergeIncrementPercent?: number;
  readonly parallelConnections?: number;
  /** The name in the destination's certificate, when it is reached by address. */
  readonly tlsDestination?: string;
}

/** A running job (`type` unbounded), a finished one (completed, failed, cancelled), or only `type` none. */
export interface JobStats extends JobFigures {
  readonly type: JobType;
  readonly succeeded?: boolean;
  readonly errorMessage?: string;
}

export interface JobFigures {
  /** JobOperation */
  readonly operation?: number;
  readonly elapsedMs?: number;
  readonly elapsedNetMs?: number;
  readonly remainingMs?: number;
  /** Expected while running, real once completed. */
  readonly downtimeMs?: number;
  readonly downtimeNetMs?: number;
  readonly setupMs?: number;
  readonly dataTotalBytes?: number;
  readonly dataProcessedBytes?: number;
  readonly dataRemainingBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly memoryProcessedBytes?: number;
  readonly memoryRemainingBytes?: number;
  readonly memoryConstantPages?: number;
  readonly memoryNormalPages?: number;
  readonly memoryNormalBytes?: number;
  readonly memoryBytesPerSecond?: number;
  /** Multiply by `memoryPageBytes` to compare with `memoryBytesPerSecond`. */
  readonly memoryDirtyPagesPerSecond?: number;
  readonly memoryPageBytes?: number;
  readonly memoryIteration?: number;
  readonly memoryPostCopyRequests?: number;
  readonly diskTotalBytes?: number;
  readonly diskProcessedBytes?: number;
  readonly diskRemainingBytes?: number;
  readonly diskBytesPerSecond?: number;
  readonly autoConvergeThrottlePercent?: number;
}

/** REMOTE_DOMAIN_JOB_STATS_MAX */
const JOB_STATS_MAX = 64;
const MIB = 1_048_576;
const POST_COPY_SPEED = 1;
const ABORT_POST_COPY = 1;

/**
 * Migrates the domain; resolves when it runs on the destination. The call lasts as long as the migration: give it its own
 * connection. Neither abort, deadline nor loss of the connection stops the migration; abortJob does.
 */
export async function migratePeerToPeer(
  connection: Connection,
  domain: DomainRef,
  request: MigrationRequest,
  wait: WaitOptions,
): Promise<void> {
  refuseWhatTheDaemonWouldTake(request);
  const params = outgoingParams(request.params ?? {});
  await connection.call(
    'domainMigratePerform3Params',
    (writer) => {
      writeDomain(writer, domain).optionalString(request.destinationUri);
      writeTypedParams(writer, params);
      writer.opaque(Buffer.alloc(0)).uint((request.flags | MigrateFlag.peerToPeer) >>> 0);
    },
    (reader) => reader.opaque(),
    wait,
  );
}

/**
 * Asks libvirt whether it would migrate the domain: the first phase of a migration, after which nothing is left to undo
 * as long as `flags` lack changeProtection. Throws LibvirtError with what is in the way.
 */
export async function tryMigrationBegin(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<void> {
  await connection.call(
    'domainMigrateBegin3Params',
    (writer) => {
      writeDomain(writer, domain);
      writeTypedParams(writer, []);
      writer.uint((flags & ~MigrateFlag.changeProtection) >>> 0);
    },
    // The cookie and the definition for the target.
    (reader) => [reader.opaque(), reader.string()],
    wait,
  );
}

/** libvirt's own client library makes these checks; the daemon does not. */
function refuseWhatTheDaemonWouldTake(request: MigrationRequest): void {
  let host: string;
  try {
    host = new URL(request.destinationUri).hostname;
  } catch {
    throw new RangeError(`destinationUri ${JSON.stringify(request.destinationUri)}: is not a URI`);
  }
  if (host === '' || host === 'localhost') {
    throw new RangeError(`destinationUri ${request.destinationUri}: must name another host`);
  }
  const { tunnelled, parallel } = MigrateFlag;
  if ((request.flags & tunnelled) !== 0 && (request.flags & parallel) !== 0) {
    throw new RangeError('flags: tunnelled and parallel exclude each other');
  }
}

function outgoingParams(params: MigrationParams): OutgoingParam[] {
  return [
    ...text('migrate_uri', params.migrateUri),
    ...text('destination_name', params.destinationName),
    ...text('destination_xml', params.destinationXml),
    ...text('persistent_xml', params.persistentXml),
    ...bandwidth('bandwidth', params.bandwidthBytesPerSecond),
    ...bandwidth('bandwidth.postcopy', params.postCopyBandwidthBytesPerSecond),
    ...text('graphics_uri', params.graphicsUri),
    ...text('listen_address', params.listenAddress),
    ...(params.migrateDisks ?? []).flatMap((disk) => text('migrate_disks', disk)),
    ...integer('disks_port', params.disksPort),
    ...(params.compression ?? []).flatMap((method) => text('compression', method)),
    ...integer('auto_converge.initial', params.autoConvergeInitialPercent),
    ...integer('auto_converge.increment', params.autoConvergeIncrementPercent),
    ...integer('parallel.connections', params.parallelConnections),
    ...text('tls.destination', params.tlsDestination),
  ];
}

function text(field: string, value: string | undefined): OutgoingParam[] {
  return value === undefined ? [] : [{ field, type: 'string', value }];
}

function integer(field: string, value: number | undefined): OutgoingParam[] {
  return value === undefined ? [] : [{ field, type: 'int', value }];
}

function bandwidth(field: string, bytesPerSecond: number | undefined): OutgoingParam[] {
  return bytesPerSecond === undefined ? [] : [{ field, type: 'ullong', value: wholeMib(bytesPerSecond) }];
}

/** 0 would mean "unlimited" to libvirt, the opposite of what a caller with a tiny limit wants. */
function wholeMib(bytesPerSecond: number): number {
  return Math.max(1, Math.floor(bytesPerSecond / MIB));
}

const jobFields = fieldTable({
  operation: ['operation', 'count'],
  time_elapsed: ['elapsedMs', 'count'],
  time_elapsed_net: ['elapsedNetMs', 'count'],
  time_remaining: ['remainingMs', 'count'],
  downtime: ['downtimeMs', 'count'],
  downtime_net: ['downtimeNetMs', 'count'],
  setup_time: ['setupMs', 'count'],
  data_total: ['dataTotalBytes', 'count'],
  data_processed: ['dataProcessedBytes', 'count'],
  data_remaining: ['dataRemainingBytes', 'count'],
  memory_total: ['memoryTotalBytes', 'count'],
  memory_processed: ['memoryProcessedBytes', 'count'],
  memory_remaining: ['memoryRemainingBytes', 'count'],
  memory_constant: ['memoryConstantPages', 'count'],
  memory_normal: ['memoryNormalPages', 'count'],
  memory_normal_bytes: ['memoryNormalBytes', 'count'],
  memory_bps: ['memoryBytesPerSecond', 'count'],
  memory_dirty_rate: ['memoryDirtyPagesPerSecond', 'count'],
  memory_page_size: ['memoryPageBytes', 'count'],
  memory_iteration: ['memoryIteration', 'count'],
  memory_postcopy_requests: ['memoryPostCopyRequests', 'count'],
  disk_total: ['diskTotalBytes', 'count'],
  disk_processed: ['diskProcessedBytes', 'count'],
  disk_remaining: ['diskRemainingBytes', 'count'],
  disk_bps: ['diskBytesPerSecond', 'count'],
  auto_converge_throttle: ['autoConvergeThrottlePercent', 'count'],
});

/** `flags`: JobStatsFlag. `completed` reads the last finished job, once unless `keepCompleted` is set too. */
export function getJobStats(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<JobStats> {
  return connection.call(
    'domainGetJobStats',
    (writer) => writeDomain(writer, domain).uint(flags),
    (reader) => {
      const type = knownValue(JobType, reader.int()) ?? JobType.none;
      return { type, ...readJobDetails(reader) };
    },
    wait,
  );
}

/** The parameters of JOB_STATS, which the JOB_COMPLETED event carries too. */
export function readJobDetails(reader: XdrReader): Omit<JobStats, 'type'> {
  return toJobDetails(readTypedParams(reader, JOB_STATS_MAX));
}

function toJobDetails(params: readonly TypedParam[]): Omit<JobStats, 'type'> {
  const figures: { -readonly [K in keyof JobFigures]: JobFigures[K] } = {};
  const outcome: { succeeded?: boolean; errorMessage?: string } = {};
  for (const { field, value } of params) {
    const known = jobFields.get(field);
    if (known !== undefined && typeof value === 'number') {
      const number = inUnit(value, known.unit);
      if (number !== undefined) {
        figures[known.key] = number;
      }
    } else if (field === 'success' && typeof value === 'boolean') {
      outcome.succeeded = value;
    } else if (field === 'errmsg' && typeof value === 'string') {
      outcome.errorMessage = value;
    }
  }
  return { ...figures, ...outcome };
}

/** Cancels the running job: the migration call then fails with `operationAborted`. */
export function abortJob(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
  return connection.call(
    'domainAbortJob',
    (writer) => writeDomain(writer, domain),
    () => undefined,
    wait,
  );
}

/** Pauses a post-copy migration, which cannot be cancelled; continue it with `postCopyResume`. Since libvirt 8.5. */
export function abortPostCopyJob(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainAbortJobFlags',
    (writer) => writeDomain(writer, domain).uint(ABORT_POST_COPY),
    () => undefined,
    wait,
  );
}

/** Limits the running migration, or the next if none runs. Rounded down to MiB/s, at least 1. */
export function setMaxSpeed(
  connection: Connection,
  domain: DomainRef,
  limit: { readonly bytesPerSecond: number; readonly postCopy?: boolean },
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainMigrateSetMaxSpeed',
    (writer) =>
      writeDomain(writer, domain)
        .uhyper(wholeMib(limit.bytesPerSecond))
        .uint(limit.postCopy === true ? POST_COPY_SPEED : 0),
    () => undefined,
    wait,
  );
}

/** In bytes per second; "unlimited" comes back as a number beyond any link speed. */
export function getMaxSpeed(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<number> {
  return connection.call(
    'domainMigrateGetMaxSpeed',
    (writer) => writeDomain(writer, domain).uint(0),
    (reader) => reader.uhyperAsDouble() * MIB,
    wait,
  );
}

/** Sets the longest pause of the guest at the switch-over. */
export function setMaxDowntime(
  connection: Connection,
  domain: DomainRef,
  downtimeMs: number,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainMigrateSetMaxDowntime',
    (writer) => writeDomain(writer, domain).uhyper(downtimeMs).uint(0),
    () => undefined,
    wait,
  );
}

export function getMaxDowntimeMs(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<number> {
  return connection.call(
    'domainMigrateGetMaxDowntime',
    (writer) => writeDomain(writer, domain).uint(0),
    (reader) => reader.uhyper(),
    wait,
  );
}

/** Switches a migration that was started with the `postCopy` flag to post-copy. */
export function startPostCopy(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
  return connection.call(
    'domainMigrateStartPostCopy',
    (writer) => writeDomain(writer, domain).uint(0),
    () => undefined,
    wait,
  );
}

/** Measures for 1 to 60 s; the result is in the dirtyRate group of getAllDomainStats. `mode`: DirtyRateMode. */
export function startDirtyRate(
  connection: Connection,
  domain: DomainRef,
  measurement: { readonly seconds: number; readonly mode: number },
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainStartDirtyRateCalc',
    (writer) => writeDomain(writer, domain).int(measurement.seconds).uint(measurement.mode),
    () => undefined,
    wait,
  );
}
