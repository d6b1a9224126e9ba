// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface MigrationProgressInput {
  'memoryTotalBytes'?: (number | string | Long);
  'memoryProcessedBytes'?: (number | string | Long);
  'memoryRemainingBytes'?: (number | string | Long);
  'memoryBytesPerSecond'?: (number | string);
  'dirtyBytesPerSecond'?: (number | string);
  'iteration'?: (number);
  /**
   * Expected while copying, measured once complete.
   */
  'downtimeMs'?: (number | string);
  'elapsedMs'?: (number | string);
  '_downtimeMs'?: "downtimeMs";
}

export interface MigrationProgress {
  'memoryTotalBytes': (number);
  'memoryProcessedBytes': (number);
  'memoryRemainingBytes': (number);
  'memoryBytesPerSecond': (number);
  'dirtyBytesPerSecond': (number);
  'iteration': (number);
  /**
   * Expected while copying, measured once complete.
   */
  'downtimeMs'?: (number);
  'elapsedMs': (number);
  '_downtimeMs'?: "downtimeMs";
}
