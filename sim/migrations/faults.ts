// Implements the faults that a storm draws from: each strikes immediately and schedules its own end.
import { PausedReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import type { AgentNode } from './agent-node.ts';
import type { Random } from '../world/random.ts';
import type { SchedulerNode } from './scheduler-node.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
// libvirt gives up a silent peer after 30 s.
const LONG_MS = 45_000;

export class Faults {
  readonly #world: World;
  readonly #random: Random;
  readonly #dark = new Set<string>();
  readonly #lasting = new Set<readonly [from: string, to: string]>();
  #isStorm = true;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  startAll(): void {
    for (const scheduler of this.#world.schedulers) this.#start(scheduler);
    for (const agent of this.#world.agents.values()) this.#start(agent);
  }

  /** Ends all faults: links joined, daemons up, disks and store working. */
  healAll(): void {
    this.#isStorm = false;
    const { network, kvm, libvirt, store } = this.#world;
    for (const hostId of [...this.#dark]) this.#powerOn(hostId);
    network.healAll();
    for (const [from, to] of this.#lasting) network.cut(from, to);
    store.isDown = false;
    for (const host of kvm.hosts.values()) {
      libvirt.wake(host);
      libvirt.restart(host);
    }
    for (const agent of this.#world.agents.values()) {
      agent.disk.isFailing = false;
      agent.serving?.life.spare();
    }
    for (const scheduler of this.#world.schedulers) scheduler.life?.spare();
    this.startAll();
  }

  crash(node: AgentNode | SchedulerNode): void {
    node.crash();
  }

  /** Stops the process as an upgrade does: asks it to stop, and kills it if it takes long. */
  stop(node: AgentNode | SchedulerNode): void {
    this.#note(node.name, 'asked to stop');
    node.stop();
    const life = 'serving' in node ? node.serving?.life : node.life;
    this.#world.timeline.after(this.#random.between(0, 3_000), () => life?.crash());
  }

  /** "virsh domjobabort", by an operator who bypasses evenkeel. */
  abortJob(): void {
    const [transfer] = this.#world.libvirt.transfers;
    if (transfer === undefined || transfer.source.libvirtd !== 'up') return;
    this.#note(transfer.source.hostId, `job of ${transfer.vm.uuid.slice(-4)} aborted by hand`);
    try {
      transfer.abort();
    } catch {
      // Too late or too early.
    }
  }

  /** Crashes the process at one of its next calls, so between any two effects. */
  crashSoon(node: AgentNode | SchedulerNode): void {
    const life = 'serving' in node ? node.serving?.life : node.life;
    life?.planCrash({ call: this.#random.whole(1, 12), isBefore: this.#random.chance(0.5) });
  }

  cut(from: string, to: string): void {
    this.#world.network.cut(from, to);
    this.#later(this.#spell(), () => {
      if (!this.#dark.has(from) && !this.#dark.has(to)) this.#world.network.heal(from, to);
    });
  }

  /** Cuts the link for longer than any keepalive, even past the end of the storm. */
  cutForLong(from: string, to: string): void {
    const link = [from, to] as const;
    this.#lasting.add(link);
    this.#world.network.cut(from, to);
    this.#world.timeline.after(LONG_MS, () => {
      this.#lasting.delete(link);
      if (!this.#dark.has(from) && !this.#dark.has(to)) this.#world.network.heal(from, to);
    });
  }

  cutBoth(a: string, b: string): void {
    const { network } = this.#world;
    network.cut(a, b);
    network.cut(b, a);
    this.#later(this.#spell(), () => {
      if (this.#dark.has(a) || this.#dark.has(b)) return;
      network.heal(a, b);
      network.heal(b, a);
    });
  }

  isolate(place: string): void {
    for (const other of this.#world.places) if (other !== place) this.cutBoth(place, other);
  }

  hangLibvirt(hostId: string): void {
    const host = this.#world.kvm.host(hostId);
    this.#note(hostId, 'libvirtd hangs');
    this.#world.libvirt.hang(host);
    this.#later(this.#spell(), () => {
      this.#world.history.note('heal', hostId, 'libvirtd resumes');
      this.#world.libvirt.wake(host);
    });
  }

  killLibvirt(hostId: string): void {
    const host = this.#world.kvm.host(hostId);
    this.#note(hostId, 'libvirtd killed');
    this.#world.libvirt.kill(host);
    this.#later(this.#random.between(300, 20_000), () => {
      if (this.#dark.has(hostId)) return;
      this.#world.history.note('heal', hostId, 'libvirtd restarts');
      this.#world.libvirt.restart(host);
    });
  }

  /** One QEMU of the host dies. */
  killQemu(hostId: string, vmUuid: string, reason: number): void {
    const { kvm, libvirt } = this.#world;
    const copy = kvm.copy(hostId, vmUuid);
    if (copy === undefined) return;
    this.#note(hostId, `QEMU of ${vmUuid.slice(-4)} ends (${reason})`);
    const isGuest = reason === ShutoffReason.shutdown;
    const wasWhole = copy.isWhole;
    kvm.kill(copy, reason, isGuest ? 'guest' : 'fault');
    if (wasWhole && kvm.runningOn(vmUuid).length === 0) kvm.vm(vmUuid).endedBy = isGuest ? 'guest' : 'fault';
    libvirt.qemuEnded(hostId, vmUuid);
  }

  /** A running guest can no longer write to its disk: QEMU pauses it, and an operator must repair the storage. */
  failIo(hostId: string, vmUuid: string): void {
    const { kvm, libvirt } = this.#world;
    const copy = kvm.copy(hostId, vmUuid);
    if (copy?.state !== 'running' || copy.role === 'incoming') return;
    this.#note(hostId, `I/O error of ${vmUuid.slice(-4)}`);
    kvm.vm(vmUuid).endedBy = 'fault';
    kvm.pause(copy, PausedReason.ioError, 'fault');
    // The migration's flags tell libvirt to abort on such an error.
    libvirt.transferFrom(hostId, vmUuid)?.failIo();
  }

  powerOff(hostId: string): void {
    const { network, places, kvm, libvirt, agents } = this.#world;
    if (this.#dark.has(hostId)) return;
    this.#note(hostId, 'power off');
    this.#dark.add(hostId);
    for (const other of places)
      if (other !== hostId) {
        network.cut(hostId, other);
        network.cut(other, hostId);
      }
    const agent = agents.get(hostId);
    agent?.crash();
    agent?.disk.losePower();
    libvirt.kill(kvm.host(hostId));
    for (const vmUuid of [...kvm.host(hostId).copies.keys()])
      this.killQemu(hostId, vmUuid, ShutoffReason.crashed);
    this.#later(this.#random.between(4_000, 50_000), () => {
      this.#powerOn(hostId);
    });
  }

  loseStore(): void {
    this.#note('nats', 'down');
    this.#world.store.isDown = true;
    this.#later(this.#random.between(500, 15_000), () => {
      this.#world.history.note('heal', 'nats', 'up');
      this.#world.store.isDown = false;
    });
  }

  failDisk(agent: AgentNode): void {
    this.#note(agent.name, 'disk full');
    agent.disk.isFailing = true;
    this.#later(this.#random.between(500, 20_000), () => {
      agent.disk.isFailing = false;
    });
  }

  jumpClock(node: AgentNode | SchedulerNode): void {
    this.#note(node.name, 'clock jumps');
    node.clockFault.offsetMs += this.#random.between(-HOUR_MS, HOUR_MS);
  }

  #powerOn(hostId: string): void {
    const { network, places, kvm, libvirt, agents, history } = this.#world;
    if (!this.#dark.delete(hostId)) return;
    history.note('heal', hostId, 'power on');
    for (const other of places)
      if (other !== hostId && !this.#dark.has(other)) {
        network.heal(hostId, other);
        network.heal(other, hostId);
      }
    libvirt.restart(kvm.host(hostId));
    const agent = agents.get(hostId);
    if (agent !== undefined) this.#start(agent);
  }

  #start(node: AgentNode | SchedulerNode): void {
    if (('serving' in node ? node.serving : node.life) !== undefined) return;
    this.#world.history.note('restart', node.name, '');
    node.start(() => {
      this.#world.history.note('crash', node.name, '');
      const isQuick = this.#random.chance(0.7);
      const downMs = this.#isStorm ? this.#random.between(100, isQuick ? 2_000 : 25_000) : 100;
      this.#world.timeline.after(downMs, () => {
        if (!this.#dark.has(node.place)) this.#start(node);
      });
    });
  }

  /** Short cuts are blips, long ones outlast every keepalive. */
  #spell(): number {
    return this.#random.chance(0.5) ? this.#random.between(200, 8_000) : this.#random.between(8_000, 70_000);
  }

  #note(where: string, detail: string): void {
    this.#world.history.note('fault', where, detail);
  }

  #later(ms: number, work: () => void): void {
    this.#world.timeline.after(ms, () => {
      if (this.#isStorm) work();
    });
  }
}
