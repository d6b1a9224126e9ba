// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

/**
 * How the agent itself fares. Counters count from the agent's start.
 */
export interface AgentStatusInput {
  'reportsPublished'?: (number | string | Long);
  /**
   * Samples (one for the host and one for each counted VM) in the reports that JetStream acknowledged.
   */
  'samplesPublished'?: (number | string | Long);
  /**
   * Reports lost because the buffer was full.
   */
  'reportsDropped'?: (number | string | Long);
  'reportsBuffered'?: (number);
  /**
   * How long collecting this report took.
   */
  'sampleDurationMs'?: (number | string);
  'stuckVms'?: (number);
}

/**
 * How the agent itself fares. Counters count from the agent's start.
 */
export interface AgentStatus {
  'reportsPublished': (number);
  /**
   * Samples (one for the host and one for each counted VM) in the reports that JetStream acknowledged.
   */
  'samplesPublished': (number);
  /**
   * Reports lost because the buffer was full.
   */
  'reportsDropped': (number);
  'reportsBuffered': (number);
  /**
   * How long collecting this report took.
   */
  'sampleDurationMs': (number);
  'stuckVms': (number);
}
