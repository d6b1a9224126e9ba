// Tracks which hosts are hot, in what and since when: from the snapshot, or by the entry levels where it says nothing.
import { at } from './columns.ts';
import { capacityOf, type Board } from './board.ts';
import type { LoadResource } from '../contract/policy.ts';
import type { HotSpot, SnapshotHost } from '../contract/snapshot.ts';
import { percent, RESOURCE_WORDS } from '../contract/words.ts';

export class HotHosts {
  readonly #board: Board;
  readonly #first: readonly (readonly HotSpot[])[];
  readonly #spots: (readonly HotSpot[])[];
  /** Hosts that cannot be targets because they are hot. */
  readonly #closed: Set<number>;

  constructor(board: Board) {
    this.#board = board;
    this.#first = board.snapshot.hosts.map((host) => host.hot ?? judged(board, host));
    this.#spots = [...this.#first];
    this.#closed = new Set(this.#first.flatMap((spots, host) => (spots.length > 0 ? [host] : [])));
  }

  /** The hot spots before any move. */
  first(host: number): readonly HotSpot[] {
    return this.#first[host] ?? [];
  }

  /** The hot spots after the moves judged so far: with what they filled, without what fell below the exit level. */
  spots(host: number): readonly HotSpot[] {
    return this.#spots[host] ?? [];
  }

  isHot(host: number): boolean {
    return this.spots(host).length > 0;
  }

  isClosed(host: number): boolean {
    return this.#closed.has(host);
  }

  /** Indexes of the resources in which the host is hot. */
  resources(host: number): number[] {
    return this.spots(host)
      .map(({ resource }) => this.#board.resources.indexOf(resource))
      .filter((place) => place >= 0);
  }

  /** True when a hot host is still at or above the exit level of such a resource, or would be with the unit `back` on it. */
  isStillHot(host: number, back?: number): boolean {
    const { policy, resources, units } = this.#board;
    return this.resources(host).some((column) => {
      const more = back === undefined ? 0 : at(units.now, back * resources.length + column);
      return this.#ratio(host, column, more) >= policy[resources[column] ?? 'cpu'].exitRatio;
    });
  }

  /** Re-evaluates a host after moves from or to it, as the next plan would. */
  judgeAgain(host: number): void {
    const { policy, resources, snapshot } = this.#board;
    const over = resources.filter(
      (resource, column) => this.#ratio(host, column, 0) >= policy[resource].entryRatio,
    );
    const isGiven = snapshot.hosts[host]?.hot !== undefined;
    if (this.isHot(host) && !this.isStillHot(host)) this.#spots[host] = [];
    else if (!this.isHot(host))
      this.#spots[host] = over.map((resource) => filledBySelf(snapshot.atMs, resource));
    if (isGiven ? this.isHot(host) : over.length > 0) this.#closed.add(host);
    else this.#closed.delete(host);
  }

  /** How long the hot spot is expected to last: as long again as it has lasted, within the policy's bounds. */
  persistenceSeconds(host: number): number {
    const { snapshot, policy } = this.#board;
    let lastedMs = policy.persistenceMinMs;
    for (const { sinceMs } of this.spots(host)) lastedMs = Math.max(lastedMs, snapshot.atMs - sinceMs);
    return Math.min(policy.persistenceMaxMs, lastedMs) / 1000;
  }

  #ratio(host: number, column: number, more: number): number {
    const { hosts, resources } = this.#board;
    const place = host * resources.length + column;
    return (at(hosts.now, place) + more) * at(hosts.inverse, place);
  }
}

function judged({ snapshot, policy, resources }: Board, host: SnapshotHost): HotSpot[] {
  return resources.flatMap((resource): HotSpot[] => {
    const capacity = capacityOf(host, resource);
    const ratio = capacity > 0 ? (host.load[resource]?.now ?? 0) / capacity : 0;
    const { entryRatio } = policy[resource];
    if (ratio < entryRatio) return [];
    const evidence = `${RESOURCE_WORDS[resource]} is at ${percent(ratio)} of the host; it is hot from ${percent(entryRatio)} on`;
    return [{ resource, sinceMs: snapshot.atMs, level: 'hot', evidence }];
  });
}

/** A resource that moves of this plan have filled. */
function filledBySelf(sinceMs: number, resource: LoadResource): HotSpot {
  return { resource, sinceMs, level: 'hot', evidence: 'moves of this plan have filled it' };
}
