// Keeps the hosts that may take VMs in order, the emptiest first.
import { wholeAt } from './columns.ts';
import type { Board } from './board.ts';
import type { Need } from './fit.ts';
import { fullness } from './host-cost.ts';
import type { HotHosts } from './hot.ts';
import { isSettling } from '../contract/snapshot.ts';

/** Why a host takes no VM now, whatever the VM. */
export type Closed =
  'unknown' | 'stale' | 'draining' | 'observing' | 'hot' | 'receiving' | 'sending' | 'settling';

/** Undefined when the host takes VMs. A duty ignores heat, running migrations and unsettled figures. */
export function closedTo({ snapshot }: Board, hot: HotHosts, place: number, need: Need): Closed | undefined {
  const host = snapshot.hosts[place];
  if (host === undefined || host.state === 'unknown') return 'unknown';
  if (host.state === 'stale') return 'stale';
  if (host.service === 'draining') return 'draining';
  if (host.mode === 'observe') return 'observing';
  if (need === 'duty') return undefined;
  if (host.migrationsIn > 0) return 'receiving';
  if (hot.isClosed(place)) return 'hot';
  if (host.migrationsOut > 0) return 'sending';
  return isSettling(snapshot, host) ? 'settling' : undefined;
}

/** The open hosts in order of fullness, which is maintained while units move. */
export class Targets {
  readonly #board: Board;
  order: Int32Array;
  readonly #fullness: Float64Array;
  readonly #open: Set<number>;

  constructor(board: Board, hot: HotHosts, need: Need) {
    this.#board = board;
    this.#fullness = Float64Array.from({ length: board.hosts.count }, (_, host) => fullness(board, host));
    const open = Array.from({ length: board.hosts.count }, (_, host) => host).filter(
      (host) => closedTo(board, hot, host, need) === undefined,
    );
    this.#open = new Set(open);
    this.order = Int32Array.from(open.sort((one, other) => this.#compare(one, other)));
  }

  has(host: number): boolean {
    return this.#open.has(host);
  }

  /** Restores the order after the host's load has changed. */
  reorder(host: number): void {
    this.#fullness[host] = fullness(this.#board, host);
    if (!this.#open.has(host)) return;
    let place = this.order.indexOf(host);
    while (place > 0 && this.#compare(wholeAt(this.order, place - 1), host) > 0)
      place = this.#swap(place, -1);
    while (place < this.order.length - 1 && this.#compare(wholeAt(this.order, place + 1), host) < 0)
      place = this.#swap(place, 1);
  }

  /** Opens or closes a host for further moves. */
  set(host: number, isOpen: boolean): void {
    if (this.#open.has(host) === isOpen) return;
    if (isOpen) this.#open.add(host);
    else this.#open.delete(host);
    const length = this.order.length;
    if (isOpen) {
      const order = new Int32Array(length + 1);
      order.set(this.order);
      order[length] = host;
      this.order = order;
    } else this.order = this.order.filter((each) => each !== host);
    this.reorder(host);
  }

  #swap(place: number, step: 1 | -1): number {
    const host = wholeAt(this.order, place);
    this.order[place] = wholeAt(this.order, place + step);
    this.order[place + step] = host;
    return place + step;
  }

  #compare(one: number, other: number): number {
    const by = (this.#fullness[one] ?? NaN) - (this.#fullness[other] ?? NaN);
    return by !== 0 ? by : one - other;
  }
}
