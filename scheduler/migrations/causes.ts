// Sorts the causes of the contract by who ended the migration. Pure.
import type { MigrationCause } from '../../shared/gen/telemetry.ts';

/** In the record of a migration that has not failed. */
export const NO_CAUSE: MigrationCause = 'MIGRATION_CAUSE_UNSPECIFIED';

type EndedBy =
  /** The scheduler told the source's agent to abort it: an operator asked, or its time was up. */
  | 'order'
  /** The source's agent aborted it by itself at a limit. */
  | 'limit'
  /** The guest itself ended. */
  | 'guest'
  | 'fault';

const ENDED_BY: Readonly<Record<MigrationCause, EndedBy>> = {
  MIGRATION_CAUSE_UNSPECIFIED: 'fault',
  MIGRATION_CAUSE_SLOTS_TAKEN: 'fault',
  MIGRATION_CAUSE_CAPACITY_GONE: 'fault',
  MIGRATION_CAUSE_NO_VM: 'fault',
  MIGRATION_CAUSE_NOT_RUNNING: 'fault',
  MIGRATION_CAUSE_MIGRATING_ALREADY: 'fault',
  MIGRATION_CAUSE_SRC_UNREACHABLE: 'fault',
  MIGRATION_CAUSE_DST_UNREACHABLE: 'fault',
  MIGRATION_CAUSE_SRC_REFUSED: 'fault',
  MIGRATION_CAUSE_DST_REFUSED: 'fault',
  MIGRATION_CAUSE_CLOCK_OFFSET: 'fault',
  MIGRATION_CAUSE_NAME_TAKEN: 'fault',
  MIGRATION_CAUSE_UUID_TAKEN: 'fault',
  MIGRATION_CAUSE_MACHINE_UNKNOWN: 'fault',
  MIGRATION_CAUSE_HYPERVISOR_OLDER: 'fault',
  MIGRATION_CAUSE_CPU_INCOMPATIBLE: 'fault',
  MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE: 'fault',
  MIGRATION_CAUSE_MEMORY_SHORT: 'fault',
  MIGRATION_CAUSE_PORTS_EXHAUSTED: 'fault',
  MIGRATION_CAUSE_TLS: 'fault',
  MIGRATION_CAUSE_BRIDGE_MISSING: 'fault',
  MIGRATION_CAUSE_NETWORK_MISSING: 'fault',
  MIGRATION_CAUSE_DISK_NOT_VISIBLE: 'fault',
  MIGRATION_CAUSE_STORAGE_UNSAFE: 'fault',
  MIGRATION_CAUSE_LOCK_NOT_PROVABLE: 'fault',
  MIGRATION_CAUSE_JOURNAL_UNAVAILABLE: 'fault',
  MIGRATION_CAUSE_SCHEDULER_RESTARTED: 'fault',
  MIGRATION_CAUSE_HAS_SNAPSHOTS: 'fault',
  MIGRATION_CAUSE_HOST_LACKS: 'fault',
  MIGRATION_CAUSE_FENCED_EPOCH: 'fault',
  MIGRATION_CAUSE_VM_BUSY: 'fault',
  MIGRATION_CAUSE_NOT_CONVERGING: 'limit',
  MIGRATION_CAUSE_TIMEOUT: 'order',
  MIGRATION_CAUSE_USER_ABORT: 'order',
  MIGRATION_CAUSE_SRC_AGENT_LOST: 'fault',
  MIGRATION_CAUSE_SRC_DAEMON_LOST: 'fault',
  MIGRATION_CAUSE_DST_FAILED: 'fault',
  MIGRATION_CAUSE_NET_LOST_COPY: 'fault',
  MIGRATION_CAUSE_NET_LOST_FINISH: 'fault',
  MIGRATION_CAUSE_IO_ERROR: 'fault',
  MIGRATION_CAUSE_GUEST_SHUTDOWN: 'guest',
  MIGRATION_CAUSE_GUEST_CRASHED: 'guest',
  MIGRATION_CAUSE_NOT_TOLD: 'fault',
};

/** The cause that an agent gave, or NOT_TOLD for one unknown here: a later version's cause arrives as its number. */
export function toldCause(cause: MigrationCause): MigrationCause {
  return cause !== NO_CAUSE && Object.hasOwn(ENDED_BY, cause) ? cause : 'MIGRATION_CAUSE_NOT_TOLD';
}

/** True for causes that make a migration aborted, not failed. */
export function isAbort(cause: MigrationCause): boolean {
  return isOrderedEnd(cause) || ENDED_BY[cause] === 'limit';
}

/** True for an abort that was recorded before the source's agent was told. */
export function isOrderedEnd(cause: MigrationCause): boolean {
  return ENDED_BY[cause] === 'order';
}

export function isEndOfGuest(cause: MigrationCause): boolean {
  return ENDED_BY[cause] === 'guest';
}
