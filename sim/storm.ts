// What happens to a world: people and the planner order moves, and faults strike, at random and where they hurt most.
import { PausedReason, ShutoffReason } from '../agent/libvirt/constants.ts';
import type { CopyFact, Fact, RecordFact } from './facts.ts';
import { Faults } from './faults.ts';
import type { Weather } from './network.ts';
import { CALM_WEATHER } from './network.ts';
import type { Random } from './random.ts';
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

/** How a seed's storm blows. */
interface Force {
  readonly stormMs: number;
  readonly orderEveryMs: number;
  readonly faultEveryMs: number;
  /** How often a decisive moment of a migration is struck. */
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
      aimRatio: random.pick([0, 0.1, 0.3]),
    };
    world.network.weather = random.pick([CALM_WEATHER, MILD, MILD, ROUGH]);
    for (const node of [...world.schedulers, ...world.agents.values()])
      // A monotonic clock is off by far less than a hundredth; an oscillator that is off by more is broken.
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

  /** Strikes at the moments at which a fault does the most harm. */
  watch(news: readonly Fact[]): void {
    if (!this.#isOn) return;
    for (const fact of news) {
      if (fact.kind === 'copy' && fact.by === 'libvirt') this.#aimAtCopy(fact);
      if (fact.kind === 'record') this.#aimAtRecord(fact);
    }
  }

  #aimAtCopy({ hostId, vmUuid, to, reason }: CopyFact): void {
    const isSwitch = to === 'paused' && reason === PausedReason.migration;
    if (!(isSwitch || to === 'running') || !this.#random.chance(this.#force.aimRatio)) return;
    const transfer = this.#world.libvirt.transfers.find(({ vm }) => vm.uuid === vmUuid);
    const [source, target] = [transfer?.source.hostId ?? hostId, transfer?.target.hostId ?? hostId];
    this.#soon(isSwitch ? 200 : 4, () => {
      this.#strikeBetween(source, target, vmUuid);
    });
  }

  #strikeBetween(source: string, target: string, vmUuid: string): void {
    const { faults } = this;
    const agents = this.#world.agents;
    const strikes = [
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
        for (const agent of agents.values()) if (agent.hostId === target) faults.crash(agent);
      },
      () => {
        for (const agent of agents.values()) if (agent.hostId === source) faults.crash(agent);
      },
      () => {
        if (this.#world.leader !== undefined) faults.crash(this.#world.leader);
      },
      () => {
        if (this.#random.chance(0.2)) faults.killQemu(target, vmUuid, ShutoffReason.crashed);
      },
    ];
    this.#random.pick(strikes)();
    if (this.#random.chance(0.3)) this.#random.pick(strikes)();
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
    if (leader === undefined || (isPlanned && leader.isCooling(vm.uuid, this.#world.coolDowns))) return;
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
    const { faults } = this;
    const random = this.#random;
    const { kvm, places, agents, schedulers, network } = this.#world;
    const hostId = random.pick([...kvm.hosts.keys()]);
    const node = random.pick([...agents.values(), ...agents.values(), ...schedulers, ...schedulers]);
    const [from, to] = [random.pick(places), random.pick(places)];
    const vm = random.pick([...kvm.vms.values()]);
    const kind = random.ratio();
    if (kind < 0.16) faults.crash(node);
    else if (kind < 0.28) faults.crashSoon(node);
    else if (kind < 0.4) faults.cut(from, to === from ? 'nats' : to);
    else if (kind < 0.5) faults.cutBoth(from, to === from ? 'nats' : to);
    else if (kind < 0.56) faults.isolate(from);
    else if (kind < 0.66) faults.hangLibvirt(hostId);
    else if (kind < 0.76) faults.killLibvirt(hostId);
    else if (kind < 0.81) faults.loseStore();
    else if (kind < 0.85) faults.failDisk(random.pick([...agents.values()]));
    else if (kind < 0.89) faults.jumpClock(node);
    else if (kind < 0.91) faults.powerOff(hostId);
    else if (kind < 0.93) faults.killQemu(hostId, vm.uuid, ShutoffReason.crashed);
    else if (kind < 0.945)
      faults.killQemu(kvm.runningOn(vm.uuid)[0] ?? hostId, vm.uuid, ShutoffReason.shutdown);
    else if (kind < 0.97) for (const other of [...agents.values(), ...schedulers]) faults.crash(other);
    else network.weather = random.pick([CALM_WEATHER, MILD, ROUGH]);
  }

  #soon(withinMs: number, work: () => void): void {
    this.#world.timeline.after(this.#random.between(0, withinMs), () => {
      if (this.#isOn) work();
    });
  }
}
