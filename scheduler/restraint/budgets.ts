// Computes how much the balancer may still move in the hour. Pure.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { HOUR_MS } from '../../shared/units.ts';
import { isOver } from '../migrations/machine.ts';
import type { Restraint } from './cool-down.ts';
import { isCopy } from './failures.ts';

/** What is left of the hour's budgets at `nowMs`; a field is absent where there is no limit. */
export interface BudgetsLeft {
  readonly moves?: number;
  readonly bytes?: number;
}

/**
 * Operator orders and evacuations are exempt from budgets: they neither use them up nor wait for them. A move that ended before
 * anything was copied cost nothing.
 */
export function budgetsLeft(
  migrations: readonly Migration[],
  nowMs: number,
  { movesPerHour, bytesPerHour }: Restraint,
): BudgetsLeft {
  const own = migrations.filter(
    (migration) =>
      migration.decisionId !== '' &&
      !migration.evacuation &&
      migration.queuedAtMs > nowMs - HOUR_MS &&
      (!isOver(migration.state) || isCopy(migration)),
  );
  const bytes = own.reduce((sum, migration) => sum + trafficBytes(migration), 0);
  return {
    ...(movesPerHour > 0 && { moves: Math.max(0, movesPerHour - own.length) }),
    ...(bytesPerHour > 0 && { bytes: Math.max(0, bytesPerHour - bytes) }),
  };
}

/** The bytes that it copied, or is expected to copy. */
function trafficBytes({ progress, estimate }: Migration): number {
  return Math.max(progress?.memoryProcessedBytes ?? 0, estimate?.trafficBytes ?? 0);
}
