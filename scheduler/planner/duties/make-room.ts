// Makes room for a VM that fits on no host, on the host that needs the fewest bytes moved away.
import { moveUnit, readyFor, type Board } from '../board/board.ts';
import { crowded, LOAD } from '../board/candidate.ts';
import { at } from '../board/columns.ts';
import type { Draft, StepWords } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';

/** What a host must offer for a VM. */
export interface Demand {
  readonly memoryMaxBytes: number;
  readonly memoryUsedBytes: number;
  /** Whether the host is suitable apart from its memory. */
  readonly canBeOn: (host: number) => boolean;
}

// More moves than this for one VM disturb more guests than they are worth.
const MOVES_MAX = 4;
// The emptiest hosts need the fewest moves.
const HOSTS_TRIED_MAX = 32;

interface Relocation {
  readonly unit: number;
  readonly target: number;
}

interface Way {
  readonly host: number;
  readonly moves: readonly Relocation[];
  readonly bytes: number;
}

/** Moves units off one host until the demand fits there, and returns that host; undefined, with nothing moved, if none can. */
export function makeRoom(draft: Draft, demand: Demand, words: StepWords): number | undefined {
  const hosts = [...draft.openToDuty.order].filter((host) => demand.canBeOn(host)).slice(0, HOSTS_TRIED_MAX);
  let best: Way | undefined;
  for (const host of hosts) {
    if (draft.effort.isOver) break;
    const way = wayOn(draft, demand, host);
    if (way !== undefined && (best === undefined || way.bytes < best.bytes)) best = way;
  }
  if (best === undefined) return undefined;
  const units = best.moves.map(({ unit }) => unit);
  if (!draft.allows(units, words.trigger)) return undefined;
  for (const { unit, target } of best.moves) draft.take(unit, target, words);
  return best.host;
}

// The order of LOAD_RESOURCES.
const MEMORY = 1;

/** Memory that the host lacks for the demand, by allocation or by use, whichever is more; 0 or less when there is enough. */
export function missingBytes({ board }: Draft, demand: Demand, host: number): number {
  return Math.max(
    unallocatableBytes(board, demand, host),
    readyFor(board, host, MEMORY) + demand.memoryUsedBytes - at(board.hosts.memoryLimitBytes, host),
  );
}

/** The same by allocation alone, which is known immediately, while use shows only in samples. */
export function unallocatableBytes({ hosts }: Board, demand: Demand, host: number): number {
  return at(hosts.allocatedBytes, host) + demand.memoryMaxBytes - at(hosts.memoryLimitBytes, host);
}

/** Tries in the board which units would have to go, and undoes that. */
function wayOn(draft: Draft, demand: Demand, host: number): Way | undefined {
  const { board } = draft;
  const moves: Relocation[] = [];
  let missing = missingBytes(draft, demand, host);
  while (missing > 0 && moves.length < MOVES_MAX) {
    const next = nextToGo(draft, host, missing);
    if (next === undefined) break;
    moves.push(next);
    moveUnit(board, next.unit, next.target);
    missing = missingBytes(draft, demand, host);
  }
  for (const { unit } of [...moves].reverse()) moveUnit(board, unit, host);
  const bytes = moves.reduce((sum, { unit }) => sum + at(board.units.migrationBytes, unit), 0);
  return missing > 0 ? undefined : { host, moves, bytes };
}

/** The smallest unit that alone leaves enough room, else the largest one, with the best comfortable host for it. */
function nextToGo(draft: Draft, host: number, missing: number): Relocation | undefined {
  const { memoryMaxBytes } = draft.board.units;
  const size = (unit: number): number => at(memoryMaxBytes, unit);
  const units = (draft.board.hosts.units[host] ?? []).filter((unit) => draft.isMovable(unit));
  const enough = units
    .filter((unit) => size(unit) >= missing)
    .sort((one, other) => size(one) - size(other) || one - other);
  const less = units
    .filter((unit) => size(unit) < missing)
    .sort((one, other) => size(other) - size(one) || one - other);
  for (const unit of [...enough, ...less]) {
    const target = comfortableHost(draft, unit, host);
    if (target !== undefined) return { unit, target };
  }
  return undefined;
}

function comfortableHost(draft: Draft, unit: number, home: number): number | undefined {
  const { board, fit, open, effort } = draft;
  effort.spend(open.order.length);
  return open.order.find(
    (host) =>
      host !== home && fit.refuses(unit, host, 'option') === FIT.ok && crowded(board, unit, host) === LOAD.ok,
  );
}
