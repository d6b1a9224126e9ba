// Which VM leaves a packed host first: the end of the shortage comes soon, by few moves, and makes little shortage later.
//
// Copies run side by side: guests wait for the longest one, those beside it cost a move only. So the time that copies may
// take is chosen first, then the VM within it. Prices are core-seconds.

/** A move that would relieve a host. */
export interface Relief {
  readonly unit: number;
  readonly target: number;
  /** What it takes off the host. */
  readonly cores: number;
  /** Of its copy. */
  readonly seconds: number;
  /** Core-seconds that source and target will usually lack more because of it. */
  readonly shortLater: number;
}

/** What a host has to be relieved of. */
export interface Excess {
  readonly excessCores: number;
  /** Copies that this plan has ordered from the host already take that long. */
  readonly waitSeconds: number;
  /** Cores that a migration costs while it runs. */
  readonly migrationPriceCores: number;
}

// What a move takes besides its copying: starting QEMU on the target and handing over took 1.3 to 2.1 s in the lab.
const SECONDS_A_MOVE = 2;
// A host is short by whatever its guests happen to want beyond it; that they wait, and for how long, is what counts.
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

/** A longer wait pays where it saves many moves, or where only VMs that take long make an end of it. Where none do, the quickest go first. */
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

/** How many copies of at most that time take the excess away; Infinity when they do not. */
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
