// Shortens a cause of the contract to the word that people and scripts read: MIGRATION_CAUSE_VM_BUSY is "vm_busy". Pure.
import type { MigrationCause } from './gen/telemetry.ts';

/** Empty when there is no cause. */
export function causeWord(cause: MigrationCause): string {
  return cause === 'MIGRATION_CAUSE_UNSPECIFIED' ? '' : cause.slice('MIGRATION_CAUSE_'.length).toLowerCase();
}
