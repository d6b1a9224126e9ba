// Original file: proto/evenkeel/v1/scheduler.proto

import type { HostStateInput as _evenkeel_v1_HostStateInput, HostState as _evenkeel_v1_HostState } from '../../evenkeel/v1/HostState.ts';
import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from '../../evenkeel/v1/HostFacts.ts';
import type { HostSampleInput as _evenkeel_v1_HostSampleInput, HostSample as _evenkeel_v1_HostSample } from '../../evenkeel/v1/HostSample.ts';
import type { AgentStatusInput as _evenkeel_v1_AgentStatusInput, AgentStatus as _evenkeel_v1_AgentStatus } from '../../evenkeel/v1/AgentStatus.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A host as the scheduler sees it.
 */
export interface HostLoadInput {
  'hostId'?: (string);
  'hostName'?: (string);
  'state'?: (_evenkeel_v1_HostStateInput);
  'lastReportAtMs'?: (number | string | Long);
  'facts'?: (_evenkeel_v1_HostFactsInput | null);
  'sample'?: (_evenkeel_v1_HostSampleInput | null);
  'agent'?: (_evenkeel_v1_AgentStatusInput | null);
  'vmsRunning'?: (number);
  /**
   * Sum of what its VMs may grow to.
   */
  'memoryAllocatedBytes'?: (number | string | Long);
  'cpuDemandRatio'?: (number | string);
  'memoryUsedRatio'?: (number | string);
  /**
   * Resources over their entry level for k of n samples: "cpu", "memory".
   */
  'hotResources'?: (string)[];
  /**
   * 0 when not hot.
   */
  'hotSinceMs'?: (number | string | Long);
  'migrationsIn'?: (number);
  'migrationsOut'?: (number);
  /**
   * It is being emptied, or is kept empty, for maintenance.
   */
  'inMaintenance'?: (boolean);
}

/**
 * A host as the scheduler sees it.
 */
export interface HostLoad {
  'hostId': (string);
  'hostName': (string);
  'state': (_evenkeel_v1_HostState);
  'lastReportAtMs': (number);
  'facts': (_evenkeel_v1_HostFacts | null);
  'sample': (_evenkeel_v1_HostSample | null);
  'agent': (_evenkeel_v1_AgentStatus | null);
  'vmsRunning': (number);
  /**
   * Sum of what its VMs may grow to.
   */
  'memoryAllocatedBytes': (number);
  'cpuDemandRatio': (number);
  'memoryUsedRatio': (number);
  /**
   * Resources over their entry level for k of n samples: "cpu", "memory".
   */
  'hotResources': (string)[];
  /**
   * 0 when not hot.
   */
  'hotSinceMs': (number);
  'migrationsIn': (number);
  'migrationsOut': (number);
  /**
   * It is being emptied, or is kept empty, for maintenance.
   */
  'inMaintenance': (boolean);
}
