// Words the evidence that a host is hot: its samples, since when, and who waited.
import { formatBytes } from '../../shared/units.ts';
import { CRITICAL_RATIO, isHot, type Detection, type Heat } from './hot-hosts.ts';
import { RESOURCES, type Resource } from '../planner/contract/policy.ts';
import type { HotSpot } from '../planner/contract/snapshot.ts';
import { clockTime, percent, RESOURCE_WORDS } from '../planner/contract/words.ts';
import type { Heats } from './heat.ts';
import type { HostPoint } from './load.ts';
import { ownUseOf } from './reconcile.ts';

/** One hot spot for each resource in which the host is hot. `points` are those that still describe the host. */
export function hotSpotsOf(heats: Heats, points: readonly HostPoint[], detection: Detection): HotSpot[] {
  return RESOURCES.flatMap((resource) => {
    const heat = heats[resource];
    if (heat === undefined || !isHot(heat)) return [];
    const level = heat.state === 'critical' ? ('critical' as const) : ('hot' as const);
    const evidence = evidenceOf(resource, heat, points.slice(-detection.windowSamples), detection);
    return [{ resource, sinceMs: heat.sinceMs, level, evidence }];
  });
}

function evidenceOf(
  resource: Resource,
  heat: Heat,
  points: readonly HostPoint[],
  detection: Detection,
): string {
  const { entryRatio } = detection[resource];
  const ratios = points.map((point) => point[resource].ratio);
  const over = ratios.filter((ratio) => ratio >= entryRatio).length;
  const samples =
    `${RESOURCE_WORDS[resource]} was at or over ${percent(entryRatio)} of the host in ${over} of the last ` +
    `${ratios.length} samples (${ratios.map(percent).join(', ')}); hot since ${clockTime(heat.sinceMs)}`;
  return [
    samples,
    ...hasteOf(heat),
    ...waitingOf(resource, points),
    ...ownOf(resource, points, detection.hotSamples),
  ].join('; ');
}

/** Why the load did not have to last first. */
function hasteOf({ state, hastenedBy }: Heat): string[] {
  if (state === 'critical') return ['critical: acted on without waiting'];
  if (hastenedBy === undefined) return [];
  const { model, value, error, scored } = hastenedBy;
  return [
    `forecast to reach ${percent(value)}, above ${percent(CRITICAL_RATIO)} ` +
      `(model "${model}", typical error ${percent(error)} over ${scored} forecasts)`,
  ];
}

/** The greatest contention in the points, where it was measured and is not negligible. */
function waitingOf(resource: Resource, points: readonly HostPoint[]): string[] {
  const greatest = (of: (point: HostPoint) => number | undefined): number =>
    Math.max(0, ...points.map((point) => of(point) ?? 0));
  if (resource === 'cpu') {
    const steal = greatest(({ contention }) => contention.stealMaxRatio);
    return isNotable(steal) ? [`one of its VMs waited ${percent(steal)} of the time for a CPU`] : [];
  }
  const full = greatest(({ contention }) => contention.memoryFullPressureRatio);
  const swapIn = greatest(({ contention }) => contention.swapInBytesPerSecond);
  return [
    ...(isNotable(full) ? [`everything on it waited ${percent(full)} of the time for memory`] : []),
    ...(swapIn > 0 ? [`${formatBytes(swapIn)} a second came back from swap`] : []),
  ];
}

// What rounds to 0 % is noise.
function isNotable(ratio: number): boolean {
  return ratio >= 0.005;
}

/** The host's own use, which no move takes away. */
function ownOf(resource: Resource, points: readonly HostPoint[], count: number): string[] {
  const own = ownUseOf(points, count);
  const capacity = points.at(-1)?.[resource].capacity ?? 0;
  if (own === undefined || capacity === 0) return [];
  const ratio = (resource === 'cpu' ? own.cpuCores : own.memoryBytes) / capacity;
  return [
    `${percent(ratio)} of the host is its own use`,
    ...(own.doubt === undefined ? [] : [`figures in doubt: ${own.doubt}`]),
  ];
}
