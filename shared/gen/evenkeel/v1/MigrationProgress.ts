// Original file: proto/evenkeel/v1/telemetry.proto

import type { MigrationPhaseInput as _evenkeel_v1_MigrationPhaseInput, MigrationPhase as _evenkeel_v1_MigrationPhase } from '../../evenkeel/v1/MigrationPhase.ts';
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
  'phase'?: (_evenkeel_v1_MigrationPhaseInput);
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
  'phase': (_evenkeel_v1_MigrationPhase);
  '_downtimeMs'?: "downtimeMs";
}
