// Keeps each VM's usual load, wherever it ran: five-minute means of its CPU demand over the last hour, by UUID. Pure.
import type { UsualLoad } from '../planner/contract/snapshot.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import {
  amount,
  count,
  dictionary,
  list,
  read,
  someFields,
  type Described,
} from '../../shared/outside-data.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import { vmPoint, type VmPoint } from './load.ts';

/** The longest interval in which load is spread: packing looks back on many of them. */
export const PERIOD_MS = 5 * MINUTE_MS;

/** Mean of one whole period, numbered from 1970. */
const periodMean = someFields({ period: count, meanCores: amount });

type PeriodMean = Described<typeof periodMean>;

const historyPage = dictionary(list(periodMean));

/** What is known of some VMs, by uuid, as it is kept. */
export type HistoryPage = Described<typeof historyPage>;

interface OpenPeriod {
  period: number;
  coreMs: number;
  coveredMs: number;
}

// An hour: what varies at random evens out, and a change that stays is seen within the hour.
const PERIODS_MAX = 12;
// vSphere's DPM and we empty a host by what its VMs wanted for 40 minutes; less is not known well enough.
const PERIODS_MIN = 8;
// A mean of less than half of its period is one of a burst or of a start.
const COVERED_MIN_MS = PERIOD_MS / 2;

export class History {
  readonly #means = new Map<string, readonly PeriodMean[]>();
  readonly #open = new Map<string, OpenPeriod>();

  /** Takes in a report that was new to the view. Those of periods that are known already change nothing. */
  add(report: HostReport): void {
    for (const vm of report.vms) {
      const point = vmPoint(report, vm);
      if (point !== undefined) this.addPoint(vm.uuid, point);
    }
  }

  /** Takes in one sample of a VM, in order of time. */
  addPoint(
    uuid: string,
    { tickAtMs, intervalMs, cpuDemandCores }: Pick<VmPoint, 'tickAtMs' | 'intervalMs' | 'cpuDemandCores'>,
  ): void {
    // A sample tells of the interval before its tick.
    const period = Math.floor((tickAtMs - 1) / PERIOD_MS);
    if (period <= (this.#means.get(uuid)?.at(-1)?.period ?? -1)) return;
    let open = this.#open.get(uuid);
    if (open === undefined || period > open.period) {
      if (open !== undefined) this.#close(uuid, open);
      open = { period, coreMs: 0, coveredMs: 0 };
      this.#open.set(uuid, open);
    }
    // Late by a period: the mean is made, and one sample would not change it.
    if (period < open.period) return;
    open.coreMs += cpuDemandCores * intervalMs;
    open.coveredMs += intervalMs;
  }

  #close(uuid: string, { period, coreMs, coveredMs }: OpenPeriod): void {
    if (coveredMs < COVERED_MIN_MS) return;
    this.#keep(uuid, [...(this.#means.get(uuid) ?? []), { period, meanCores: coreMs / coveredMs }]);
  }

  #keep(uuid: string, means: readonly PeriodMean[]): void {
    const newest = means.at(-1)?.period ?? 0;
    this.#means.set(
      uuid,
      means.filter(({ period }) => period > newest - PERIODS_MAX),
    );
  }

  /** Mean and spread of the last hour's periods; undefined until 40 minutes are known. */
  usualCpu(uuid: string): UsualLoad | undefined {
    const means = this.#means.get(uuid) ?? [];
    if (means.length < PERIODS_MIN) return undefined;
    const meanCores = means.reduce((sum, period) => sum + period.meanCores, 0) / means.length;
    const squares = means.reduce((sum, period) => sum + (period.meanCores - meanCores) ** 2, 0);
    return {
      meanCores,
      deviationCores: Math.sqrt(squares / (means.length - 1)),
      samples: means.length,
    };
  }

  /** Number of the newest period that is whole for any VM; what is kept is worth writing when it has grown. */
  get newestPeriod(): number {
    let newest = 0;
    for (const means of this.#means.values()) newest = Math.max(newest, means.at(-1)?.period ?? 0);
    return newest;
  }

  page(uuids: Iterable<string>): HistoryPage {
    const page: Record<string, readonly PeriodMean[]> = {};
    for (const uuid of uuids) {
      const means = this.#means.get(uuid);
      if (means !== undefined) page[uuid] = means;
    }
    return page;
  }

  /** Takes up what was kept. A VM that moved may be on two pages: the one that knows more of late counts. */
  restore(page: HistoryPage): void {
    for (const [uuid, means] of Object.entries(page))
      if ((means.at(-1)?.period ?? 0) > (this.#means.get(uuid)?.at(-1)?.period ?? 0)) this.#keep(uuid, means);
  }

  /** Forgets the VMs that are not wanted any more. */
  keepOnly(isWanted: (uuid: string) => boolean): void {
    for (const known of [this.#means, this.#open])
      for (const uuid of known.keys()) if (!isWanted(uuid)) known.delete(uuid);
  }
}

/** A page as it was written. Throws InvalidData. */
export function readPage(json: unknown): HistoryPage {
  return read(historyPage, json, 'history');
}
