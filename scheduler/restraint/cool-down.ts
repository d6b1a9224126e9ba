// How much restraint the balancer shows: how long a VM stays after a move, and how much is moved in an hour. Pure.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';

export interface Restraint {
  /** Least cool-down after a move that succeeded … */
  readonly afterSuccessMs: number;
  /** … after one that failed … */
  readonly afterFailureMs: number;
  /** … and after a copy that did not converge or ran out of time: the guest will not have changed soon. */
  readonly afterNotConvergingMs: number;
  /** How long a VM rests, from duties too, after a migration that failed for its own reasons; doubled with each in a row … */
  readonly retryAfterMs: number;
  /** … and never longer than this. */
  readonly retryMaxMs: number;
  /** No cool-down is longer, however often the VM moved. */
  readonly coolDownMaxMs: number;
  /** How long a VM does not go back to a host that it left. */
  readonly returnAfterMs: number;
  /** Most moves of the balancer in an hour, and the bytes they copy; 0: no limit. */
  readonly movesPerHour: number;
  readonly bytesPerHour: number;
}

/** The restraint of a new installation; the scheduler's settings take their defaults from here. */
export const DEFAULT_RESTRAINT: Restraint = {
  // OpenShift's descheduler came to a quarter of an hour, doubled with each move, and 6 hours at most.
  afterSuccessMs: 15 * MINUTE_MS,
  afterFailureMs: 5 * MINUTE_MS,
  afterNotConvergingMs: 30 * MINUTE_MS,
  // What is over within a minute (an agent's restart, another job of libvirt) costs an evacuation a minute; what lasts costs
  // six attempts in the first hour, and two in each hour after it.
  retryAfterMs: MINUTE_MS,
  retryMaxMs: 30 * MINUTE_MS,
  coolDownMaxMs: 6 * HOUR_MS,
  // As long as the longest cool-down: the load that drove it away is then another time of day.
  returnAfterMs: 6 * HOUR_MS,
  // More than an hour's fires of a large cluster ask for; a balancer that has gone astray is stopped by it.
  movesPerHour: 100,
  bytesPerHour: 0,
};

export interface CoolDown {
  readonly untilMs: number;
  /** Migrations of the VM in the 24 hours up to the last one, which doubles it. */
  readonly movesInDay: number;
  readonly migration: Migration;
}

const DAY_MS = 24 * HOUR_MS;

/**
 * Of each copy: max(least, how long it took) x 2^(copies in the 24 h up to it - 1), at most `coolDownMaxMs`, from its end;
 * the longest holds, so that a later abort does not shorten what a move has begun. `copies` are migrations of one VM that
 * began to copy and have ended, in any order.
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
  if (state === 'MIGRATION_STATE_SUCCEEDED') return restraint.afterSuccessMs;
  return causeCode === 'not_converging' || causeCode === 'timeout'
    ? restraint.afterNotConvergingMs
    : restraint.afterFailureMs;
}

/** What is left of the hour's budgets at `nowMs`; a field is absent where there is no limit. */
export interface BudgetsLeft {
  readonly moves?: number;
  readonly bytes?: number;
}

/** Orders of people and the emptying of a host are nobody's whim: they neither use up the budgets nor wait for them. */
export function budgetsLeft(
  migrations: readonly Migration[],
  nowMs: number,
  { movesPerHour, bytesPerHour }: Restraint,
): BudgetsLeft {
  const own = migrations.filter(
    ({ decisionId, evacuation, queuedAtMs }) =>
      decisionId !== '' && !evacuation && queuedAtMs > nowMs - HOUR_MS,
  );
  const bytes = own.reduce((sum, migration) => sum + trafficBytes(migration), 0);
  return {
    ...(movesPerHour > 0 && { moves: Math.max(0, movesPerHour - own.length) }),
    ...(bytesPerHour > 0 && { bytes: Math.max(0, bytesPerHour - bytes) }),
  };
}

/** What it copied, or is expected to. */
function trafficBytes({ progress, forecast }: Migration): number {
  return Math.max(progress?.memoryProcessedBytes ?? 0, forecast?.trafficBytes ?? 0);
}
