// Compares what was predicted of a move with what was measured: duration, traffic, and the load of both hosts afterwards. Pure.
import type { MoveReview, ReviewedFigure } from '../../shared/gen/scheduler.ts';
import type { Decision, Migration } from '../../shared/gen/telemetry.ts';
import type { HostPoint } from '../load/load.ts';
import { RESOURCES } from '../planner/contract/policy.ts';

// As many whole samples after the move as the planner itself needs before it uses a host's figures.
const SAMPLES_AFTER = 3;

/** For a migration that has ended; figures that are not known, or not yet, are absent. */
export function reviewOf(
  migration: Migration,
  decision: Decision | undefined,
  pointsOf: (hostId: string) => readonly HostPoint[],
): MoveReview {
  const { migrationId, decisionId, vmName, endedAtMs } = migration;
  return {
    ...{ migrationId, decisionId, vmName },
    figures: [
      ...costFigures(migration, decision),
      ...(decision?.move?.projections ?? []).map(({ hostId, hostName, resource, afterRatio }) =>
        figure(
          `${hostName} ${resource}`,
          'ratio',
          afterRatio,
          meanAfter(pointsOf(hostId), resource, endedAtMs),
        ),
      ),
    ],
  };
}

/** The planner's prediction, if it made one; otherwise the estimate just before the copy. */
function costFigures(
  { startedAtMs, endedAtMs, progress, estimate }: Migration,
  decision: Decision | undefined,
) {
  const cost = decision?.move?.cost ?? estimate;
  const tookMs = startedAtMs > 0 ? endedAtMs - startedAtMs : undefined;
  const figures: ReviewedFigure[] = [];
  if (cost !== null)
    figures.push(
      figure('duration', 'ms', cost.durationMs, tookMs),
      figure('traffic', 'bytes', cost.trafficBytes, progress?.memoryProcessedBytes),
    );
  if (estimate !== null) figures.push(figure('downtime', 'ms', estimate.downtimeMs, progress?.downtimeMs));
  return figures;
}

function figure(name: string, unit: string, predicted: number, actual: number | undefined): ReviewedFigure {
  return { name, unit, predicted, ...(actual !== undefined && { actual }) };
}

/** The mean of the first whole samples after the end; undefined until they exist, and once they are forgotten. */
function meanAfter(points: readonly HostPoint[], resource: string, endedAtMs: number): number | undefined {
  const known = RESOURCES.find((each) => each === resource);
  if (known === undefined || (points[0]?.tickAtMs ?? Infinity) > endedAtMs) return undefined;
  const after = points
    .filter(({ tickAtMs, intervalMs }) => tickAtMs - intervalMs >= endedAtMs)
    .slice(0, SAMPLES_AFTER);
  if (after.length < SAMPLES_AFTER) return undefined;
  return after.reduce((sum, point) => sum + point[known].ratio, 0) / after.length;
}
