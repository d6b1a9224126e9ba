// Judges one possible move: its gain, and whether the target can take it.
import { at, wholeAt } from './columns.ts';
import { readyWith, type Board } from './board.ts';
import { coreEquivalents, costWith, hostCost } from './host-cost.ts';
import type { HotHosts } from './hot.ts';

/** The resource, counted from 1, in which a target would be too full; 0 when in none. */
export const LOAD = { ok: 0, cpu: 1 } as const;

// Guests on the source wait for CPU only when demand exceeds capacity.
const FULL_RATIO = 1;
// A crowded target must end at least this much below what the source has now, or the hot spot only moves around.
const COOLER_MIN_RATIO = 0.1;
// Of units with less than this share of the excess it would take more than ten to help: that is churn, not relief.
const RELIEF_MIN_RATIO = 0.1;

// The order of LOAD_RESOURCES.
const CPU = 0;

/** In place of a unit: none leaves the host in exchange. */
export const NOBODY = -1;

/** The resource in which the host, with `unit` on it and without `gone`, would exceed comfort at its peak; LOAD.ok if none. */
export function crowded(board: Board, unit: number, host: number, gone: number = NOBODY): number {
  const { hosts, resources, comfort } = board;
  const size = resources.length;
  let found: number = LOAD.ok;
  for (let resource = 0; resource < size; resource += 1) {
    const place = host * size + resource;
    const ready =
      gone === NOBODY
        ? readyWith(board, host, unit, resource)
        : readyAfter(board, host, unit, gone, resource);
    if (ready * at(hosts.inverse, place) <= at(comfort, resource)) continue;
    if (resource !== CPU) return resource + 1;
    found = LOAD.cpu;
  }
  return found;
}

function readyAfter(
  { hosts, units, resources }: Board,
  host: number,
  come: number,
  gone: number,
  column: number,
): number {
  const place = (row: number): number => row * resources.length + column;
  return Math.max(
    at(hosts.peak, place(host)) + at(units.peak, place(come)) - at(units.peak, place(gone)),
    at(hosts.forecast, place(host)) + at(units.forecast, place(come)) - at(units.forecast, place(gone)),
  );
}

/** True if guests on the source wait for CPU, and the target with the unit on it would still be clearly cooler. */
export function relievesWaiting(board: Board, hot: HotHosts, unit: number, host: number): boolean {
  const { hosts, units, resources } = board;
  const source = wholeAt(units.home, unit);
  if (!hot.spots(source).some(({ resource }) => resource === 'cpu')) return false;
  const ratio = (place: number, more: number): number =>
    (at(hosts.now, place * resources.length + CPU) + more) *
    at(hosts.inverse, place * resources.length + CPU);
  const before = ratio(source, 0);
  const after = ratio(host, at(units.now, unit * resources.length + CPU));
  return before > FULL_RATIO && after <= before - COOLER_MIN_RATIO;
}

/** Price of the unit's migration as cost of a host: the cost it must remove for as long as the hot spot is expected to last. */
export function priceOf(board: Board, hot: HotHosts, unit: number): number {
  const seconds = at(board.units.migrationSeconds, unit);
  const lasting = hot.persistenceSeconds(wholeAt(board.units.home, unit));
  return (board.policy.migrationPriceCores * seconds) / lasting;
}

/**
 * Whether the host may take the unit for that gain, which the caller found worth its price. A host that stays comfortable
 * may; a crowded one only if guests wait on the source and the gain exceeds the noise of the measurements.
 */
export function isBearable(board: Board, hot: HotHosts, { unit, host, gone, gain }: Arrival): boolean {
  const crowd = crowded(board, unit, host, gone);
  if (crowd === LOAD.ok) return true;
  if (crowd !== LOAD.cpu || !relievesWaiting(board, hot, unit, host)) return false;
  return gain >= board.policy.gainMin * movedCores(board, hot, unit);
}

export interface Arrival {
  readonly unit: number;
  readonly host: number;
  /** The unit that leaves the host for it, or NOBODY. */
  readonly gone: number;
  readonly gain: number;
}

/** Cost that the source loses when the unit leaves. */
export function reliefOf(board: Board, unit: number): number {
  const source = wholeAt(board.units.home, unit);
  return hostCost(board, source) - costWith(board, source, unit, -1);
}

/** Cost that the unit adds to the host. */
export function burdenOf(board: Board, unit: number, host: number): number {
  return costWith(board, host, unit, 1) - hostCost(board, host);
}

/** The unit's use of the resource that is short on its host, in core equivalents; of several, the greatest use. */
export function movedCores(board: Board, hot: HotHosts, unit: number): number {
  const source = wholeAt(board.units.home, unit);
  let most = 0;
  for (const resource of hot.resources(source))
    most = Math.max(most, coreEquivalents(board, unit, resource, source));
  return most;
}

/** True if the unit uses a good part of the excess, or at least as much as its neighbours on average: many small ones add up. */
export function isRelief(board: Board, hot: HotHosts, unit: number): boolean {
  const { hosts, units, resources, comfort } = board;
  const size = resources.length;
  const source = wholeAt(units.home, unit);
  const neighbours = hosts.units[source] ?? [];
  return hot.resources(source).some((resource) => {
    const place = source * size + resource;
    const amount = at(units.now, unit * size + resource);
    const inverse = at(hosts.inverse, place);
    const excess = at(hosts.now, place) - at(comfort, resource) / inverse;
    if (amount <= 0) return false;
    if (amount >= RELIEF_MIN_RATIO * excess) return true;
    const sum = neighbours.reduce((total, each) => total + at(units.now, each * size + resource), 0);
    return amount >= sum / neighbours.length;
  });
}
