// Computes the heat of a host in each resource from its current points, with a forecast where it is needed.
import { CRITICAL_RATIO, heatAfter, isHot } from './hot-hosts.ts';
import type { Detection, Heat, LevelPoint } from './hot-hosts.ts';
import { predict, type Prediction } from './forecast.ts';
import { RESOURCES, type Resource } from '../planner/contract/policy.ts';
import { copyMs } from './figures.ts';
import type { HostPoint } from './load.ts';

export type Heats = Readonly<Record<Resource, Heat | undefined>>;

export const COLD: Heats = { cpu: undefined, memory: undefined };

// For a tenth of the time everything on the host waited for memory: guests stall then, however much seems to be free.
const MEMORY_FULL_PRESSURE_RATIO = 0.1;
// 256 pages a second read back from swap. Less is old pages; this much is a working set that no longer fits.
const SWAP_IN_BYTES_PER_SECOND = 1024 ** 2;

/** The heats after the newest of `points`, which are evenly spaced and still describe the host. */
export function heatsAfter(before: Heats, points: readonly HostPoint[], detection: Detection): Heats {
  const current = points.slice(-detection.windowSamples);
  const heat = (resource: Resource): Heat | undefined =>
    heatAfter(
      before[resource],
      current.map((point) => levelPoint(point, resource, detection)),
      detection[resource],
      detection,
      () => predictRatio(points, resource, detection.bandwidthBytesPerSecond),
    );
  return { cpu: heat('cpu'), memory: heat('memory') };
}

function levelPoint(point: HostPoint, resource: Resource, detection: Detection): LevelPoint {
  const { ratio } = point[resource];
  // Pressure counts only at high use: moving another VM does not relieve the limit of one VM or of one NUMA node.
  const isPressed = resource === 'memory' && ratio >= detection.memory.exitRatio && isShortOfMemory(point);
  return { tickAtMs: point.tickAtMs, ratio, isCritical: ratio >= CRITICAL_RATIO || isPressed };
}

function isShortOfMemory({ contention }: HostPoint): boolean {
  const { memoryFullPressureRatio = 0, swapInBytesPerSecond = 0 } = contention;
  return (
    memoryFullPressureRatio >= MEMORY_FULL_PRESSURE_RATIO || swapInBytesPerSecond >= SWAP_IN_BYTES_PER_SECOND
  );
}

/** The ratio at the time when an average VM of the host, if moved now, would have left. */
function predictRatio(
  points: readonly HostPoint[],
  resource: Resource,
  bandwidthBytesPerSecond: number,
): Prediction | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const { memoryBytes, count } = newest.vms;
  const horizonMs = copyMs(memoryBytes / Math.max(1, count), bandwidthBytesPerSecond);
  const ratios = points.map((point) => point[resource].ratio);
  return predict(ratios, horizonMs / newest.intervalMs);
}

/** The resources in which the host is hot. */
export function hotResources({ heats }: { readonly heats: Heats }): Resource[] {
  return RESOURCES.filter((resource) => isHot(heats[resource]));
}
