// Builds host reports and events as agents and scheduler publish them, for tests and the pipeline bench.
import { connect, type NatsConnection } from 'nats';
import type { EventInput, HostReportInput, VmSampleInput } from '../../../shared/gen/telemetry.ts';
import { ensureStreams, eventsSubject, reportMessageId, samplesSubject } from '../../../shared/nats.ts';
import { eventCodec, hostReportCodec } from '../../../shared/proto/load.ts';
import { GIB, MIB } from '../../../shared/units.ts';

const INTERVAL_MS = 5_000;

/** A readable uuid. */
export function uuidOf(group: number, index: number): string {
  return `${String(group).padStart(8, '0')}-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

/** The tick `stepsAgo` intervals before `nowMs`. */
export function tickBefore(nowMs: number, stepsAgo: number): number {
  return (Math.floor(nowMs / INTERVAL_MS) - stepsAgo) * INTERVAL_MS;
}

/** A running VM with one disk, one NIC and every figure. */
export function vmSample(hostIndex: number, index: number, over: VmSampleInput = {}): VmSampleInput {
  const load = (hostIndex * 7 + index * 3) % 10;
  return {
    uuid: uuidOf(hostIndex + 1, index + 1),
    name: `vm-${hostIndex}-${index}`,
    libvirtId: index + 1,
    state: 'VM_STATE_RUNNING',
    stateReason: 'VM_STATE_REASON_UNPAUSED',
    counted: true,
    vcpus: 2,
    cpuTimeMs: 1_234_567 + load,
    cpuCores: 0.1 * load + 0.0123,
    cpuDemandCores: 0.125 * load,
    stealRatio: 0.01 * load,
    memoryAssignedBytes: 2 * GIB,
    memoryMaxBytes: 4 * GIB,
    memoryUsedBytes: GIB + load * MIB,
    memoryUsedSource: 'MEMORY_USED_SOURCE_BALLOON_USABLE',
    rssBytes: GIB + 2 * load * MIB,
    disks: [
      {
        device: 'vda',
        readBytes: 123_456_789,
        writeBytes: 987_654_321,
        readRequests: 12_345,
        writeRequests: 54_321,
        readBytesPerSecond: 4_096.5 * load,
        writeBytesPerSecond: 8_192.25 * load,
        readRequestsPerSecond: 1.5 * load,
        writeRequestsPerSecond: 2.25 * load,
        readLatencyMs: 0.75,
        writeLatencyMs: 1.25,
        capacityBytes: 20 * GIB,
        allocationBytes: 5 * GIB,
      },
    ],
    nics: [
      {
        device: `52:54:00:00:${String(hostIndex % 100).padStart(2, '0')}:${String(index % 100).padStart(2, '0')}`,
        receiveBytes: 1_000_000,
        transmitBytes: 2_000_000,
        receivePackets: 1_000,
        transmitPackets: 2_000,
        receiveBytesPerSecond: 100.5 * load,
        transmitBytesPerSecond: 200.5 * load,
        receivePacketsPerSecond: 1.5 * load,
        transmitPacketsPerSecond: 2.5 * load,
      },
    ],
    ...over,
  };
}

/** A complete report of a host at a tick. */
export function hostReport(
  hostIndex: number,
  tickAtMs: number,
  vms: VmSampleInput[],
  over: HostReportInput = {},
): HostReportInput {
  return {
    hostId: uuidOf(0, hostIndex + 1),
    hostName: `kvm${hostIndex + 1}`,
    bootId: 'boot',
    sequence: Math.floor(tickAtMs / INTERVAL_MS),
    tickAtMs,
    intervalMs: INTERVAL_MS,
    facts: { agentAddress: '10.0.0.1:7443', cpuCores: 16, memoryBytes: 64 * GIB },
    host: {
      cpuCores: 16,
      cpuUsedCores: 3.5 + (hostIndex % 3),
      cpuDemandCores: 4.25 + (hostIndex % 3),
      cpuStealCores: 0.01,
      cpuIowaitCores: 0.2,
      memoryBytes: 64 * GIB,
      memoryAvailableBytes: 20 * GIB,
      swapInBytesPerSecond: 0,
      cpuPressureRatio: 0.02,
      memoryPressureRatio: 0.01,
      memoryFullPressureRatio: 0.005,
      ioPressureRatio: 0.03,
      load1: 3.2,
      load5: 3.1,
      load15: 2.9,
    },
    vms,
    vmsComplete: true,
    agent: { reportsPublished: 10, samplesPublished: 30, sampleDurationMs: 12.5 },
    ...over,
  };
}

/** A migration event, and a decision that ordered it. */
export function migrationEvents(atMs: number): EventInput[] {
  const names = {
    vmUuid: uuidOf(1, 1),
    vmName: 'vm-0-0',
    sourceHostId: uuidOf(0, 1),
    sourceHostName: 'kvm1',
    targetHostId: uuidOf(0, 2),
    targetHostName: 'kvm2',
  };
  return [
    {
      eventId: 'decision-1',
      atMs,
      decision: {
        decisionId: 'd1',
        atMs,
        hostId: names.sourceHostId,
        hostName: 'kvm1',
        mode: 'MODE_AUTO',
        evidence: ['cpu demand 1.98 of 1 cores in 3 of the last 5 samples'],
        move: { ...names, reason: 'brings kvm1 from 1.98 to 0.99 of its CPU' },
        refusals: [{ code: 'never_move', vmName: 'vm-0-1' }],
        overloadedSinceMs: atMs - 15_000,
      },
    },
    {
      eventId: 'decision-2',
      atMs: atMs + 1,
      decision: {
        decisionId: 'd2',
        atMs: atMs + 1,
        hostId: names.targetHostId,
        hostName: 'kvm2',
        mode: 'MODE_AUTO',
        evidence: ['memory 0.93 of 64 GiB in 3 of the last 5 samples'],
        noMoveCode: 'no_room',
        noMoveReason: 'no host has room for any of its VMs',
        overloadedSinceMs: atMs - 15_000,
      },
    },
    ...(['COPYING', 'SUCCEEDED'] as const).map((state, index): EventInput => ({
      eventId: `migration-${state}`,
      atMs: atMs + index * 4_000,
      migration: {
        ...names,
        migrationId: 'm1',
        epoch: 1,
        decisionId: 'd1',
        state: `MIGRATION_STATE_${state}`,
        queuedAtMs: atMs,
        startedAtMs: atMs + 10,
        ...(state === 'SUCCEEDED' ? { endedAtMs: atMs + 4_000, outcome: 'runs on kvm2 alone' } : {}),
        progress: {
          memoryTotalBytes: 256 * MIB,
          memoryProcessedBytes: 100 * MIB,
          memoryRemainingBytes: 0,
          memoryBytesPerSecond: 50 * MIB,
          dirtyBytesPerSecond: MIB,
          iteration: 2,
          downtimeMs: 61.5,
          elapsedMs: 3_900,
        },
      },
    })),
  ];
}

/** Connects and creates evenkeel's streams. */
export async function connectWithStreams(url: string): Promise<NatsConnection> {
  const nats = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  await ensureStreams(await nats.jetstreamManager(), { samplesMaxBytes: GIB, eventsMaxBytes: 64 * MIB });
  return nats;
}

/** Publishes as an agent does, with acknowledgement and message id. */
export async function publishReport(nats: NatsConnection, report: HostReportInput): Promise<void> {
  const hostId = report.hostId ?? '';
  await nats.jetstream().publish(samplesSubject(hostId), hostReportCodec.encode(report), {
    msgID: reportMessageId(hostId, report.bootId ?? '', Number(report.sequence)),
  });
}

export async function publishEvent(nats: NatsConnection, hostId: string, event: EventInput): Promise<void> {
  await nats
    .jetstream()
    .publish(eventsSubject(hostId), eventCodec.encode(event), { msgID: event.eventId ?? '' });
}
