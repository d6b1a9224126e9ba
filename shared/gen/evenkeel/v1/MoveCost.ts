// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What a move was weighed by, before it began.
 */
export interface MoveCostInput {
  /**
   * Cost of both hosts that goes away, in cores, and how long it is expected to last otherwise.
   */
  'gainCores'?: (number | string);
  'persistenceMs'?: (number | string);
  /**
   * Predicted of the migration.
   */
  'durationMs'?: (number | string);
  'trafficBytes'?: (number | string | Long);
  /**
   * What is left of the gain when the migration is paid.
   */
  'netCoreSeconds'?: (number | string);
}

/**
 * What a move was weighed by, before it began.
 */
export interface MoveCost {
  /**
   * Cost of both hosts that goes away, in cores, and how long it is expected to last otherwise.
   */
  'gainCores': (number);
  'persistenceMs': (number);
  /**
   * Predicted of the migration.
   */
  'durationMs': (number);
  'trafficBytes': (number);
  /**
   * What is left of the gain when the migration is paid.
   */
  'netCoreSeconds': (number);
}
