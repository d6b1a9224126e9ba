// How hot a host is in each resource: its current points, judged by the planner's rules with a forecast at hand.
import { CRITICAL_RATIO, heatAfter, isHot } from './hot-hosts.ts';
import type { Detection, Heat, LevelPoint } from './hot-hosts.ts';
import { predict, type Prediction } from './forecast.ts';
import { RESOURCES, type Resource } from '../planner/contract/policy.ts';
import { copyMs } from './figures.ts';
import type { HostPoint } from './load.ts';

export type Heats = Readonly<Record<Resource, Heat | undefined>>;

export const COLD: Heats = { cpu: undefined, memory: undefined };

// A tenth of the time nothing on the host got on for want of memory: guests stand still then, whatever the free figure says.
const MEMORY_FULL_PRESSURE_RATIO = 0.1;
// 256 pages a second read back from swap. Less is what lay there for long; this is a working set that no longer fits.
const SWAP_IN_BYTES_PER_SECOND = 1024 ** 2;

/** The heats after the newest of `points`, which are evenly spaced and describe the host as it is now. */
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
  // Pressure counts only where much is in use: a limit of one VM, or of one NUMA node, is not eased by moving another.
  const isPressed = resource === 'memory' && ratio >= detection.memory.exitRatio && isShortOfMemory(point);
  return { tickAtMs: point.tickAtMs, ratio, isCritical: ratio >= CRITICAL_RATIO || isPressed };
}

function isShortOfMemory({ contention }: HostPoint): boolean {
  const { memoryFullPressureRatio = 0, swapInBytesPerSecond = 0 } = contention;
  return (
    memoryFullPressureRatio >= MEMORY_FULL_PRESSURE_RATIO || swapInBytesPerSecond >= SWAP_IN_BYTES_PER_SECOND
  );
}

/** The ratio at the time when a VM of the host, were it moved now, would have gone. */
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
