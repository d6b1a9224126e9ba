// Original file: proto/evenkeel/v1/agent.proto

import type { DiskSpecInput as _evenkeel_v1_DiskSpecInput, DiskSpec as _evenkeel_v1_DiskSpec } from '../../evenkeel/v1/DiskSpec.ts';
import type { NicSpecInput as _evenkeel_v1_NicSpecInput, NicSpec as _evenkeel_v1_NicSpec } from '../../evenkeel/v1/NicSpec.ts';
import type { FirmwareInput as _evenkeel_v1_FirmwareInput, Firmware as _evenkeel_v1_Firmware } from '../../evenkeel/v1/Firmware.ts';
import type { OsFamilyInput as _evenkeel_v1_OsFamilyInput, OsFamily as _evenkeel_v1_OsFamily } from '../../evenkeel/v1/OsFamily.ts';
import type { VmMetadataInput as _evenkeel_v1_VmMetadataInput, VmMetadata as _evenkeel_v1_VmMetadata } from '../../evenkeel/v1/VmMetadata.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What a person asks for.
 */
export interface VmSpecInput {
  /**
   * Letters, digits, '.', '_' and '-', starting with a letter or digit, at most 63.
   */
  'name'?: (string);
  'vcpus'?: (number);
  'memoryBytes'?: (number | string | Long);
  'disks'?: (_evenkeel_v1_DiskSpecInput)[];
  /**
   * Path of an installation image, or "pool/volume"; empty for none.
   */
  'iso'?: (string);
  'nics'?: (_evenkeel_v1_NicSpecInput)[];
  'firmware'?: (_evenkeel_v1_FirmwareInput);
  'osFamily'?: (_evenkeel_v1_OsFamilyInput);
  'metadata'?: (_evenkeel_v1_VmMetadataInput | null);
  /**
   * No VNC console; the default is one on loopback.
   */
  'headless'?: (boolean);
}

/**
 * What a person asks for.
 */
export interface VmSpec {
  /**
   * Letters, digits, '.', '_' and '-', starting with a letter or digit, at most 63.
   */
  'name': (string);
  'vcpus': (number);
  'memoryBytes': (number);
  'disks': (_evenkeel_v1_DiskSpec)[];
  /**
   * Path of an installation image, or "pool/volume"; empty for none.
   */
  'iso': (string);
  'nics': (_evenkeel_v1_NicSpec)[];
  'firmware': (_evenkeel_v1_Firmware);
  'osFamily': (_evenkeel_v1_OsFamily);
  'metadata': (_evenkeel_v1_VmMetadata | null);
  /**
   * No VNC console; the default is one on loopback.
   */
  'headless': (boolean);
}
