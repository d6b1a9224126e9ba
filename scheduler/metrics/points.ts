// From what agents and scheduler publish to points: reports to samples, events to migrations and decisions (pure).
import { causeWord } from '../../shared/cause-word.ts';
import type {
  Decision,
  DiskSample,
  Event,
  HostReport,
  Migration,
  NicSample,
  VmSample,
  VmStateReason,
} from '../../shared/gen/telemetry.ts';
import type { Fields, Point, PointOf, Tags } from './schema.ts';

// The numbers of telemetry.proto: a number takes less room than a text, and Grafana maps it to a colour.
const STATE_NUMBERS: Readonly<Record<string, number>> = {
  VM_STATE_UNSPECIFIED: 0,
  VM_STATE_RUNNING: 1,
  VM_STATE_BLOCKED: 2,
  VM_STATE_PAUSED: 3,
  VM_STATE_SHUTTING_DOWN: 4,
  VM_STATE_SHUT_OFF: 5,
  VM_STATE_CRASHED: 6,
  VM_STATE_SUSPENDED: 7,
};

// A newer agent may send a state that this version does not know; the sample still counts.
const STATE_UNKNOWN = 0;

const MEMORY_SOURCES: Readonly<Record<string, string>> = {
  MEMORY_USED_SOURCE_BALLOON_USABLE: 'balloon_usable',
  MEMORY_USED_SOURCE_BALLOON_UNUSED: 'balloon_unused',
  MEMORY_USED_SOURCE_RSS: 'rss',
};

/**
 * One host point, then one vm point for each counted VM followed by its disks and NICs. All have the tick's time, so
 * that a report delivered twice overwrites itself.
 */
export function pointsOfReport(report: HostReport): Point[] {
  const counted = report.vms.filter((vm) => vm.counted);
  const hostTags = { host: report.hostName, host_id: report.hostId };
  const atMs = report.tickAtMs;
  const points: Point[] = [
    { measurement: 'host', tags: hostTags, fields: hostFields(report, counted), atMs },
  ];
  for (const vm of counted) {
    const tags = { ...hostTags, uuid: vm.uuid, name: vm.name };
    points.push({ measurement: 'vm', tags, fields: vmFields(vm), atMs });
    for (const disk of vm.disks) points.push(diskPoint(disk, tags, atMs));
    for (const nic of vm.nics) points.push(nicPoint(nic, tags, atMs));
  }
  return points;
}

/** The point of an event; none for a kind that this version does not know. */
export function pointsOfEvent(event: Event): Point[] {
  if (event.migration) return [migrationPoint(event.migration, event.atMs)];
  if (event.decision) return [decisionPoint(event.decision, event.atMs)];
  return [];
}

function hostFields(report: HostReport, counted: readonly VmSample[]): Fields<'host'> {
  const { host, agent } = report;
  return {
    interval_ms: report.intervalMs,
    vms_complete: report.vmsComplete,
    vms_counted: counted.length,
    vcpus_assigned: sum(counted, (vm) => vm.vcpus),
    memory_assigned_bytes: sum(counted, (vm) => vm.memoryAssignedBytes),
    memory_allocated_bytes: sum(counted, (vm) => vm.memoryMaxBytes),
    ...(host && {
      cpu_cores: host.cpuCores,
      cpu_used_cores: host.cpuUsedCores,
      cpu_demand_cores: host.cpuDemandCores,
      cpu_steal_cores: host.cpuStealCores,
      cpu_iowait_cores: host.cpuIowaitCores,
      memory_bytes: host.memoryBytes,
      memory_available_bytes: host.memoryAvailableBytes,
      swap_in_bytes_per_second: host.swapInBytesPerSecond,
      cpu_pressure_ratio: host.cpuPressureRatio,
      memory_pressure_ratio: host.memoryPressureRatio,
      memory_full_pressure_ratio: host.memoryFullPressureRatio,
      io_pressure_ratio: host.ioPressureRatio,
      load1: host.load1,
      load5: host.load5,
      load15: host.load15,
    }),
    ...(agent && {
      vms_stuck: agent.stuckVms,
      sample_duration_ms: agent.sampleDurationMs,
      reports_published: agent.reportsPublished,
      samples_published: agent.samplesPublished,
      reports_dropped: agent.reportsDropped,
      reports_buffered: agent.reportsBuffered,
    }),
  };
}

function sum(vms: readonly VmSample[], of: (vm: VmSample) => number): number {
  return vms.reduce((total, vm) => total + of(vm), 0);
}

function vmFields(vm: VmSample): Fields<'vm'> {
  return {
    state: STATE_NUMBERS[vm.state] ?? STATE_UNKNOWN,
    state_reason: reasonWord(vm.stateReason),
    vcpus: vm.vcpus,
    cpu_time_ms: vm.cpuTimeMs,
    cpu_cores: vm.cpuCores,
    cpu_demand_cores: vm.cpuDemandCores,
    cpu_limit_cores: vm.cpuLimitCores,
    steal_ratio: vm.stealRatio,
    memory_assigned_bytes: vm.memoryAssignedBytes,
    memory_max_bytes: vm.memoryMaxBytes,
    memory_used_bytes: vm.memoryUsedBytes,
    memory_used_source: MEMORY_SOURCES[vm.memoryUsedSource],
    rss_bytes: vm.rssBytes,
  };
}

