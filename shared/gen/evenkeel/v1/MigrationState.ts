// Original file: proto/evenkeel/v1/telemetry.proto

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export const MigrationState = {
  MIGRATION_STATE_UNSPECIFIED: 'MIGRATION_STATE_UNSPECIFIED',
  /**
   * Claimed its VM; waits for slots.
   */
  MIGRATION_STATE_QUEUED: 'MIGRATION_STATE_QUEUED',
  /**
   * Holds its slots, its bandwidth and the memory on the target.
   */
  MIGRATION_STATE_ADMITTED: 'MIGRATION_STATE_ADMITTED',
  /**
   * Both living hosts are asked what speaks against it.
   */
  MIGRATION_STATE_CHECKING: 'MIGRATION_STATE_CHECKING',
  /**
   * Decided and recorded with all that recovery needs; the target's agent guards it from here on.
   */
  MIGRATION_STATE_INTENT: 'MIGRATION_STATE_INTENT',
  /**
   * The source was told; libvirt prepares the target.
   */
  MIGRATION_STATE_PREPARING: 'MIGRATION_STATE_PREPARING',
  MIGRATION_STATE_COPYING: 'MIGRATION_STATE_COPYING',
  /**
   * Told to end; the guest stays on the source.
   */
  MIGRATION_STATE_ABORTING: 'MIGRATION_STATE_ABORTING',
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, only waited for.
   */
  MIGRATION_STATE_SWITCHING: 'MIGRATION_STATE_SWITCHING',
  /**
   * Both hosts are looked at until they show who has the guest.
   */
  MIGRATION_STATE_VERIFYING: 'MIGRATION_STATE_VERIFYING',
  /**
   * The outcome is known and recorded; the losing side is put in order.
   */
  MIGRATION_STATE_CLEANUP: 'MIGRATION_STATE_CLEANUP',
  MIGRATION_STATE_SUCCEEDED: 'MIGRATION_STATE_SUCCEEDED',
  /**
   * The guest is on the source.
   */
  MIGRATION_STATE_FAILED: 'MIGRATION_STATE_FAILED',
  /**
   * As failed, because a person or a limit ended it.
   */
  MIGRATION_STATE_ABORTED: 'MIGRATION_STATE_ABORTED',
  /**
   * The guest itself ended meanwhile.
   */
  MIGRATION_STATE_CRASHED: 'MIGRATION_STATE_CRASHED',
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look. Looked at again until it fits.
   */
  MIGRATION_STATE_UNKNOWN: 'MIGRATION_STATE_UNKNOWN',
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, a person must decide.
   */
  MIGRATION_STATE_SPLIT: 'MIGRATION_STATE_SPLIT',
} as const;

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationStateInput =
  | 'MIGRATION_STATE_UNSPECIFIED'
  | 0
  /**
   * Claimed its VM; waits for slots.
   */
  | 'MIGRATION_STATE_QUEUED'
  | 1
  /**
   * Holds its slots, its bandwidth and the memory on the target.
   */
  | 'MIGRATION_STATE_ADMITTED'
  | 2
  /**
   * Both living hosts are asked what speaks against it.
   */
  | 'MIGRATION_STATE_CHECKING'
  | 3
  /**
   * Decided and recorded with all that recovery needs; the target's agent guards it from here on.
   */
  | 'MIGRATION_STATE_INTENT'
  | 4
  /**
   * The source was told; libvirt prepares the target.
   */
  | 'MIGRATION_STATE_PREPARING'
  | 5
  | 'MIGRATION_STATE_COPYING'
  | 6
  /**
   * Told to end; the guest stays on the source.
   */
  | 'MIGRATION_STATE_ABORTING'
  | 7
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, only waited for.
   */
  | 'MIGRATION_STATE_SWITCHING'
  | 8
  /**
   * Both hosts are looked at until they show who has the guest.
   */
  | 'MIGRATION_STATE_VERIFYING'
  | 9
  /**
   * The outcome is known and recorded; the losing side is put in order.
   */
  | 'MIGRATION_STATE_CLEANUP'
  | 10
  | 'MIGRATION_STATE_SUCCEEDED'
  | 11
  /**
   * The guest is on the source.
   */
  | 'MIGRATION_STATE_FAILED'
  | 12
  /**
   * As failed, because a person or a limit ended it.
   */
  | 'MIGRATION_STATE_ABORTED'
  | 13
  /**
   * The guest itself ended meanwhile.
   */
  | 'MIGRATION_STATE_CRASHED'
  | 14
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look. Looked at again until it fits.
   */
  | 'MIGRATION_STATE_UNKNOWN'
  | 15
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, a person must decide.
   */
  | 'MIGRATION_STATE_SPLIT'
  | 16

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationState = typeof MigrationState[keyof typeof MigrationState]
