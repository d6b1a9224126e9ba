// Keeps VMs on few hosts: relieves packed hosts without waking others, and empties hosts whose VMs fit on the rest.
//
// The number of hosts that stay awake follows from the usual demand of the VMs and its variance (packing.ts): each host keeps
// `packingMargin` standard deviations of room. Rules, memory, budgets, holds and cool-downs apply as to every move.
import { crowded, LOAD } from '../board/candidate.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft, Step } from '../board/draft.ts';
import { FIT } from '../board/fit.ts';
import { Packing } from './packing.ts';
import { alternativesTo } from '../words/refusals.ts';
import { cheapestRelief, type Relief } from './relief-choice.ts';
import { whyNotNow } from './relieve.ts';

// A host is woken at a smaller margin than hosts are emptied to, so that their number does not swing. With forty packed hosts
// the difference is nearly one host on PlanetLab's days, more than the random variation of a thousand VMs.
const WAKE_MARGIN_RATIO = 0.85;

// A host that cannot be emptied is kept in place of another one, and the layout starts again; in practice once or twice.
const EMPTYING_ATTEMPTS_MAX = 8;

type Choice = Pick<Relief, 'unit' | 'target'>;

export class Consolidation {
  readonly #draft: Draft;
  readonly #packing: Packing;
  /** Sleeping hosts that are to be woken, the best first. */
  readonly #woken = new Set<number>();
  readonly #empty: Set<number>;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#packing = new Packing(draft.board);
    this.#empty = new Set(
      draft.board.hosts.units.flatMap((units, host) => (units.length === 0 ? [host] : [])),
    );
  }

  /** Moves the excess of hot hosts to awake ones; wakes hosts only when all awake ones together have too little room. */
  relieve(): void {
    const { board, hot } = this.#draft;
    this.#wake();
    const sources = board.snapshot.hosts
      .map((_, host) => host)
      .filter((host) => hot.resources(host).includes(CPU) && whyNotNow(board, host) === undefined)
      .sort((one, other) => this.#excessCores(other) - this.#excessCores(one) || one - other);
    for (const source of sources) this.#relieveHost(source);
  }

  /** Empties surplus hosts: all VMs of a host, or none. Fills the best hosts first. */
  empty(): void {
    const stuck = new Set<number>();
    for (let attempt = 1; attempt <= EMPTYING_ATTEMPTS_MAX; attempt += 1) {
      const before = stuck.size;
      this.#emptyAllBut(stuck, attempt === EMPTYING_ATTEMPTS_MAX);
      if (stuck.size === before) return;
    }
  }

  /** At the first host that cannot be emptied, undoes all and ends; with `goesOn`, undoes that host's moves only and goes on. */
  #emptyAllBut(stuck: Set<number>, goesOn: boolean): void {
    const { board } = this.#draft;
    const leaving = this.#leaving(stuck);
    const units = [...leaving].flatMap((host) => board.hosts.units[host] ?? []);
    const mean = (unit: number): number => this.#packing.meanCores(unit);
    for (const unit of units.sort((one, other) => mean(other) - mean(one) || one - other)) {
      const source = wholeAt(board.units.home, unit);
      if (stuck.has(source)) continue;
      const target = this.#roomiest(unit, leaving);
      if (target !== undefined && this.#draft.allows([unit], 'consolidate')) {
        this.#take({ unit, target }, 'consolidate');
        continue;
      }
      stuck.add(source);
      this.#takeBack((step) => !goesOn || step.source === source);
      if (!goesOn) return;
    }
  }

  /** The surplus hosts; hosts that are known to be stuck are kept before others. */
  #leaving(stuck: ReadonlySet<number>): Set<number> {
    const awake = this.#awake()
      .filter((host) => !stuck.has(host))
      .sort((one, other) => this.#compareKeeping(one, other));
    const kept = this.#needed([...stuck, ...awake], 1) - stuck.size;
    return new Set(awake.slice(Math.max(0, kept)).filter((host) => this.#canBeEmptied(host)));
  }

  #relieveHost(source: number): void {
    const { board, hot, effort } = this.#draft;
    let waitSeconds = 0;
    while (hot.isStillHot(source) && !effort.isOver) {
      const choice = cheapestRelief(this.#reliefs(source), {
        excessCores: this.#excessCores(source),
        waitSeconds,
        migrationPriceCores: board.policy.migrationPriceCores,
      });
      if (choice === undefined || !this.#draft.allows([choice.unit], 'hot_host')) return;
      waitSeconds = Math.max(waitSeconds, choice.seconds);
      this.#take(choice, 'hot_host');
    }
  }

  /** Units that may leave the host, each with the target on which it causes the least shortage later. */
  #reliefs(source: number): Relief[] {
    const { units, hosts, resources } = this.#draft.board;
    return (hosts.units[source] ?? []).flatMap((unit) => {
      const cores = at(units.now, unit * resources.length + CPU);
      if (cores <= 0 || !this.#draft.isMovable(unit)) return [];
      const target = this.#leastShort(unit, source);
      if (target === undefined) return [];
      const shortLater = target.shortCores * SHORT_SECONDS_LATER;
      return { unit, target: target.host, cores, seconds: at(units.migrationSeconds, unit), shortLater };
    });
  }

  /** The awake host on which the unit adds least to the expected shortage, and the net change of the shortage. */
  #leastShort(
    unit: number,
    source: number,
  ): { readonly host: number; readonly shortCores: number } | undefined {
    const packing = this.#packing;
    const relief = packing.shortCores(source) - packing.shortCoresWith(source, unit, -1);
    let best: { host: number; shortCores: number } | undefined;
    for (const host of this.#draft.open.order) {
      if (!this.#takes(host, unit)) continue;
      const shortCores = packing.shortCoresWith(host, unit, 1) - packing.shortCores(host) - relief;
      if (best === undefined || shortCores < best.shortCores) best = { host, shortCores };
    }
    return best;
  }

  /** Of the hosts that stay, the one with most room, provided it keeps the margin. */
  #roomiest(unit: number, leaving: ReadonlySet<number>): number | undefined {
    const least = this.#draft.board.policy.packingMargin * WAKE_MARGIN_RATIO;
    let best: number | undefined;
    let most = least;
    for (const host of this.#draft.open.order) {
      if (leaving.has(host) || !this.#takes(host, unit) || !this.#isKnown(host)) continue;
      const margin = this.#packing.marginWith(host, unit);
      if (margin > most) [most, best] = [margin, host];
    }
    return best;
  }

  /** True if the host is awake or to be woken, may have the unit, and stays comfortable with it. */
  #takes(host: number, unit: number): boolean {
    const { board, fit, effort } = this.#draft;
    effort.spend(1);
    if (this.#empty.has(host) && !this.#woken.has(host)) return false;
    if (wholeAt(board.units.home, unit) === host) return false;
    return crowded(board, unit, host) === LOAD.ok && fit.refuses(unit, host, 'option') === FIT.ok;
  }

  #take({ unit, target }: Choice, trigger: 'hot_host' | 'consolidate'): void {
    const draft = this.#draft;
    const source = wholeAt(draft.board.units.home, unit);
    this.#packing.move(unit, source, target);
    draft.take(unit, target, {
      trigger,
      cause: draft.board.snapshot.hosts[source]?.hostId ?? '',
      persistenceSeconds: PERSISTENCE_SECONDS,
      refusals: alternativesTo(draft, unit, target, 'option'),
    });
  }

  #takeBack(isMeant: (step: Step) => boolean): void {
    const undone = this.#draft.steps.filter((step) => step.trigger === 'consolidate' && isMeant(step));
    for (const step of undone) {
      this.#packing.move(step.unit, step.target, step.source);
      this.#draft.undo(step);
    }
  }

  #wake(): void {
    const { open } = this.#draft;
    const awake = this.#awake();
    const asleep = [...this.#empty]
      .filter((host) => open.order.includes(host))
      .sort((one, other) => this.#compareKeeping(one, other));
    const needed = this.#needed([...awake, ...asleep], WAKE_MARGIN_RATIO);
    for (const host of asleep.slice(0, Math.max(0, needed - awake.length))) this.#woken.add(host);
  }

  #awake(): number[] {
    const { hosts } = this.#draft.board;
    return hosts.units.flatMap((units, host) => (units.length > 0 ? [host] : []));
  }

  /** How many of the hosts, in this order, can carry the usual demand of all VMs with the margin on each. */
  #needed(hosts: readonly number[], marginRatio: number): number {
    const { board } = this.#draft;
    const { meanCores, variance } = this.#packing.total();
    const margin = board.policy.packingMargin * marginRatio;
    let cores = 0;
    for (const [place, host] of hosts.entries()) {
      cores += at(board.hosts.cores, host);
      if (cores - margin * Math.sqrt(variance * (place + 1)) >= meanCores) return place + 1;
    }
    return hosts.length;
  }

  /** Order in which hosts are kept: those that cannot be emptied, then by cores per watt, then the fullest. */
  #compareKeeping(one: number, other: number): number {
    const held = Number(this.#canBeEmptied(one)) - Number(this.#canBeEmptied(other));
    if (held !== 0) return held;
    const efficiency = this.#coresPerWatt(other) - this.#coresPerWatt(one);
    if (efficiency !== 0) return efficiency;
    const { hosts, resources } = this.#draft.board;
    const load = (host: number): number => at(hosts.now, host * resources.length + CPU);
    return load(other) - load(one) || one - other;
  }

  #coresPerWatt(host: number): number {
    const { snapshot, hosts } = this.#draft.board;
    const watts = snapshot.hosts[host]?.watts?.at(-1);
    return watts === undefined || watts <= 0 ? 0 : at(hosts.cores, host) / watts;
  }

  #canBeEmptied(host: number): boolean {
    const { board, hot } = this.#draft;
    return (
      whyNotNow(board, host) === undefined &&
      hot.first(host).length === 0 &&
      (board.hosts.units[host] ?? []).every((unit) => this.#draft.isMovable(unit)) &&
      this.#isKnown(host) &&
      this.#draft.stepsAt(host).length === 0
    );
  }

  /** True if the usual load of all its VMs is known, or the policy does not require that. */
  #isKnown(host: number): boolean {
    const { policy, snapshot, units, hosts } = this.#draft.board;
    if (!policy.packsKnownOnly) return true;
    const members = (hosts.units[host] ?? []).flatMap((unit) => units.members[unit] ?? []);
    return members.every((vm) => snapshot.vms[vm]?.usualCpu !== undefined);
  }

  #excessCores(host: number): number {
    const { hosts, resources, policy } = this.#draft.board;
    return at(hosts.now, host * resources.length + CPU) - policy.cpu.exitRatio * at(hosts.cores, host);
  }
}

/** Hosts without VMs once the plan is carried out, which could be powered off. */
export function emptyHostsOf({ board }: Draft): { hostId: string; hostName: string }[] {
  return board.snapshot.hosts
    .filter(
      ({ state, service, migrationsIn }, host) =>
        state === 'ready' &&
        service === 'in_service' &&
        migrationsIn === 0 &&
        board.hosts.units[host]?.length === 0,
    )
    .map(({ hostId, hostName }) => ({ hostId, hostName }));
}

// The order of LOAD_RESOURCES.
const CPU = 0;
// The effect of a move on a packed host lasts until the next moves from and to it: some ten minutes on PlanetLab's days.
const PERSISTENCE_SECONDS = 600;
// A shortage in that time is relieved too, which leaves the time of copying: some 15 s in each five minutes.
const SHORT_SECONDS_LATER = PERSISTENCE_SECONDS * (15 / 300);
