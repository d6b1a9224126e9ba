// Chooses the VM that leaves a packed host first, so that the shortage ends soon, by few moves, and causes little shortage later.
//
// Copies run in parallel: guests wait for the longest one, and the others only cost a move each. So the longest copy time is
// chosen first, then the VM among those within it. Prices are in core-seconds.

/** A move that would relieve a host. */
export interface Relief {
  readonly unit: number;
  readonly target: number;
  /** Load that it takes off the host. */
  readonly cores: number;
  /** Of its copy. */
  readonly seconds: number;
  /** Core-seconds of additional expected shortage on source and target. */
  readonly shortLater: number;
}

/** The load a host must be relieved of. */
export interface Excess {
  readonly excessCores: number;
  /** Longest copy from the host that this plan has already ordered. */
  readonly waitSeconds: number;
  /** Cores that a migration costs while it runs. */
  readonly migrationPriceCores: number;
}

// Overhead of a move besides the copy: starting QEMU on the target and handing over took 1.3 to 2.1 s in the lab.
const SECONDS_A_MOVE = 2;
// How far a host is short varies with its guests' demand; what counts is that they wait, and for how long.
const CORES_WAITED_FOR = 1;

/** The best first move; undefined when there is none. */
export function cheapestRelief(reliefs: readonly Relief[], excess: Excess): Relief | undefined {
  const longest = longestCopy(reliefs, excess);
  let best: Relief | undefined;
  let least = Infinity;
  for (const relief of reliefs) {
    if (relief.seconds > longest) continue;
    const movesNeeded = Math.max(1, excess.excessCores / relief.cores);
    const price = movePrice(excess) * movesNeeded + relief.shortLater;
    if (price < least) [least, best] = [price, relief];
  }
  return best;
}

/** A longer wait pays where it saves many moves, or where only slow copies end the shortage. If none does, the quickest copy wins. */
function longestCopy(reliefs: readonly Relief[], excess: Excess): number {
  const largestFirst = [...reliefs].sort((one, other) => other.cores - one.cores);
  let best = Infinity;
  let least = Infinity;
  for (const seconds of new Set(reliefs.map((relief) => relief.seconds))) {
    const moves = movesToEnd(largestFirst, seconds, excess.excessCores);
    const price = Math.max(0, seconds - excess.waitSeconds) * CORES_WAITED_FOR + moves * movePrice(excess);
    if (price < least || (price === least && seconds < best)) [least, best] = [price, seconds];
  }
  return best;
}

/** How many copies of at most `secondsMax` remove the excess; Infinity if they cannot. */
function movesToEnd(largestFirst: readonly Relief[], secondsMax: number, excessCores: number): number {
  let left = excessCores;
  let moves = 0;
  for (const { cores, seconds } of largestFirst) {
    if (left <= 0) break;
    if (seconds > secondsMax) continue;
    left -= cores;
    moves += 1;
  }
  return left > 0 ? Infinity : moves;
}

function movePrice({ migrationPriceCores }: Excess): number {
  return SECONDS_A_MOVE * migrationPriceCores;
}
