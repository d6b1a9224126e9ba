// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What a migration was expected to take, from memory, dirty rate and bandwidth just before it began.
 */
export interface MigrationForecastInput {
  'durationMs'?: (number | string);
  'downtimeMs'?: (number | string);
  'trafficBytes'?: (number | string | Long);
  'dirtyBytesPerSecond'?: (number | string);
}

/**
 * What a migration was expected to take, from memory, dirty rate and bandwidth just before it began.
 */
export interface MigrationForecast {
  'durationMs': (number);
  'downtimeMs': (number);
  'trafficBytes': (number);
  'dirtyBytesPerSecond': (number);
}
