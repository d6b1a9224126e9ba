// Decides what a migration that failed says: about its target, which is then avoided, or about its VM, which then rests. Pure.
import type { Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { HOUR_MS } from '../../shared/units.ts';
import type { Restraint } from './cool-down.ts';

/** When a VM may be tried again, for duties too, after migrations that failed for its own or its source's reasons. */
export interface Retry {
  readonly atMs: number;
  readonly failuresInRow: number;
  /** The latest failure. */
  readonly migration: Migration;
}

const DAY_MS = 24 * HOUR_MS;

type Fault =
  /** Says nothing about VM or target: the move may be planned again at once. */
  | 'nobody'
  /** An operator did not want this move; it says nothing about others. */
  | 'operator'
  /** The VM's or its source's: the VM rests. */
  | 'vm'
  /** Only the target's, although libvirt may already have been told to begin: another may take the VM. */
  | 'target'
  /** libvirt does not tell which side it was: the next attempt goes elsewhere, and not at once. */
  | 'either'
  /** The target's before the source was told, the VM's or its source's afterwards. */
  | 'by_phase';

const FAULTS: Readonly<Record<MigrationCause, Fault>> = {
  MIGRATION_CAUSE_UNSPECIFIED: 'by_phase',
  MIGRATION_CAUSE_SLOTS_TAKEN: 'nobody',
  MIGRATION_CAUSE_CAPACITY_GONE: 'target',
  MIGRATION_CAUSE_NO_VM: 'vm',
  MIGRATION_CAUSE_NOT_RUNNING: 'vm',
  MIGRATION_CAUSE_MIGRATING_ALREADY: 'vm',
  MIGRATION_CAUSE_SRC_UNREACHABLE: 'vm',
  MIGRATION_CAUSE_DST_UNREACHABLE: 'target',
  MIGRATION_CAUSE_SRC_REFUSED: 'by_phase',
  MIGRATION_CAUSE_DST_REFUSED: 'target',
  MIGRATION_CAUSE_CLOCK_OFFSET: 'target',
  MIGRATION_CAUSE_NAME_TAKEN: 'target',
  MIGRATION_CAUSE_UUID_TAKEN: 'target',
  MIGRATION_CAUSE_MACHINE_UNKNOWN: 'target',
  MIGRATION_CAUSE_HYPERVISOR_OLDER: 'target',
  MIGRATION_CAUSE_CPU_INCOMPATIBLE: 'target',
  MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE: 'vm',
  MIGRATION_CAUSE_MEMORY_SHORT: 'target',
  MIGRATION_CAUSE_PORTS_EXHAUSTED: 'target',
  MIGRATION_CAUSE_TLS: 'either',
  MIGRATION_CAUSE_BRIDGE_MISSING: 'target',
  MIGRATION_CAUSE_NETWORK_MISSING: 'target',
  MIGRATION_CAUSE_DISK_NOT_VISIBLE: 'target',
  MIGRATION_CAUSE_STORAGE_UNSAFE: 'vm',
  MIGRATION_CAUSE_LOCK_NOT_PROVABLE: 'target',
  MIGRATION_CAUSE_JOURNAL_UNAVAILABLE: 'nobody',
  MIGRATION_CAUSE_SCHEDULER_RESTARTED: 'nobody',
  MIGRATION_CAUSE_HAS_SNAPSHOTS: 'vm',
  MIGRATION_CAUSE_HOST_LACKS: 'target',
  MIGRATION_CAUSE_FENCED_EPOCH: 'by_phase',
  MIGRATION_CAUSE_VM_BUSY: 'by_phase',
  MIGRATION_CAUSE_NOT_CONVERGING: 'by_phase',
  MIGRATION_CAUSE_TIMEOUT: 'by_phase',
  MIGRATION_CAUSE_USER_ABORT: 'operator',
  MIGRATION_CAUSE_SRC_AGENT_LOST: 'by_phase',
  MIGRATION_CAUSE_SRC_DAEMON_LOST: 'by_phase',
  MIGRATION_CAUSE_DST_FAILED: 'either',
  MIGRATION_CAUSE_NET_LOST_COPY: 'by_phase',
  MIGRATION_CAUSE_NET_LOST_FINISH: 'by_phase',
  MIGRATION_CAUSE_IO_ERROR: 'by_phase',
  MIGRATION_CAUSE_GUEST_SHUTDOWN: 'by_phase',
  MIGRATION_CAUSE_GUEST_CRASHED: 'by_phase',
  MIGRATION_CAUSE_NOT_TOLD: 'by_phase',
};

/** True of a migration that says something about its VM or its target. */
export function isSomebodysFault({ causeCode }: Migration): boolean {
  return FAULTS[causeCode] !== 'nobody';
}

/** True if memory was sent; nothing else counts as a copy. A dirty rate is no proof: it may have been known before. */
export function isCopy({ state, causeCode, progress }: Migration): boolean {
  if (state === 'MIGRATION_STATE_SUCCEEDED' || state === 'MIGRATION_STATE_CRASHED') return true;
  return (
    causeCode === 'MIGRATION_CAUSE_NOT_CONVERGING' ||
    (progress?.memoryProcessedBytes ?? 0) > 0 ||
    progress?.phase === 'MIGRATION_PHASE_COPYING' ||
    progress?.phase === 'MIGRATION_PHASE_SWITCHING'
  );
}

/** True if the ended migration copied nothing, and another target may take the VM. */
export function isRefusalOfTarget(migration: Migration): boolean {
  return !isCopy(migration) && blamed(migration).target;
}

function blamed({ startedAtMs, causeCode }: Migration): { readonly vm: boolean; readonly target: boolean } {
  const isTold = startedAtMs > 0;
  switch (FAULTS[causeCode]) {
    case 'nobody':
      return { vm: false, target: false };
    case 'operator':
    case 'target':
      return { vm: false, target: true };
    case 'vm':
      return { vm: true, target: false };
    case 'either':
      return { vm: isTold, target: true };
    case 'by_phase':
      return { vm: isTold, target: !isTold };
  }
}

/** How long each in a row of `failures` keeps away whom it blames: doubled with each, up to `retryMaxMs`. */
function pauseMs(firstMs: number, failures: number, { retryMaxMs }: Restraint): number {
  return Math.min(Math.max(firstMs, retryMaxMs), firstMs * 2 ** (failures - 1));
}

// One target's refusal says little about the VM, and another may take it at once. Where several refuse it in a row, the next
// will most likely do so, too.
const REFUSALS_FORGIVEN = 2;

/**
 * A rest from the last failure on, doubled with each failure in a row within the 24 h up to it. `ended` are the ended
 * migrations of one VM, in any order; undefined when none of them holds the VM back.
 */
export function retryOf(ended: readonly Migration[], restraint: Restraint): Retry | undefined {
  const failed = failedInRow(ended);
  const own = failed.filter(restsVm);
  const refusals = failed.filter((migration) => !restsVm(migration));
  const counted = [...own, ...refusals.slice(0, -REFUSALS_FORGIVEN)];
  if (counted.length === 0) return undefined;
  const last = counted.reduce((latest, each) => (each.endedAtMs > latest.endedAtMs ? each : latest));
  const restMs = pauseMs(restraint.retryAfterMs, counted.length, restraint);
  return { atMs: last.endedAtMs + restMs, failuresInRow: counted.length, migration: last };
}

/**
 * The migrations of one VM that failed since it moved last and within 24 h before the last of them, latest first. A crash or
 * shutdown of the guest is not a failed migration, and neither is an operator's abort.
 */
function failedInRow(ended: readonly Migration[]): Migration[] {
  const movedAtMs = Math.max(
    0,
    ...ended.filter(({ state }) => state === 'MIGRATION_STATE_SUCCEEDED').map(({ endedAtMs }) => endedAtMs),
  );
  const failed = ended
    .filter((migration) => migration.endedAtMs > movedAtMs && isFailure(migration))
    .sort((one, other) => other.endedAtMs - one.endedAtMs);
  const [last] = failed;
  return last === undefined ? [] : withinDayOf(last, failed);
}

function withinDayOf(last: Migration, migrations: readonly Migration[]): Migration[] {
  return migrations.filter(({ endedAtMs }) => endedAtMs > last.endedAtMs - DAY_MS);
}

/** When a VM may be sent again to a target that refused it; `refusals` are those by that target, latest first. */
export function closedUntilMs(refusals: readonly [Migration, ...Migration[]], restraint: Restraint): number {
  const [last] = refusals;
  return last.endedAtMs + pauseMs(restraint.afterFailureMs, withinDayOf(last, refusals).length, restraint);
}

function isFailure({ state, causeCode }: Migration): boolean {
  if (state !== 'MIGRATION_STATE_FAILED' && state !== 'MIGRATION_STATE_ABORTED') return false;
  return FAULTS[causeCode] !== 'operator' && FAULTS[causeCode] !== 'nobody';
}

function restsVm(migration: Migration): boolean {
  return isCopy(migration) || blamed(migration).vm;
}
