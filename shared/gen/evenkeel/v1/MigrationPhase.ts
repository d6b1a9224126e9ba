// Original file: proto/evenkeel/v1/telemetry.proto

export const MigrationPhase = {
  MIGRATION_PHASE_UNSPECIFIED: 'MIGRATION_PHASE_UNSPECIFIED',
  MIGRATION_PHASE_PREPARING: 'MIGRATION_PHASE_PREPARING',
  MIGRATION_PHASE_COPYING: 'MIGRATION_PHASE_COPYING',
  /**
   * The guest is paused on the source.
   */
  MIGRATION_PHASE_SWITCHING: 'MIGRATION_PHASE_SWITCHING',
} as const;

export type MigrationPhaseInput =
  | 'MIGRATION_PHASE_UNSPECIFIED'
  | 0
  | 'MIGRATION_PHASE_PREPARING'
  | 1
  | 'MIGRATION_PHASE_COPYING'
  | 2
  /**
   * The guest is paused on the source.
   */
  | 'MIGRATION_PHASE_SWITCHING'
  | 3

export type MigrationPhase = typeof MigrationPhase[keyof typeof MigrationPhase]
