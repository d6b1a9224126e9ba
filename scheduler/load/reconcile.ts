// Compares the use of a host's VMs with that of the whole host: the rest is the host's own use, never below 0.
import { formatBytes } from '../../shared/units.ts';
import { meanOfLast, type HostPoint } from './load.ts';

export interface OwnUse {
  /** What the host uses besides its VMs. */
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Why the figures of host and VMs cannot both be right; absent when they can. */
  readonly doubt?: string;
}

// Counters of host and guests are read some milliseconds apart, and a thread's time may be billed a tick later on one side.
const TOLERATED_RATIO = 0.05;

/** From the last `count` points; undefined without points. */
export function ownUseOf(points: readonly HostPoint[], count: number): OwnUse | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const mean = (of: (point: HostPoint) => number): number => meanOfLast(points.map(of), count);
  const cpuCores = mean(({ cpu, vms }) => cpu.amount - vms.cpuDemandCores);
  const memoryBytes = mean(({ memory, vms }) => memory.amount - vms.memoryBytes);
  const doubts = [
    ...(-cpuCores > TOLERATED_RATIO * newest.cpu.capacity
      ? [`its VMs want ${(-cpuCores).toFixed(1)} cores more than the whole host shows`]
      : []),
    // Pages that the kernel merged (KSM) are resident in each of the VMs that share them.
    ...(-memoryBytes > TOLERATED_RATIO * newest.memory.capacity
      ? [
          `its VMs hold ${formatBytes(-memoryBytes)} more than is in use on the host (merged pages, or a wrong unit)`,
        ]
      : []),
  ];
  return {
    cpuCores: Math.max(0, cpuCores),
    memoryBytes: Math.max(0, memoryBytes),
    ...(doubts.length > 0 && { doubt: doubts.join('; ') }),
  };
}
