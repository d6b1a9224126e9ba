// Computes how well hosts are packed: usual demand of their VMs, its variance, and the expected shortage.
//
// Loads of VMs vary mostly independently of each other, so their variances add up; a host with many VMs is steadier than
// each of them, and needs less room for surprises.
import type { Board } from '../board/board.ts';
import { add, at, wholeAt } from '../board/columns.ts';
import type { SnapshotVm } from '../contract/snapshot.ts';

// For a VM without a usual load, the distance from now to the high percentile gives its spread: 95 % of a
// normal distribution lie below 1.645 deviations.
const PEAK_DEVIATIONS = 1.645;
// A logistic curve with this steepness is within 1 % of the normal distribution (Bowling et al. 2009, "A logistic
// approximation to the cumulative normal distribution").
const LOGISTIC_STEEPNESS = 1.702;

export class Packing {
  readonly #board: Board;
  readonly #unitMean: Float64Array;
  readonly #unitVariance: Float64Array;
  readonly #hostMean: Float64Array;
  readonly #hostVariance: Float64Array;

  constructor(board: Board) {
    const { snapshot, units, hosts } = board;
    this.#board = board;
    this.#unitMean = new Float64Array(units.count);
    this.#unitVariance = new Float64Array(units.count);
    this.#hostMean = Float64Array.from(snapshot.hosts, ({ load }) => load.cpu.now);
    this.#hostVariance = new Float64Array(hosts.count);
    units.members.forEach((members, unit) => {
      for (const place of members) {
        const vm = snapshot.vms[place];
        if (vm !== undefined) this.#note(unit, vm);
      }
      this.#add(unit, wholeAt(units.home, unit), 1);
    });
    for (const { vmUuid, targetHostId } of snapshot.migrations) {
      const [vm, target] = [board.placeOfVm.get(vmUuid), board.placeOfHost.get(targetHostId)];
      if (vm !== undefined && target !== undefined) this.#add(wholeAt(board.unitOfVm, vm), target, 1);
    }
  }

  /** The host's own use stays in its mean: its load less that of its VMs at the start. */
  #note(unit: number, { load, usualCpu }: SnapshotVm): void {
    const deviation = usualCpu?.deviationCores ?? Math.max(0, load.cpu.peak - load.cpu.now) / PEAK_DEVIATIONS;
    add(this.#unitMean, unit, usualCpu?.meanCores ?? load.cpu.now);
    add(this.#unitVariance, unit, deviation ** 2);
    add(this.#hostMean, wholeAt(this.#board.units.origin, unit), -load.cpu.now);
  }

  /** Follows a move of the board. */
  move(unit: number, source: number, target: number): void {
    this.#add(unit, source, -1);
    this.#add(unit, target, 1);
  }

  #add(unit: number, host: number, sign: 1 | -1): void {
    add(this.#hostMean, host, sign * at(this.#unitMean, unit));
    add(this.#hostVariance, host, sign * at(this.#unitVariance, unit));
  }

  meanCores(unit: number): number {
    return at(this.#unitMean, unit);
  }

  /** Means and variances of all hosts together. */
  total(): { readonly meanCores: number; readonly variance: number } {
    const sum = (column: Float64Array): number => column.reduce((all, each) => all + Math.max(0, each), 0);
    return { meanCores: sum(this.#hostMean), variance: sum(this.#hostVariance) };
  }

  /** Usual room of the host with the unit on it, in standard deviations of its load. */
  marginWith(host: number, unit: number): number {
    const mean = at(this.#hostMean, host) + at(this.#unitMean, unit);
    const variance = at(this.#hostVariance, host) + at(this.#unitVariance, unit);
    const room = at(this.#board.hosts.cores, host) - mean;
    return variance > 0 ? room / Math.sqrt(variance) : Math.sign(room) * Infinity;
  }

  /** Cores that the host is expected to be short of, on average. */
  shortCores(host: number): number {
    return this.#short(host, at(this.#hostMean, host), at(this.#hostVariance, host));
  }

  /** The same with the unit added (1) or taken away (-1). */
  shortCoresWith(host: number, unit: number, sign: 1 | -1): number {
    return this.#short(
      host,
      at(this.#hostMean, host) + sign * at(this.#unitMean, unit),
      at(this.#hostVariance, host) + sign * at(this.#unitVariance, unit),
    );
  }

  /** Expected excess of a normal load over the cores: convex in the mean, so crowding one host never pays. */
  #short(host: number, mean: number, variance: number): number {
    const room = at(this.#board.hosts.cores, host) - mean;
    if (variance <= 0) return Math.max(0, -room);
    const deviation = Math.sqrt(variance);
    return (deviation * Math.log1p(Math.exp((-LOGISTIC_STEEPNESS * room) / deviation))) / LOGISTIC_STEEPNESS;
  }
}