function diskPoint(disk: DiskSample, vmTags: Tags<'vm'>, atMs: number): PointOf<'vm_disk'> {
  const known = unlessIn(disk.unknown);
  return {
    measurement: 'vm_disk',
    tags: { ...vmTags, device: disk.device },
    fields: {
      read_bytes: known('read_bytes', disk.readBytes),
      write_bytes: known('write_bytes', disk.writeBytes),
      read_requests: known('read_requests', disk.readRequests),
      write_requests: known('write_requests', disk.writeRequests),
      read_bytes_per_second: disk.readBytesPerSecond,
      write_bytes_per_second: disk.writeBytesPerSecond,
      read_requests_per_second: disk.readRequestsPerSecond,
      write_requests_per_second: disk.writeRequestsPerSecond,
      read_latency_ms: disk.readLatencyMs,
      write_latency_ms: disk.writeLatencyMs,
      capacity_bytes: known('capacity_bytes', disk.capacityBytes),
      allocation_bytes: known('allocation_bytes', disk.allocationBytes),
    },
    atMs,
  };
}

function nicPoint(nic: NicSample, vmTags: Tags<'vm'>, atMs: number): PointOf<'vm_net'> {
  const known = unlessIn(nic.unknown);
  return {
    measurement: 'vm_net',
    tags: { ...vmTags, device: nic.device },
    fields: {
      receive_bytes: known('receive_bytes', nic.receiveBytes),
      transmit_bytes: known('transmit_bytes', nic.transmitBytes),
      receive_packets: known('receive_packets', nic.receivePackets),
      transmit_packets: known('transmit_packets', nic.transmitPackets),
      receive_errors: known('receive_errors', nic.receiveErrors),
      transmit_errors: known('transmit_errors', nic.transmitErrors),
      receive_drops: known('receive_drops', nic.receiveDrops),
      transmit_drops: known('transmit_drops', nic.transmitDrops),
      receive_bytes_per_second: nic.receiveBytesPerSecond,
      transmit_bytes_per_second: nic.transmitBytesPerSecond,
      receive_packets_per_second: nic.receivePacketsPerSecond,
      transmit_packets_per_second: nic.transmitPacketsPerSecond,
    },
    atMs,
  };
}

/** Leaves out the fields that the host could not measure. */
function unlessIn(unknown: readonly string[]): (field: string, value: number) => number | undefined {
  return (field, value) => (unknown.includes(field) ? undefined : value);
}

function migrationPoint(migration: Migration, atMs: number): PointOf<'migration'> {
  const { progress, estimate } = migration;
  const state = shortName(migration.state, 'MIGRATION_STATE_');
  const isDecided = migration.commitMode !== 'COMMIT_MODE_UNSPECIFIED';
  return {
    measurement: 'migration',
    tags: {
      host: migration.sourceHostName,
      host_id: migration.sourceHostId,
      target: migration.targetHostName,
      target_id: migration.targetHostId,
      uuid: migration.vmUuid,
      name: migration.vmName,
      state,
    },
    fields: {
      migration_id: migration.migrationId,
      decision_id: present(migration.decisionId),
      epoch: migration.epoch,
      // The text of Grafana's annotation.
      title: `${migration.vmName}: ${migration.sourceHostName} to ${migration.targetHostName}, ${state}`,
      outcome: present(migration.outcome),
      cause_code: present(causeWord(migration.causeCode)),
      queued_at_ms: passed(migration.queuedAtMs),
      started_at_ms: passed(migration.startedAtMs),
      ended_at_ms: passed(migration.endedAtMs),
      ...(isDecided && { commit_mode: shortName(migration.commitMode, 'COMMIT_MODE_') }),
      ...(estimate && {
        estimate_duration_ms: estimate.durationMs,
        estimate_downtime_ms: estimate.downtimeMs,
        estimate_traffic_bytes: estimate.trafficBytes,
      }),
      ...(progress && {
        memory_total_bytes: progress.memoryTotalBytes,
        memory_processed_bytes: progress.memoryProcessedBytes,
        memory_remaining_bytes: progress.memoryRemainingBytes,
        memory_bytes_per_second: progress.memoryBytesPerSecond,
        dirty_bytes_per_second: progress.dirtyBytesPerSecond,
        iteration: progress.iteration,
        downtime_ms: progress.downtimeMs,
        elapsed_ms: progress.elapsedMs,
      }),
    },
    atMs,
  };
}

function decisionPoint(decision: Decision, atMs: number): PointOf<'decision'> {
  const { move } = decision;
  return {
    measurement: 'decision',
    tags: {
      host: decision.hostName,
      host_id: decision.hostId,
      mode: shortName(decision.mode, 'MODE_'),
      result: move ? 'move' : (present(decision.noMoveCode) ?? 'no_move'),
      uuid: move?.vmUuid,
      name: move?.vmName,
    },
    fields: {
      decision_id: decision.decisionId,
      evidence: present(decision.evidence.join('; ')),
      reason: present(move ? move.reason : decision.noMoveReason),
      target: present(move?.targetHostName),
      refusals: decision.refusals.length,
      overloaded_since_ms: passed(decision.overloadedSinceMs),
    },
    atMs,
  };
}

/** "succeeded" of MIGRATION_STATE_SUCCEEDED; the number of a value this version has no name for. */
/** Left out where there is none that matters. */
function reasonWord(reason: VmStateReason): string | undefined {
  return reason === 'VM_STATE_REASON_UNSPECIFIED' ? undefined : shortName(reason, 'VM_STATE_REASON_');
}

function shortName(value: unknown, prefix: string): string {
  return String(value).replace(prefix, '').toLowerCase();
}

/** protobuf encodes an absent text as an empty one. */
function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** protobuf encodes "not yet" as 0. */
function passed(timeMs: number): number | undefined {
  return timeMs > 0 ? timeMs : undefined;
}
