// Decides what a migration that failed says: about its target, which is then avoided, or about its VM, which then rests. Pure.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { HOUR_MS } from '../../shared/units.ts';
import type { Restraint } from './cool-down.ts';

/** When a VM may be tried again, for duties too, after migrations that failed for its own or its source's reasons. */
export interface Retry {
  readonly atMs: number;
  readonly failuresInRow: number;
  /** The last that failed. */
  readonly migration: Migration;
}

const DAY_MS = 24 * HOUR_MS;

// What a check finds at the VM or its source; every other refusal before the copy is the target's.
const REFUSED_FOR_VM: ReadonlySet<string> = new Set([
  'device_not_migratable',
  'storage_unsafe',
  'not_running',
  'migrating_already',
  'no_vm',
  'src_unreachable',
]);
// What can only be the target's although libvirt was already told to begin.
const FAILED_BY_TARGET: ReadonlySet<string> = new Set([
  'capacity_gone',
  'cpu_incompatible',
  'dst_refused',
  'dst_unreachable',
  'ports_exhausted',
]);
// libvirt does not tell which side it was: the next attempt goes elsewhere, and not at once.
const FAILED_BY_EITHER: ReadonlySet<string> = new Set(['dst_failed', 'tls']);

/** Memory was sent; only that counts as a copy. A rate at which memory changes is the VM's, measured or known before. */
export function isCopy({ state, causeCode, progress }: Migration): boolean {
  if (state === 'MIGRATION_STATE_SUCCEEDED' || state === 'MIGRATION_STATE_CRASHED') return true;
  return (
    causeCode === 'not_converging' ||
    (progress?.memoryProcessedBytes ?? 0) > 0 ||
    progress?.phase === 'MIGRATION_PHASE_COPYING' ||
    progress?.phase === 'MIGRATION_PHASE_SWITCHING'
  );
}

/** Of a migration that has ended: nothing was copied, and another target may take the VM. */
export function isRefusalOfTarget(migration: Migration): boolean {
  const { startedAtMs, causeCode } = migration;
  if (isCopy(migration)) return false;
  if (startedAtMs === 0) return !REFUSED_FOR_VM.has(causeCode);
  // A person did not want this move; it says nothing about others.
  return FAILED_BY_TARGET.has(causeCode) || FAILED_BY_EITHER.has(causeCode) || causeCode === BY_PERSON;
}

const BY_PERSON = 'user_abort';

/**
 * A pause from the last failure, doubled with each one in a row within the 24 h up to it. `ended` are migrations of one VM that
 * have ended, in any order; undefined when none of them holds it back.
 */
export function retryOf(ended: readonly Migration[], restraint: Restraint): Retry | undefined {
  const movedAtMs = Math.max(
    0,
    ...ended.filter(({ state }) => state === 'MIGRATION_STATE_SUCCEEDED').map(({ endedAtMs }) => endedAtMs),
  );
  const failed = ended
    .filter((migration) => migration.endedAtMs > movedAtMs && restsVm(migration))
    .sort((one, other) => other.endedAtMs - one.endedAtMs);
  const [last] = failed;
  if (last === undefined) return undefined;
  const failuresInRow = failed.filter(({ endedAtMs }) => endedAtMs > last.endedAtMs - DAY_MS).length;
  const pauseMs = Math.min(restraint.retryMaxMs, restraint.retryAfterMs * 2 ** (failuresInRow - 1));
  return { atMs: last.endedAtMs + pauseMs, failuresInRow, migration: last };
}

/** A guest that crashed or was shut down did not fail to move, and what a person aborts is not a failure. */
function restsVm(migration: Migration): boolean {
  const { state, startedAtMs, causeCode } = migration;
  if (state !== 'MIGRATION_STATE_FAILED' && state !== 'MIGRATION_STATE_ABORTED') return false;
  if (causeCode === BY_PERSON) return false;
  if (isCopy(migration)) return true;
  return startedAtMs === 0 ? REFUSED_FOR_VM.has(causeCode) : !FAILED_BY_TARGET.has(causeCode);
}
