// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmSampleInput as _evenkeel_v1_VmSampleInput, VmSample as _evenkeel_v1_VmSample } from '../../evenkeel/v1/VmSample.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A VM as the scheduler sees it, on the host that runs it.
 */
export interface VmLoadInput {
  'sample'?: (_evenkeel_v1_VmSampleInput | null);
  'hostId'?: (string);
  'hostName'?: (string);
  'lastReportAtMs'?: (number | string | Long);
  /**
   * 0 when free to move.
   */
  'coolDownUntilMs'?: (number | string | Long);
  /**
   * The migration it is in; empty when in none.
   */
  'migrationId'?: (string);
  /**
   * Set when more than one host shows it running, or its host is stale: do not act on it.
   */
  'warning'?: (string);
}

/**
 * A VM as the scheduler sees it, on the host that runs it.
 */
export interface VmLoad {
  'sample': (_evenkeel_v1_VmSample | null);
  'hostId': (string);
  'hostName': (string);
  'lastReportAtMs': (number);
  /**
   * 0 when free to move.
   */
  'coolDownUntilMs': (number);
  /**
   * The migration it is in; empty when in none.
   */
  'migrationId': (string);
  /**
   * Set when more than one host shows it running, or its host is stale: do not act on it.
   */
  'warning': (string);
}
