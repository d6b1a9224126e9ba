// Original file: proto/evenkeel/v1/telemetry.proto

export const MigrationState = {
  MIGRATION_STATE_UNSPECIFIED: 'MIGRATION_STATE_UNSPECIFIED',
  MIGRATION_STATE_QUEUED: 'MIGRATION_STATE_QUEUED',
  MIGRATION_STATE_CHECKING: 'MIGRATION_STATE_CHECKING',
  MIGRATION_STATE_COPYING: 'MIGRATION_STATE_COPYING',
  MIGRATION_STATE_VERIFYING: 'MIGRATION_STATE_VERIFYING',
  MIGRATION_STATE_SUCCEEDED: 'MIGRATION_STATE_SUCCEEDED',
  MIGRATION_STATE_FAILED: 'MIGRATION_STATE_FAILED',
  MIGRATION_STATE_ABORTED: 'MIGRATION_STATE_ABORTED',
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look.
   */
  MIGRATION_STATE_UNKNOWN: 'MIGRATION_STATE_UNKNOWN',
} as const;

export type MigrationStateInput =
  | 'MIGRATION_STATE_UNSPECIFIED'
  | 0
  | 'MIGRATION_STATE_QUEUED'
  | 1
  | 'MIGRATION_STATE_CHECKING'
  | 2
  | 'MIGRATION_STATE_COPYING'
  | 3
  | 'MIGRATION_STATE_VERIFYING'
  | 4
  | 'MIGRATION_STATE_SUCCEEDED'
  | 5
  | 'MIGRATION_STATE_FAILED'
  | 6
  | 'MIGRATION_STATE_ABORTED'
  | 7
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look.
   */
  | 'MIGRATION_STATE_UNKNOWN'
  | 8

export type MigrationState = typeof MigrationState[keyof typeof MigrationState]
