// Defines the measurements in InfluxDB with their tags and fields, and how a field is written and downsampled.

/**
 * How a field is written, and how it is downsampled in the coarser retention policies:
 * gauge - float, its mean; level - integer, its mean; counter - integer, its last value (also for codes and times);
 * text and flag - their last value.
 * InfluxDB fixes the type of a field at its first write, so a float must never be written as an integer.
 */
export type FieldKind = 'gauge' | 'level' | 'counter' | 'text' | 'flag';

/**
 * Tags are what a series is found by: docs/adr/0002-writing-to-influxdb.md says which, and what InfluxDB's limits on them mean.
 * `host` is the host's name and `host_id` its libvirt UUID (two hosts may have the same name); `uuid` and `name` are the VM's.
 * Units are last in the names; names are those of telemetry.proto.
 */
export const SCHEMA = {
  // One point per report. `interval_ms` is in each, so count("interval_ms") counts reports.
  host: {
    tags: ['host', 'host_id'],
    fields: {
      interval_ms: 'level',
      cpu_cores: 'gauge',
      cpu_used_cores: 'gauge',
      cpu_demand_cores: 'gauge',
      cpu_steal_cores: 'gauge',
      cpu_iowait_cores: 'gauge',
      memory_bytes: 'level',
      memory_available_bytes: 'level',
      swap_in_bytes_per_second: 'gauge',
      cpu_pressure_ratio: 'gauge',
      memory_pressure_ratio: 'gauge',
      memory_full_pressure_ratio: 'gauge',
      io_pressure_ratio: 'gauge',
      load1: 'gauge',
      load5: 'gauge',
      load15: 'gauge',
      vms_complete: 'flag',
      vms_counted: 'level',
      vms_stuck: 'level',
      vcpus_assigned: 'level',
      memory_assigned_bytes: 'level',
      memory_allocated_bytes: 'level',
      sample_duration_ms: 'gauge',
      reports_published: 'counter',
      samples_published: 'counter',
      reports_dropped: 'counter',
      reports_buffered: 'level',
    },
  },
  // One point per counted VM of a report. `state` is in each, so count("state") counts samples.
  vm: {
    tags: ['host', 'host_id', 'uuid', 'name'],
    fields: {
      state: 'counter',
      state_reason: 'text',
      vcpus: 'level',
      cpu_time_ms: 'counter',
      cpu_cores: 'gauge',
      cpu_demand_cores: 'gauge',
      cpu_limit_cores: 'gauge',
      steal_ratio: 'gauge',
      memory_assigned_bytes: 'level',
      memory_max_bytes: 'level',
      memory_used_bytes: 'level',
      memory_used_source: 'text',
      rss_bytes: 'level',
    },
  },
  vm_disk: {
    tags: ['host', 'host_id', 'uuid', 'name', 'device'],
    fields: {
      read_bytes: 'counter',
      write_bytes: 'counter',
      read_requests: 'counter',
      write_requests: 'counter',
      read_bytes_per_second: 'gauge',
      write_bytes_per_second: 'gauge',
      read_requests_per_second: 'gauge',
      write_requests_per_second: 'gauge',
      read_latency_ms: 'gauge',
      write_latency_ms: 'gauge',
      capacity_bytes: 'level',
      allocation_bytes: 'level',
    },
  },
  vm_net: {
    tags: ['host', 'host_id', 'uuid', 'name', 'device'],
    fields: {
      receive_bytes: 'counter',
      transmit_bytes: 'counter',
      receive_packets: 'counter',
      transmit_packets: 'counter',
      receive_errors: 'counter',
      transmit_errors: 'counter',
      receive_drops: 'counter',
      transmit_drops: 'counter',
      receive_bytes_per_second: 'gauge',
      transmit_bytes_per_second: 'gauge',
      receive_packets_per_second: 'gauge',
      transmit_packets_per_second: 'gauge',
    },
  },
  // One point per event of a migration, on the source host. `state` is a tag, so that two states reached within
  // one millisecond are two points.
  migration: {
    tags: ['host', 'host_id', 'target', 'target_id', 'uuid', 'name', 'state'],
    fields: {
      migration_id: 'text',
      decision_id: 'text',
      epoch: 'counter',
      title: 'text',
      outcome: 'text',
      cause_code: 'text',
      queued_at_ms: 'counter',
      started_at_ms: 'counter',
      ended_at_ms: 'counter',
      memory_total_bytes: 'level',
      memory_processed_bytes: 'level',
      memory_remaining_bytes: 'level',
      memory_bytes_per_second: 'gauge',
      dirty_bytes_per_second: 'gauge',
      iteration: 'counter',
      downtime_ms: 'gauge',
      elapsed_ms: 'gauge',
      // Expected just before it began, to compare with the result.
      commit_mode: 'text',
      estimate_duration_ms: 'gauge',
      estimate_downtime_ms: 'gauge',
      estimate_traffic_bytes: 'level',
    },
  },
  // One point per decision about a hot host. `result` is "move", with uuid and name of the VM that should move, or the
  // code of the reason why none should.
  decision: {
    tags: ['host', 'host_id', 'mode', 'result', 'uuid', 'name'],
    fields: {
      decision_id: 'text',
      evidence: 'text',
      reason: 'text',
      target: 'text',
      refusals: 'level',
      overloaded_since_ms: 'counter',
    },
  },
  // State of the metrics writer itself. Counters count from its start.
  metrics_writer: {
    tags: ['host'],
    fields: {
      points_written: 'counter',
      points_refused: 'counter',
      points_over_limit: 'counter',
      index_used_ratio: 'gauge',
      messages_set_aside: 'counter',
      messages_waiting: 'level',
      lag_ms: 'gauge',
      write_ms: 'gauge',
    },
  },
} as const satisfies Record<string, { tags: readonly string[]; fields: Readonly<Record<string, FieldKind>> }>;

export type Measurement = keyof typeof SCHEMA;

type ValueOf<Kind> = Kind extends 'text' ? string : Kind extends 'flag' ? boolean : number;

/** Tag values; absent or empty ones are left out, because InfluxDB has no empty tags. */
export type Tags<M extends Measurement> = {
  readonly [Name in (typeof SCHEMA)[M]['tags'][number]]?: string | undefined;
};

/** Field values; undefined means not measured and is left out. */
export type Fields<M extends Measurement> = {
  readonly [Name in keyof (typeof SCHEMA)[M]['fields']]?:
    ValueOf<(typeof SCHEMA)[M]['fields'][Name]> | undefined;
};

/** One point of one measurement at a wall time. */
export interface PointOf<M extends Measurement> {
  readonly measurement: M;
  readonly tags: Tags<M>;
  readonly fields: Fields<M>;
  readonly atMs: number;
}

export type Point = { [M in Measurement]: PointOf<M> }[Measurement];
