// Decides what a failed migration concerns: its target, which is then avoided, or its VM, which then rests. Pure.
import type { Migration } from '../../shared/gen/telemetry.ts';
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

// What a check finds wrong with the VM or its source; every other refusal before the copy concerns the target.
const REFUSED_FOR_VM: ReadonlySet<string> = new Set([
  'device_not_migratable',
  'storage_unsafe',
  'not_running',
  'migrating_already',
  'no_vm',
  'src_unreachable',
]);
// What concerns the target although libvirt was already told to begin.
const FAILED_BY_TARGET: ReadonlySet<string> = new Set([
  'capacity_gone',
  'cpu_incompatible',
  'dst_refused',
  'dst_unreachable',
  'ports_exhausted',
]);
// libvirt does not say which side failed: the next attempt goes to another target, and after a rest.
const FAILED_BY_EITHER: ReadonlySet<string> = new Set(['dst_failed', 'tls']);

/** True if memory was sent; nothing else counts as a copy. A dirty rate is no proof: it may have been known before. */
export function isCopy({ state, causeCode, progress }: Migration): boolean {
  if (state === 'MIGRATION_STATE_SUCCEEDED' || state === 'MIGRATION_STATE_CRASHED') return true;
  return (
    causeCode === 'not_converging' ||
    (progress?.memoryProcessedBytes ?? 0) > 0 ||
    progress?.phase === 'MIGRATION_PHASE_COPYING' ||
    progress?.phase === 'MIGRATION_PHASE_SWITCHING'
  );
}

/** True if the ended migration copied nothing, and another target may take the VM. */
export function isRefusalOfTarget(migration: Migration): boolean {
  const { startedAtMs, causeCode } = migration;
  if (isCopy(migration)) return false;
  if (startedAtMs === 0) return !REFUSED_FOR_VM.has(causeCode);
  // An operator's abort concerns this move, not others.
  return FAILED_BY_TARGET.has(causeCode) || FAILED_BY_EITHER.has(causeCode) || causeCode === BY_OPERATOR;
}

const BY_OPERATOR = 'user_abort';

/**
 * A rest from the last failure on, doubled with each failure in a row within the 24 h up to it. `ended` are the ended
 * migrations of one VM, in any order; undefined when none of them holds the VM back.
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

/** A crash or shutdown of the guest is not a failed migration, and neither is an operator's abort. */
function restsVm(migration: Migration): boolean {
  const { state, startedAtMs, causeCode } = migration;
  if (state !== 'MIGRATION_STATE_FAILED' && state !== 'MIGRATION_STATE_ABORTED') return false;
  if (causeCode === BY_OPERATOR) return false;
  if (isCopy(migration)) return true;
  return startedAtMs === 0 ? REFUSED_FOR_VM.has(causeCode) : !FAILED_BY_TARGET.has(causeCode);
}
