// Original file: proto/evenkeel/v1/telemetry.proto

import type { VmRulesInput as _evenkeel_v1_VmRulesInput, VmRules as _evenkeel_v1_VmRules } from '../../evenkeel/v1/VmRules.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What evenkeel keeps in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
 */
export interface VmMetadataInput {
  'owner'?: (string);
  'purpose'?: (string);
  /**
   * 0 = never.
   */
  'expiresAtMs'?: (number | string | Long);
  'rules'?: (_evenkeel_v1_VmRulesInput | null);
}

/**
 * What evenkeel keeps in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
 */
export interface VmMetadata {
  'owner': (string);
  'purpose': (string);
  /**
   * 0 = never.
   */
  'expiresAtMs': (number);
  'rules': (_evenkeel_v1_VmRules | null);
}
