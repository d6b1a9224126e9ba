// Simulates the connection between two libvirtds as each end sees it: messages, keepalive, and how each end learns of a close.
import type { SimHost } from './kvm.ts';
import type { Network } from '../world/network.ts';
import type { Timeline } from '../world/timeline.ts';

/** What the migration does when an end finds the connection closed, and for how long an end watches it. */
export interface PeerUser {
  readonly lostAtSource: () => void;
  readonly lostAtTarget: () => void;
  readonly isWatched: (host: SimHost) => boolean;
}

// libvirt's keepalive of a peer-to-peer connection: every five seconds; gives up after five unanswered ones after the first.
const KEEPALIVE_MS = 5_000;
const KEEPALIVE_MISSES_MAX = 5;
// TCP itself gives up after about a quarter of an hour (tcp_retries2).
const TCP_GIVE_UP_MS = 900_000;

export class PeerLink {
  readonly #source: SimHost;
  readonly #target: SimHost;
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #user: PeerUser;
  #isOpenAtSource = true;
  #isOpenAtTarget = false;
  #wasOpenAtTarget = false;
  /** The target's kernel has the connection. */
  #hasArrived = false;

  constructor(
    { source, target }: { source: SimHost; target: SimHost },
    { timeline, network }: { timeline: Timeline; network: Network },
    user: PeerUser,
  ) {
    this.#source = source;
    this.#target = target;
    this.#timeline = timeline;
    this.#network = network;
    this.#user = user;
    this.#watch(source, target);
  }

  get isOpenAtSource(): boolean {
    return this.#isOpenAtSource;
  }

  get isOpenAtTarget(): boolean {
    return this.#isOpenAtTarget;
  }

  /** The target's libvirtd accepts the connection. */
  accept(): void {
    this.#isOpenAtTarget = true;
    this.#wasOpenAtTarget = true;
    this.#watch(this.#target, this.#source);
  }

  /** Closes it at the source; returns false if it was closed already. */
  closeAtSource(): boolean {
    if (!this.#isOpenAtSource) return false;
    this.#isOpenAtSource = false;
    this.#tellClosed(this.#source, this.#target);
    return true;
  }

  /** Closes it at the target; returns false if it was closed already. */
  closeAtTarget(): boolean {
    if (!this.#isOpenAtTarget) return false;
    this.#isOpenAtTarget = false;
    this.#tellClosed(this.#target, this.#source);
    return true;
  }

  /** kill -9 of an end's libvirtd: the kernel closes its connections, accepted or not. */
  daemonKilled(host: SimHost): void {
    if (host === this.#source) this.closeAtSource();
    if (host !== this.#target) return;
    const wasTaken = this.closeAtTarget() || this.#wasOpenAtTarget;
    if (this.#hasArrived && !wasTaken) this.#tellClosed(this.#target, this.#source);
  }

  toTarget(arrive: () => void): void {
    this.#send(this.#source, this.#target, () => {
      this.#hasArrived = true;
      if (this.#target.libvirtd !== 'down') this.whenUp(this.#target, arrive);
      else if (this.#isOpenAtSource) this.whenUp(this.#source, this.#user.lostAtSource);
    });
  }

  toSource(arrive: () => void): void {
    this.#send(this.#target, this.#source, () => {
      this.whenUp(this.#source, arrive);
    });
  }

  /** Does the work now, or when the libvirtd wakes, or never if it is down. */
  whenUp(host: SimHost, work: () => void): void {
    if (host.libvirtd === 'up') work();
    else if (host.libvirtd === 'hung') host.backlog.push(work);
  }

  #send(from: SimHost, to: SimHost, arrive: () => void): void {
    this.#network.send(from.hostId, to.hostId, arrive, () => undefined, TCP_GIVE_UP_MS);
  }

  /** The kernel tells the other end of the close. */
  #tellClosed(from: SimHost, to: SimHost): void {
    this.#send(from, to, () => {
      this.whenUp(to, to === this.#source ? this.#user.lostAtSource : this.#user.lostAtTarget);
    });
  }

  /** Closes an end after six silent intervals, which a hung libvirtd does not count, or when the other end is closed. */
  #watch(self: SimHost, other: SimHost): void {
    let misses = 0;
    const beat = (): void => {
      if (!this.#user.isWatched(self)) return;
      const isConnected = this.#network.isConnected(self.hostId, other.hostId);
      if (self.libvirtd === 'up') misses = isConnected && other.libvirtd === 'up' ? 0 : misses + 1;
      const isClosedThere =
        self === this.#source ? this.#wasOpenAtTarget && !this.#isOpenAtTarget : !this.#isOpenAtSource;
      const isRefused = self.libvirtd === 'up' && isConnected && isClosedThere;
      if (misses > KEEPALIVE_MISSES_MAX || isRefused)
        (self === this.#source ? this.#user.lostAtSource : this.#user.lostAtTarget)();
      else this.#timeline.after(KEEPALIVE_MS, beat);
    };
    this.#timeline.after(KEEPALIVE_MS, beat);
  }
}
