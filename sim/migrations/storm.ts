// Generates what happens to a world: operators and the planner order moves, and faults strike, at random and where they hurt most.
import { PausedReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import type { CopyFact, Fact, RecordFact } from './facts.ts';
import { Faults } from './faults.ts';
import type { Weather } from '../world/network.ts';
import { CALM_WEATHER } from '../world/network.ts';
import type { Random } from '../world/random.ts';
import type { World } from './world.ts';

const MILD: Weather = { delayMs: 4, slowMs: 60, slowRatio: 0.05, lossRatio: 0, duplicateRatio: 0, lateMs: 0 };
const ROUGH: Weather = {
  delayMs: 30,
  slowMs: 3_000,
  slowRatio: 0.08,
  lossRatio: 0.01,
  duplicateRatio: 0.02,
  lateMs: 20_000,
};

/** Strength of a seed's storm. */
interface Force {
  readonly stormMs: number;
  readonly orderEveryMs: number;
  readonly faultEveryMs: number;
  /** Probability that a decisive moment of a migration is struck. */
  readonly aimRatio: number;
}

export class Storm {
  readonly faults: Faults;
  readonly #world: World;
  readonly #random: Random;
  readonly #force: Force;
  #isOn = true;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.faults = new Faults(world, random);
    this.#force = {
      stormMs: random.between(30_000, 90_000),
      orderEveryMs: random.between(1_500, 9_000),
      faultEveryMs: random.chance(0.15) ? Infinity : random.between(1_500, 20_000),
      aimRatio: random.pick([0, 0.2, 0.6]),
    };
    world.network.weather = random.pick([CALM_WEATHER, MILD, MILD, ROUGH]);
    for (const node of [...world.schedulers, ...world.agents.values()])
      // A monotonic clock is off by far less than a hundredth, unless its oscillator is broken.
      node.clockFault.rate = random.between(0.995, 1.005);
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  begin(): void {
    this.faults.startAll();
    this.#orderLater();
    this.#strikeLater();
    this.#world.timeline.after(this.#force.stormMs, () => {
      this.#isOn = false;
      this.#world.history.note('calm', '', '');
      this.#world.network.weather = CALM_WEATHER;
      this.faults.healAll();
    });
  }

  /** Strikes at the moments when a fault does the most harm. */
  watch(news: readonly Fact[]): void {
    if (!this.#isOn) return;
    for (const fact of news) {
      if (fact.kind === 'copy' && fact.by === 'libvirt') this.#aimAtCopy(fact);
      if (fact.kind === 'record') this.#aimAtRecord(fact);
    }
  }

  #aimAtCopy({ hostId, vmUuid, from, to, reason }: CopyFact): void {
    const isSwitch = to === 'paused' && reason === PausedReason.migration && from === 'running';
    const isArrival = to === 'running' || (to === 'paused' && reason === PausedReason.user);
    if (!(isSwitch || isArrival) || !this.#random.chance(this.#force.aimRatio)) return;
    const transfer = this.#world.libvirt.transfers.find(({ vm }) => vm.uuid === vmUuid);
    if (transfer === undefined) return;
    const [source, target] = [transfer.source.hostId, transfer.target.hostId];
    // The answer of Finish leaves at this moment: a fault that is to lose it must strike immediately.
    if (isArrival && hostId === target && this.#random.chance(0.5)) this.faults.cutForLong(target, source);
    if (isArrival && this.#random.chance(0.5)) this.#strikeBetween(source, target, vmUuid);
    if (isSwitch)
      this.#soon(200, () => {
        this.#strikeBetween(source, target, vmUuid);
      });
  }

  #strikeBetween(source: string, target: string, vmUuid: string): void {
    this.#random.pick(this.#strikes(source, target, vmUuid))();
    if (this.#random.chance(0.4)) this.#random.pick(this.#strikes(source, target, vmUuid))();
  }

  #strikes(source: string, target: string, vmUuid: string): readonly (() => void)[] {
    const { faults } = this;
    const { agents, schedulers } = this.#world;
    const crashAgent = (hostId: string) => (): void => {
      const agent = agents.get(hostId);
      if (agent !== undefined) faults.crash(agent);
    };
    const crashSchedulers = (): void => {
      for (const scheduler of schedulers) faults.crash(scheduler);
    };
    const rarely = (strike: () => void) => (): void => {
      if (this.#random.chance(0.2)) strike();
    };
    return [
      () => {
        faults.cut(source, target);
      },
      () => {
        faults.cut(target, source);
      },
      () => {
        faults.cutBoth(source, target);
      },
      () => {
        faults.killLibvirt(source);
      },
      () => {
        faults.killLibvirt(target);
      },
      () => {
        faults.hangLibvirt(source);
      },
      () => {
        faults.hangLibvirt(target);
      },
      () => {
        faults.isolate(source);
        if (this.#random.chance(0.5)) crashSchedulers();
      },
      () => {
        faults.isolate(target);
        if (this.#random.chance(0.5)) crashSchedulers();
      },
      crashAgent(source),
      crashAgent(target),
      crashSchedulers,
      rarely(() => {
        faults.killQemu(target, vmUuid, ShutoffReason.crashed);
      }),
      rarely(() => {
        faults.killQemu(source, vmUuid, ShutoffReason.crashed);
      }),
      rarely(() => {
        faults.powerOff(this.#random.chance(0.5) ? source : target);
      }),
    ];
  }

  #aimAtRecord({ migration }: RecordFact): void {
    if (!this.#random.chance(this.#force.aimRatio / 4)) return;
    const { leader, agents } = this.#world;
    const hostId = this.#random.chance(0.5) ? migration.sourceHostId : migration.targetHostId;
    const victim = this.#random.chance(0.6) ? leader : agents.get(hostId);
    if (victim !== undefined) this.faults.crashSoon(victim);
  }

  #orderLater(): void {
    this.#world.timeline.after(this.#random.between(0.3, 1.7) * this.#force.orderEveryMs, () => {
      if (!this.#isOn) return;
      this.#order();
      this.#orderLater();
    });
  }

  #order(): void {
    const { kvm, leader, history } = this.#world;
    const vm = this.#random.pick([...kvm.vms.values()]);
    const hosts = [...kvm.hosts.keys()];
    const isTrue = this.#random.chance(0.97);
    const sourceHostId = (isTrue ? kvm.runningOn(vm.uuid)[0] : undefined) ?? this.#random.pick(hosts);
    const targetHostId = this.#random.pick(hosts.filter((hostId) => hostId !== sourceHostId));
    const isPlanned = this.#random.chance(0.4);
    const evacuation = this.#random.chance(0.2);
    const abortAfterMs = this.#random.chance(0.2) ? this.#random.between(0, 9_000) : undefined;
    if (leader === undefined || (isPlanned && leader.isCooling(vm.uuid, this.#world.restraint))) return;
    const { uuid: vmUuid, name: vmName } = vm;
    const decisionId = isPlanned ? 'd' : '';
    history.note('order', leader.name, `${vmName} ${sourceHostId} > ${targetHostId}`);
    leader.order({ vmUuid, vmName, sourceHostId, targetHostId, decisionId, evacuation }).then(
      ({ migrationId }) => {
        if (abortAfterMs !== undefined) this.#abortLater(migrationId, abortAfterMs);
      },
      (error: unknown) => {
        history.note('order', leader.name, `refused: ${error instanceof Error ? error.message : ''}`);
      },
    );
  }

  #abortLater(migrationId: string, ms: number): void {
    this.#world.timeline.after(ms, () => {
      const { leader, history } = this.#world;
      if (leader === undefined) return;
      history.note('order', leader.name, `abort ${migrationId}`);
      leader.abort(migrationId).catch(() => undefined);
    });
  }

  #strikeLater(): void {
    if (this.#force.faultEveryMs === Infinity) return;
    this.#world.timeline.after(this.#random.between(0.2, 1.8) * this.#force.faultEveryMs, () => {
      if (!this.#isOn) return;
      this.#strike();
      this.#strikeLater();
    });
  }

  #strike(): void {
    const table = this.#anywhere();
    let drawn = this.#random.ratio() * table.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, strike] of table) {
      drawn -= weight;
      if (drawn >= 0) continue;
      strike();
      return;
    }
  }

  /** The faults that may strike at any time, with their weights. */
  #anywhere(): readonly (readonly [weight: number, strike: () => void])[] {
    const { faults } = this;
    const random = this.#random;
    const { kvm, places, agents, schedulers, network } = this.#world;
    const hostId = random.pick([...kvm.hosts.keys()]);
    const node = random.pick([...agents.values(), ...agents.values(), ...schedulers, ...schedulers]);
    const from = random.pick(places);
    const to = random.pick(places.filter((place) => place !== from));
    const vm = random.pick([...kvm.vms.values()]);
    const crashAll = (): void => {
      for (const other of [...agents.values(), ...schedulers]) faults.crash(other);
    };
    const shutDown = (): void => {
      faults.killQemu(kvm.runningOn(vm.uuid)[0] ?? hostId, vm.uuid, ShutoffReason.shutdown);
    };
    const change = (): void => {
      network.weather = random.pick([CALM_WEATHER, MILD, ROUGH]);
    };
    return [
      [12, faults.crash.bind(faults, node)],
      [4, faults.stop.bind(faults, node)],
      [12, faults.crashSoon.bind(faults, node)],
      [12, faults.cut.bind(faults, from, to)],
      [10, faults.cutBoth.bind(faults, from, to)],
      [6, faults.isolate.bind(faults, from)],
      [10, faults.hangLibvirt.bind(faults, hostId)],
      [10, faults.killLibvirt.bind(faults, hostId)],
      [5, faults.loseStore.bind(faults)],
      [4, faults.failDisk.bind(faults, random.pick([...agents.values()]))],
      [4, faults.jumpClock.bind(faults, node)],
      [2, faults.powerOff.bind(faults, hostId)],
      [2, faults.killQemu.bind(faults, hostId, vm.uuid, ShutoffReason.crashed)],
      [1.5, shutDown],
      [1, faults.failIo.bind(faults, kvm.runningOn(vm.uuid)[0] ?? hostId, vm.uuid)],
      [1, faults.abortJob.bind(faults)],
      [1.5, crashAll],
      [3, change],
    ];
  }

  #soon(withinMs: number, work: () => void): void {
    this.#world.timeline.after(this.#random.between(0, withinMs), () => {
      if (this.#isOn) work();
    });
  }
}
