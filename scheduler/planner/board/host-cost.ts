// Computes what load costs a host: convex, over all resources, almost nothing below comfort (docs/PLANNER.md).
import { at } from './columns.ts';
import { readyFor, type Board } from './board.ts';

// Small enough to only choose between comfortable targets, while the cost below comfort is not flat.
const EVENNESS_WEIGHT = 0.001;

/** Weight of evenness below comfort: where evenness is the goal, the same as that of load beyond comfort. */
export function evennessWeight(board: Board): number {
  return board.policy.evenness ? 1 : EVENNESS_WEIGHT;
}

/** Cost of the host: sum over resources of weight x (beyond comfort ^ 2 + evenness x ratio ^ 4). */
export function hostCost(board: Board, host: number): number {
  const { hosts, resources, comfort } = board;
  const size = resources.length;
  const evenness = evennessWeight(board);
  let cost = 0;
  for (let resource = 0; resource < size; resource += 1) {
    const place = host * size + resource;
    cost +=
      at(hosts.weight, place) *
      pressure(at(hosts.now, place) * at(hosts.inverse, place), at(comfort, resource), evenness);
  }
  return cost;
}

/** Cost of the host with the unit added (`sign` 1) or taken away (-1). */
export function costWith(board: Board, host: number, unit: number, sign: 1 | -1): number {
  const { hosts, units, resources, comfort } = board;
  const size = resources.length;
  const evenness = evennessWeight(board);
  let cost = 0;
  for (let resource = 0; resource < size; resource += 1) {
    const place = host * size + resource;
    const amount = at(hosts.now, place) + sign * at(units.now, unit * size + resource);
    cost +=
      at(hosts.weight, place) * pressure(amount * at(hosts.inverse, place), at(comfort, resource), evenness);
  }
  return cost;
}

/** Cost of the host without unit `gone` and with unit `come`. */
export function costExchanged(board: Board, host: number, gone: number, come: number): number {
  const { hosts, units, resources, comfort } = board;
  const size = resources.length;
  const evenness = evennessWeight(board);
  let cost = 0;
  for (let resource = 0; resource < size; resource += 1) {
    const place = host * size + resource;
    const amount =
      at(hosts.now, place) - at(units.now, gone * size + resource) + at(units.now, come * size + resource);
    cost +=
      at(hosts.weight, place) * pressure(amount * at(hosts.inverse, place), at(comfort, resource), evenness);
  }
  return cost;
}

/** Cost of a load for each core equivalent of its host: the square makes one very hot host worse than two warm ones. */
export function pressure(ratio: number, comfort: number, evenness: number): number {
  if (ratio <= 0) return 0;
  const beyond = ratio > comfort ? ratio - comfort : 0;
  const square = ratio * ratio;
  return beyond * beyond + evenness * square * square;
}

/** Cost of all hosts. */
export function totalCost(board: Board): number {
  let cost = 0;
  for (let host = 0; host < board.hosts.count; host += 1) cost += hostCost(board, host);
  return cost;
}

/** The fullest resource of the host, as a share of its capacity, by the load the host must be ready for. */
export function fullness(board: Board, host: number): number {
  const { hosts, resources } = board;
  const size = resources.length;
  let ratio = 0;
  for (let resource = 0; resource < size; resource += 1) {
    const place = host * size + resource;
    ratio = Math.max(ratio, readyFor(board, host, resource) * at(hosts.inverse, place));
  }
  return ratio;
}

/** The unit's use of one resource of the host, in core equivalents. */
export function coreEquivalents(board: Board, unit: number, resource: number, host: number): number {
  const { hosts, units, resources } = board;
  const place = host * resources.length + resource;
  const amount = at(units.now, unit * resources.length + resource);
  return amount * at(hosts.inverse, place) * at(hosts.weight, place);
}
