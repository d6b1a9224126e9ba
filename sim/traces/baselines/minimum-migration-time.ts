// Consolidates as CloudSim 3.0.3 does: relieves over-utilised hosts of their smallest VMs, then empties the least used hosts.
import type { Cluster, SimHost, SimVm } from '../cluster.ts';
import type { TraceMove, Strategy } from '../run.ts';
import type { OverloadTest } from './overload.ts';
import type { TargetRule } from './targets.ts';
import { trialOf, TrialHost } from './trial.ts';
import { placeAll } from './initial-placement.ts';

/** PowerVmAllocationPolicyMigrationAbstract.optimizeAllocation with MMT, its oddities included. */
export function minimumMigrationTime(isOverloaded: OverloadTest, findTarget: TargetRule): Strategy {
  return {
    place: (cluster) => {
      placeAll(cluster, findTarget);
    },
    decide: (cluster) => new Step(cluster, isOverloaded, findTarget).moves(),
  };
}

class Step {
  readonly #hosts: readonly TrialHost[];
  readonly #isOverloaded: OverloadTest;
  readonly #findTarget: TargetRule;

  constructor(cluster: Cluster, isOverloaded: OverloadTest, findTarget: TargetRule) {
    this.#hosts = trialOf(cluster);
    this.#isOverloaded = isOverloaded;
    this.#findTarget = findTarget;
  }

  moves(): TraceMove[] {
    const overloaded = new Set(this.#hosts.filter((host) => this.#isOverloaded(host)));
    const leaving = [...overloaded].flatMap((host) => this.#relieve(host));
    const moves = this.#placeEach(leaving, overloaded);
    return [...moves, ...this.#emptyLeastUsed(overloaded)];
  }

  #relieve(host: TrialHost): SimVm[] {
    const leaving: SimVm[] = [];
    for (;;) {
      const vm = smallest(host.vms);
      if (vm === undefined) return leaving;
      leaving.push(vm);
      host.remove(vm);
      if (!this.#isOverloaded(host)) return leaving;
    }
  }

  /** A VM without a suitable host stays. */
  #placeEach(vms: SimVm[], excluded: ReadonlySet<TrialHost>): TraceMove[] {
    const moves: TraceMove[] = [];
    for (const vm of byDemand(vms)) {
      const target = this.#findTarget(vm, this.#hosts, (host) => excluded.has(host));
      if (target === undefined) continue;
      target.add(vm);
      moves.push({ vm, target: target.host });
    }
    return moves;
  }

  /** Targets of the first part are not excluded here: CloudSim means to exclude them, but reads an empty list. */
  #emptyLeastUsed(overloaded: ReadonlySet<TrialHost>): TraceMove[] {
    const asleep = this.#hosts.filter(({ loadRatio }) => loadRatio === 0);
    const kept = new Set([...overloaded, ...asleep]);
    const noTargets = new Set(kept);
    const moves: TraceMove[] = [];
    for (;;) {
      const host = leastUsed(this.#hosts, kept);
      if (host === undefined) return moves;
      kept.add(host);
      noTargets.add(host);
      const moved = this.#placeAllOrNone(host, noTargets);
      for (const { target } of moved) kept.add(this.#trial(target));
      moves.push(...moved);
    }
  }

  #placeAllOrNone(source: TrialHost, excluded: ReadonlySet<TrialHost>): TraceMove[] {
    const booked: { readonly vm: SimVm; readonly target: TrialHost }[] = [];
    for (const vm of byDemand(source.vms.filter(({ isMigrating }) => !isMigrating))) {
      const target = this.#findTarget(vm, this.#hosts, (host) => excluded.has(host));
      if (target === undefined) {
        for (const { vm: other, target: taken } of booked) taken.remove(other);
        return [];
      }
      target.add(vm);
      booked.push({ vm, target });
    }
    return booked.map(({ vm, target }) => ({ vm, target: target.host }));
  }

  #trial(host: SimHost): TrialHost {
    const trial = this.#hosts[host.index];
    if (trial === undefined) throw new Error(`find host ${host.spec.name}: it is not in the trial`);
    return trial;
  }
}

function smallest(vms: readonly SimVm[]): SimVm | undefined {
  let best: SimVm | undefined;
  for (const vm of vms)
    if (!vm.isMigrating && (best === undefined || vm.spec.ramMb < best.spec.ramMb)) best = vm;
  return best;
}

/** The sort is stable, as CloudSim's is. */
function byDemand(vms: readonly SimVm[]): SimVm[] {
  return [...vms].sort((a, b) => b.demandMips - a.demandMips);
}

function leastUsed(hosts: readonly TrialHost[], kept: ReadonlySet<TrialHost>): TrialHost | undefined {
  let best: TrialHost | undefined;
  for (const host of hosts) {
    const { loadRatio } = host;
    if (kept.has(host) || loadRatio <= 0 || loadRatio >= (best?.loadRatio ?? 1)) continue;
    if (host.host.arriving.size === 0 && host.vms.some(({ isMigrating }) => !isMigrating)) best = host;
  }
  return best;
}
