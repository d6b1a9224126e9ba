// Original file: proto/evenkeel/v1/telemetry.proto

/**
 * Part of a migration that a VM on this host is in.
 */
export const VmMigrationRole = {
  VM_MIGRATION_ROLE_UNSPECIFIED: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  /**
   * The guest runs here while its memory is copied away.
   */
  VM_MIGRATION_ROLE_OUTGOING: 'VM_MIGRATION_ROLE_OUTGOING',
  /**
   * A copy that does not run yet: never counted as load.
   */
  VM_MIGRATION_ROLE_INCOMING: 'VM_MIGRATION_ROLE_INCOMING',
} as const;

/**
 * Part of a migration that a VM on this host is in.
 */
export type VmMigrationRoleInput =
  | 'VM_MIGRATION_ROLE_UNSPECIFIED'
  | 0
  /**
   * The guest runs here while its memory is copied away.
   */
  | 'VM_MIGRATION_ROLE_OUTGOING'
  | 1
  /**
   * A copy that does not run yet: never counted as load.
   */
  | 'VM_MIGRATION_ROLE_INCOMING'
  | 2

/**
 * Part of a migration that a VM on this host is in.
 */
export type VmMigrationRole = typeof VmMigrationRole[keyof typeof VmMigrationRole]
