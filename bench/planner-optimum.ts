// Computes a lower bound of the planner's objective with an exact solver (HiGHS): no plan of so many moves can get below it.
import { boardOf, type Board } from '../scheduler/planner/board/board.ts';
import { at, wholeAt } from '../scheduler/planner/board/columns.ts';
import { evennessWeight, pressure } from '../scheduler/planner/board/host-cost.ts';
import type { PlanPolicy } from '../scheduler/planner/contract/policy.ts';
import type { Snapshot } from '../scheduler/planner/contract/snapshot.ts';

// Distance of the tangents to the convex cost: the model is never above the cost, and with these steps never far below it.
const TANGENT_STEP_RATIO = 0.02;
const RATIO_MAX = 1.6;
// The solver stops within this share of the optimum; plans are compared with its bound.
const GAP_MAX_RATIO = 0.005;
const TIME_MAX_S = 120;

/** Least cost of all hosts, in core equivalents, plus the price of the moves over the time that they are expected to last. */
export async function leastObjective(snapshot: Snapshot, policy: PlanPolicy): Promise<number> {
  const highs = await loadSolver();
  const board = boardOf(snapshot, policy);
  const solution = highs.solve(modelOf(board), {
    mip_rel_gap: GAP_MAX_RATIO,
    time_limit: TIME_MAX_S,
    output_flag: false,
  });
  if (solution.Status !== 'Optimal') throw new Error(`the exact solver ended with ${solution.Status}`);
  return solution.ObjectiveValue * (1 - GAP_MAX_RATIO);
}

interface Solver {
  readonly solve: (
    model: string,
    options: Readonly<Record<string, number | boolean>>,
  ) => { readonly Status: string; readonly ObjectiveValue: number };
}

/** The package's types describe its CommonJS build, but its ES module is imported. */
async function loadSolver(): Promise<Solver> {
  const { default: load }: { default: unknown } = await import('highs');
  if (!isLoader(load))
    throw new Error('highs: its module does not have the expected shape; check which version is installed');
  return load();
}

function isLoader(value: unknown): value is () => Promise<Solver> {
  return typeof value === 'function';
}

/** What one move of the unit adds to the objective. */
function priceCores({ units, policy }: Board, unit: number): number {
  return (policy.migrationPriceCores * at(units.migrationSeconds, unit) * 1000) / policy.persistenceMaxMs;
}

/** CPLEX LP text: x = unit on host, t = cost of a resource of a host. */
function modelOf(board: Board): string {
  const { units, hosts } = board;
  const places = (count: number): number[] => Array.from({ length: count }, (_, place) => place);
  const columns = places(hosts.count).flatMap((host) =>
    board.resources.map((_, column) => ({ host, column })),
  );
  const pairs = places(units.count).flatMap((unit) => places(hosts.count).map((host) => ({ unit, host })));
  const isMove = ({ unit, host }: { unit: number; host: number }): boolean =>
    wholeAt(units.home, unit) !== host;
  const moves = pairs.filter(isMove);
  const cost = columns.map(({ host, column }) => `${term(weight(board, host, column))} t${host}_${column}`);
  const price = moves.map(({ unit, host }) => `${term(priceCores(board, unit))} x${unit}_${host}`);
  return [
    'Minimize',
    ...lines([...cost, ...price]),
    'Subject To',
    ...places(units.count).map(
      (unit) =>
        `${places(hosts.count)
          .map((host) => `+ x${unit}_${host}`)
          .join(' ')} = 1`,
    ),
    ...lines(moves.map(({ unit, host }) => `+ x${unit}_${host}`)),
    ` <= ${board.policy.movesMax}`,
    ...places(hosts.count).flatMap((host) => memoryLimits(board, host)),
    ...columns.flatMap(({ host, column }) => tangents(board, host, column)),
    'Binary',
    ...pairs.map(({ unit, host }) => `x${unit}_${host}`),
    'End',
  ].join('\n');
}

function term(factor: number): string {
  return `${factor < 0 ? '-' : '+'} ${Math.abs(factor).toPrecision(12)}`;
}

/** LP lines have a length limit; each term may have a line of its own. */
function lines(terms: readonly string[]): string[] {
  return terms.map((each) => ` ${each}`);
}

function weight({ hosts, resources }: Board, host: number, column: number): number {
  return at(hosts.weight, host * resources.length + column);
}

/** Load of the host besides its units, which stays there. */
function ownLoad(
  board: Board,
  host: number,
  ofHost: Float64Array,
  ofUnits: Float64Array,
  column: number,
): number {
  const size = board.resources.length;
  const units = board.hosts.units[host] ?? [];
  return units.reduce(
    (left, unit) => left - at(ofUnits, unit * size + column),
    at(ofHost, host * size + column),
  );
}

function memoryLimits(board: Board, host: number): string[] {
  const { hosts, units } = board;
  const gib = 2 ** -30;
  const own = (hosts.units[host] ?? []).reduce(
    (left, unit) => left - at(units.memoryMaxBytes, unit),
    at(hosts.allocatedBytes, host),
  );
  const terms = units.members.map(
    (_, unit) => `${term(at(units.memoryMaxBytes, unit) * gib)} x${unit}_${host}`,
  );
  return [...lines(terms), ` <= ${(at(hosts.memoryLimitBytes, host) - own) * gib}`];
}

/** t >= slope x load + rest at many points of the convex cost. */
function tangents(board: Board, host: number, column: number): string[] {
  const { hosts, units, resources, comfort } = board;
  const size = resources.length;
  const inverse = at(hosts.inverse, host * size + column);
  const own = ownLoad(board, host, hosts.now, units.now, column) * inverse;
  const evenness = evennessWeight(board);
  const cost = (ratio: number): number => pressure(ratio, at(comfort, column), evenness);
  const points = Array.from(
    { length: RATIO_MAX / TANGENT_STEP_RATIO },
    (_, point) => (point + 0.5) * TANGENT_STEP_RATIO,
  );
  return points.flatMap((ratio) => {
    const beyond = Math.max(0, ratio - at(comfort, column));
    const slope = 2 * beyond + 4 * evenness * ratio ** 3;
    const terms = units.members.map((_, unit) => {
      const share = at(units.now, unit * size + column) * inverse;
      return `${term(-slope * share)} x${unit}_${host}`;
    });
    return [` + t${host}_${column}`, ...lines(terms), ` >= ${cost(ratio) + slope * (own - ratio)}`];
  });
}
