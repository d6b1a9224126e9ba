// Original file: proto/evenkeel/v1/agent.proto

import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from '../../evenkeel/v1/MigrationProgress.ts';

/**
 * What libvirt's call returned on the source. Not yet the outcome: that is what both hosts show.
 */
export interface MigrateResultInput {
  'ok'?: (boolean);
  'causeCode'?: (string);
  'message'?: (string);
  'progress'?: (_evenkeel_v1_MigrationProgressInput | null);
}

/**
 * What libvirt's call returned on the source. Not yet the outcome: that is what both hosts show.
 */
export interface MigrateResult {
  'ok': (boolean);
  'causeCode': (string);
  'message': (string);
  'progress': (_evenkeel_v1_MigrationProgress | null);
}
