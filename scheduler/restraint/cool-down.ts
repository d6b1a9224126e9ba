// Defines the balancer's restraint, and computes how long a VM stays after a move. Pure.
import type { Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';

export interface Restraint {
  /** Minimum cool-down after a move that succeeded … */
  readonly afterSuccessMs: number;
  /** … after one that failed … */
  readonly afterFailureMs: number;
  /** … and after a copy that did not converge or timed out: the guest is unlikely to change soon. */
  readonly afterNotConvergingMs: number;
  /** How long a VM rests, for duties too, after a migration that failed for its own reasons; doubled with each in a row … */
  readonly retryAfterMs: number;
  /** … up to this. */
  readonly retryMaxMs: number;
  /** No cool-down is longer, however often the VM moved. */
  readonly coolDownMaxMs: number;
  /** How long a VM does not go back to a host that it left. */
  readonly returnAfterMs: number;
  /** Maximum of moves by the balancer in an hour, and of the bytes they copy; 0: no limit. */
  readonly movesPerHour: number;
  readonly bytesPerHour: number;
}

/** The restraint of a new installation; the scheduler's settings take their defaults from here. */
export const DEFAULT_RESTRAINT: Restraint = {
  // As OpenShift's descheduler: a quarter of an hour, doubled with each move, 6 hours at most.
  afterSuccessMs: 15 * MINUTE_MS,
  afterFailureMs: 5 * MINUTE_MS,
  afterNotConvergingMs: 30 * MINUTE_MS,
  // A cause that passes within a minute (an agent's restart, another libvirt job) delays an evacuation by a minute; a lasting one
  // costs six attempts in the first hour, and two in each hour after it.
  retryAfterMs: MINUTE_MS,
  retryMaxMs: 30 * MINUTE_MS,
  coolDownMaxMs: 6 * HOUR_MS,
  // As long as the longest cool-down: by then it is another time of day, with another load.
  returnAfterMs: 6 * HOUR_MS,
  // More than a large cluster needs in a bad hour; stops a balancer that has gone wrong.
  movesPerHour: 100,
  bytesPerHour: 0,
};

export interface CoolDown {
  readonly untilMs: number;
  /** Copies of the VM in the 24 hours up to this one, each of which doubles the cool-down. */
  readonly movesInDay: number;
  readonly migration: Migration;
}

const DAY_MS = 24 * HOUR_MS;

/**
 * For each copy, from its end: max(minimum, its duration) x 2^(copies in the 24 h up to it - 1), at most `coolDownMaxMs`. The
 * one that ends last holds, so a later abort does not shorten the cool-down of a move. `copies` are the ended migrations of
 * one VM that began to copy, in any order.
 */
export function coolDownOf(copies: readonly Migration[], restraint: Restraint): CoolDown | undefined {
  let longest: CoolDown | undefined;
  for (const copy of copies) {
    const coolDown = coolDownAfter(copy, copies, restraint);
    if (longest === undefined || coolDown.untilMs > longest.untilMs) longest = coolDown;
  }
  return longest;
}

function coolDownAfter(copy: Migration, copies: readonly Migration[], restraint: Restraint): CoolDown {
  const { startedAtMs, endedAtMs } = copy;
  const movesInDay = copies.filter(
    (other) => other.endedAtMs <= endedAtMs && other.endedAtMs > endedAtMs - DAY_MS,
  ).length;
  const durationMs = startedAtMs > 0 ? endedAtMs - startedAtMs : 0;
  const coolDownMs = Math.max(leastMs(copy, restraint), durationMs) * 2 ** (movesInDay - 1);
  return { untilMs: endedAtMs + Math.min(restraint.coolDownMaxMs, coolDownMs), movesInDay, migration: copy };
}

function leastMs({ state, causeCode }: Migration, restraint: Restraint): number {
  return state === 'MIGRATION_STATE_SUCCEEDED' ? restraint.afterSuccessMs : restraint[LEAST[causeCode]];
}

// A guest that was too busy to be copied will not have changed soon; all else may be mended by then.
const LEAST: Readonly<Record<MigrationCause, 'afterFailureMs' | 'afterNotConvergingMs'>> = {
  MIGRATION_CAUSE_UNSPECIFIED: 'afterFailureMs',
  MIGRATION_CAUSE_SLOTS_TAKEN: 'afterFailureMs',
  MIGRATION_CAUSE_CAPACITY_GONE: 'afterFailureMs',
  MIGRATION_CAUSE_NO_VM: 'afterFailureMs',
  MIGRATION_CAUSE_NOT_RUNNING: 'afterFailureMs',
  MIGRATION_CAUSE_MIGRATING_ALREADY: 'afterFailureMs',
  MIGRATION_CAUSE_SRC_UNREACHABLE: 'afterFailureMs',
  MIGRATION_CAUSE_DST_UNREACHABLE: 'afterFailureMs',
  MIGRATION_CAUSE_SRC_REFUSED: 'afterFailureMs',
  MIGRATION_CAUSE_DST_REFUSED: 'afterFailureMs',
  MIGRATION_CAUSE_CLOCK_OFFSET: 'afterFailureMs',
  MIGRATION_CAUSE_NAME_TAKEN: 'afterFailureMs',
  MIGRATION_CAUSE_UUID_TAKEN: 'afterFailureMs',
  MIGRATION_CAUSE_MACHINE_UNKNOWN: 'afterFailureMs',
  MIGRATION_CAUSE_HYPERVISOR_OLDER: 'afterFailureMs',
  MIGRATION_CAUSE_CPU_INCOMPATIBLE: 'afterFailureMs',
  MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE: 'afterFailureMs',
  MIGRATION_CAUSE_MEMORY_SHORT: 'afterFailureMs',
  MIGRATION_CAUSE_PORTS_EXHAUSTED: 'afterFailureMs',
  MIGRATION_CAUSE_TLS: 'afterFailureMs',
  MIGRATION_CAUSE_BRIDGE_MISSING: 'afterFailureMs',
  MIGRATION_CAUSE_NETWORK_MISSING: 'afterFailureMs',
  MIGRATION_CAUSE_DISK_NOT_VISIBLE: 'afterFailureMs',
  MIGRATION_CAUSE_STORAGE_UNSAFE: 'afterFailureMs',
  MIGRATION_CAUSE_LOCK_NOT_PROVABLE: 'afterFailureMs',
  MIGRATION_CAUSE_JOURNAL_UNAVAILABLE: 'afterFailureMs',
  MIGRATION_CAUSE_SCHEDULER_RESTARTED: 'afterFailureMs',
  MIGRATION_CAUSE_HAS_SNAPSHOTS: 'afterFailureMs',
  MIGRATION_CAUSE_HOST_LACKS: 'afterFailureMs',
  MIGRATION_CAUSE_FENCED_EPOCH: 'afterFailureMs',
  MIGRATION_CAUSE_VM_BUSY: 'afterFailureMs',
  MIGRATION_CAUSE_NOT_CONVERGING: 'afterNotConvergingMs',
  MIGRATION_CAUSE_TIMEOUT: 'afterNotConvergingMs',
  MIGRATION_CAUSE_USER_ABORT: 'afterFailureMs',
  MIGRATION_CAUSE_SRC_AGENT_LOST: 'afterFailureMs',
  MIGRATION_CAUSE_SRC_DAEMON_LOST: 'afterFailureMs',
  MIGRATION_CAUSE_DST_FAILED: 'afterFailureMs',
  MIGRATION_CAUSE_NET_LOST_COPY: 'afterFailureMs',
  MIGRATION_CAUSE_NET_LOST_FINISH: 'afterFailureMs',
  MIGRATION_CAUSE_IO_ERROR: 'afterFailureMs',
  MIGRATION_CAUSE_GUEST_SHUTDOWN: 'afterFailureMs',
  MIGRATION_CAUSE_GUEST_CRASHED: 'afterFailureMs',
  MIGRATION_CAUSE_NOT_TOLD: 'afterFailureMs',
};
