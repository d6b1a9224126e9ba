// Original file: proto/evenkeel/v1/telemetry.proto

import type { VmStateInput as _evenkeel_v1_VmStateInput, VmState as _evenkeel_v1_VmState } from '../../evenkeel/v1/VmState.ts';
import type { VmMigrationRoleInput as _evenkeel_v1_VmMigrationRoleInput, VmMigrationRole as _evenkeel_v1_VmMigrationRole } from '../../evenkeel/v1/VmMigrationRole.ts';
import type { MemoryUsedSourceInput as _evenkeel_v1_MemoryUsedSourceInput, MemoryUsedSource as _evenkeel_v1_MemoryUsedSource } from '../../evenkeel/v1/MemoryUsedSource.ts';
import type { DiskSampleInput as _evenkeel_v1_DiskSampleInput, DiskSample as _evenkeel_v1_DiskSample } from '../../evenkeel/v1/DiskSample.ts';
import type { NicSampleInput as _evenkeel_v1_NicSampleInput, NicSample as _evenkeel_v1_NicSample } from '../../evenkeel/v1/NicSample.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from '../../evenkeel/v1/VmMetadata.ts';
import type { Long } from '@grpc/proto-loader';

export interface VmSampleInput {
  'uuid'?: (string);
  'name'?: (string);
  /**
   * A new id is a new QEMU process: counters start again at zero.
   */
  'libvirtId'?: (number);
  'state'?: (_evenkeel_v1_VmStateInput);
  /**
   * libvirt's reason for the state, as number.
   */
  'stateReason'?: (number);
  'migrationRole'?: (_evenkeel_v1_VmMigrationRoleInput);
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  'counted'?: (boolean);
  /**
   * True when the VM's monitor did not answer in time; only what needs no monitor is then filled in.
   */
  'stuck'?: (boolean);
  'vcpus'?: (number);
  'cpuTimeMs'?: (number | string | Long);
  /**
   * Rates are absent in the first sample of a QEMU process.
   */
  'cpuCores'?: (number | string);
  'cpuDemandCores'?: (number | string);
  /**
   * Time its vCPUs waited for a host CPU, as a share of all vCPU time: what the guest sees as steal.
   */
  'stealRatio'?: (number | string);
  /**
   * The balloon's size now, and what the VM may grow to.
   */
  'memoryAssignedBytes'?: (number | string | Long);
  'memoryMaxBytes'?: (number | string | Long);
  'memoryUsedBytes'?: (number | string | Long);
  'memoryUsedSource'?: (_evenkeel_v1_MemoryUsedSourceInput);
  'rssBytes'?: (number | string | Long);
  'disks'?: (_evenkeel_v1_DiskSampleInput)[];
  'nics'?: (_evenkeel_v1_NicSampleInput)[];
  'metadata'?: (_evenkeel_v1_VmMetadataInput | null);
  '_cpuCores'?: "cpuCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_stealRatio'?: "stealRatio";
  '_memoryUsedBytes'?: "memoryUsedBytes";
  '_rssBytes'?: "rssBytes";
}

export interface VmSample {
  'uuid': (string);
  'name': (string);
  /**
   * A new id is a new QEMU process: counters start again at zero.
   */
  'libvirtId': (number);
  'state': (_evenkeel_v1_VmState);
  /**
   * libvirt's reason for the state, as number.
   */
  'stateReason': (number);
  'migrationRole': (_evenkeel_v1_VmMigrationRole);
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  'counted': (boolean);
  /**
   * True when the VM's monitor did not answer in time; only what needs no monitor is then filled in.
   */
  'stuck': (boolean);
  'vcpus': (number);
  'cpuTimeMs': (number);
  /**
   * Rates are absent in the first sample of a QEMU process.
   */
  'cpuCores'?: (number);
  'cpuDemandCores'?: (number);
  /**
   * Time its vCPUs waited for a host CPU, as a share of all vCPU time: what the guest sees as steal.
   */
  'stealRatio'?: (number);
  /**
   * The balloon's size now, and what the VM may grow to.
   */
  'memoryAssignedBytes': (number);
  'memoryMaxBytes': (number);
  'memoryUsedBytes'?: (number);
  'memoryUsedSource': (_evenkeel_v1_MemoryUsedSource);
  'rssBytes'?: (number);
  'disks': (_evenkeel_v1_DiskSample)[];
  'nics': (_evenkeel_v1_NicSample)[];
  'metadata': (_evenkeel_v1_VmMetadata | null);
  '_cpuCores'?: "cpuCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_stealRatio'?: "stealRatio";
  '_memoryUsedBytes'?: "memoryUsedBytes";
  '_rssBytes'?: "rssBytes";
}
