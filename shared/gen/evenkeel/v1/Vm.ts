// Original file: proto/evenkeel/v1/agent.proto

import type { VmStateInput as _evenkeel_v1_VmStateInput, VmState as _evenkeel_v1_VmState } from '../../evenkeel/v1/VmState.ts';
import type { VmMigrationRoleInput as _evenkeel_v1_VmMigrationRoleInput, VmMigrationRole as _evenkeel_v1_VmMigrationRole } from '../../evenkeel/v1/VmMigrationRole.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from '../../evenkeel/v1/VmMetadata.ts';
import type { VmDiskInput as _evenkeel_v1_VmDiskInput, VmDisk as _evenkeel_v1_VmDisk } from '../../evenkeel/v1/VmDisk.ts';
import type { VmNicInput as _evenkeel_v1_VmNicInput, VmNic as _evenkeel_v1_VmNic } from '../../evenkeel/v1/VmNic.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A VM as libvirt shows it on one host now.
 */
export interface VmInput {
  'uuid'?: (string);
  'name'?: (string);
  /**
   * -1 when not active.
   */
  'libvirtId'?: (number);
  'state'?: (_evenkeel_v1_VmStateInput);
  'stateReason'?: (number);
  'persistent'?: (boolean);
  /**
   * A migration job runs on it, out or in.
   */
  'migrationRole'?: (_evenkeel_v1_VmMigrationRoleInput);
  'vcpus'?: (number);
  'memoryMaxBytes'?: (number | string | Long);
  'metadata'?: (_evenkeel_v1_VmMetadataInput | null);
  'disks'?: (_evenkeel_v1_VmDiskInput)[];
  'nics'?: (_evenkeel_v1_VmNicInput)[];
  /**
   * "127.0.0.1:5900"; empty when the VM is off or has no console.
   */
  'vncAddress'?: (string);
  'machineType'?: (string);
  'osFamily'?: (string);
  'firmware'?: (string);
  'observedAtMs'?: (number | string | Long);
  /**
   * Its QEMU process has ended at the end of a copy, and libvirt, busy with that, still shows it: it cannot run here.
   */
  'processEnded'?: (boolean);
}

/**
 * A VM as libvirt shows it on one host now.
 */
export interface Vm {
  'uuid': (string);
  'name': (string);
  /**
   * -1 when not active.
   */
  'libvirtId': (number);
  'state': (_evenkeel_v1_VmState);
  'stateReason': (number);
  'persistent': (boolean);
  /**
   * A migration job runs on it, out or in.
   */
  'migrationRole': (_evenkeel_v1_VmMigrationRole);
  'vcpus': (number);
  'memoryMaxBytes': (number);
  'metadata': (_evenkeel_v1_VmMetadata | null);
  'disks': (_evenkeel_v1_VmDisk)[];
  'nics': (_evenkeel_v1_VmNic)[];
  /**
   * "127.0.0.1:5900"; empty when the VM is off or has no console.
   */
  'vncAddress': (string);
  'machineType': (string);
  'osFamily': (string);
  'firmware': (string);
  'observedAtMs': (number);
  /**
   * Its QEMU process has ended at the end of a copy, and libvirt, busy with that, still shows it: it cannot run here.
   */
  'processEnded': (boolean);
}
