// Simulates how QEMU copies a guest's memory: in passes, each of which sends what the guest wrote during the one before.
import type { CopyOrder } from '../../agent/migration/hypervisor/hypervisor.ts';
import type { Kvm, SimHost, SimVm } from './kvm.ts';
import type { Network } from '../world/network.ts';
import type { Timeline } from '../world/timeline.ts';

export interface MemoryParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly kvm: Kvm;
}

const TICK_MS = 500;
const THROTTLE_FIRST = 0.2;
const THROTTLE_STEP = 0.1;

/** QEMU sends as long as the network carries it, whatever happens to the two libvirtds, and until `mayGoOn` returns false. */
export class MemoryCopy {
  readonly #vm: SimVm;
  readonly #source: SimHost;
  readonly #target: SimHost;
  readonly #order: CopyOrder;
  readonly #parts: MemoryParts;
  #remainingBytes: number;
  #passBytes = 0;
  #processedBytes = 0;
  #iteration = 0;

  constructor(
    { vm, source, target }: { vm: SimVm; source: SimHost; target: SimHost },
    order: CopyOrder,
    parts: MemoryParts,
  ) {
    this.#vm = vm;
    this.#source = source;
    this.#target = target;
    this.#order = order;
    this.#parts = parts;
    this.#remainingBytes = vm.memoryBytes;
  }

  get figures(): { total: number; remaining: number; processed: number; iteration: number } {
    return {
      total: this.#vm.memoryBytes,
      remaining: this.#remainingBytes,
      processed: this.#processedBytes,
      iteration: this.#iteration,
    };
  }

  /** Copies in passes until the rest fits into the allowed downtime; then reports how long that rest takes. */
  copy(mayGoOn: () => boolean, fits: (lastMs: number) => void): void {
    this.#iteration = 1;
    this.#passBytes = this.#remainingBytes;
    this.#tellIteration();
    this.#tick(mayGoOn, fits);
  }

  /** Sends what is left after the guest was stopped. */
  sendLast(lastMs: number, mayGoOn: () => boolean, sent: () => void): void {
    const send = (): void => {
      if (!mayGoOn()) return;
      if (this.#isConnected()) sent();
      else this.#parts.timeline.after(TICK_MS, send);
    };
    this.#parts.timeline.after(lastMs + 5, send);
  }

  /** Post-copy: fetches what is left while the guest runs on the target. */
  fetchRest(mayGoOn: () => boolean, fetched: () => void): void {
    this.#parts.timeline.after(TICK_MS, () => {
      if (!mayGoOn()) return;
      if (this.#isConnected()) this.#remainingBytes -= (this.#order.bandwidthBytesPerSecond * TICK_MS) / 1000;
      if (this.#remainingBytes > 0) {
        this.fetchRest(mayGoOn, fetched);
        return;
      }
      this.#remainingBytes = 0;
      fetched();
    });
  }

  #tick(mayGoOn: () => boolean, fits: (lastMs: number) => void): void {
    const rate = this.#order.bandwidthBytesPerSecond;
    const ms = Math.max(1, Math.min(TICK_MS, (this.#remainingBytes / rate) * 1000));
    this.#parts.timeline.after(ms, () => {
      if (!mayGoOn()) return;
      if (this.#isConnected()) {
        const sent = Math.min(this.#remainingBytes, (rate * ms) / 1000);
        this.#remainingBytes -= sent;
        this.#processedBytes += sent;
        if (this.#remainingBytes < 1) {
          const lastMs = this.#endPass(rate);
          if (lastMs !== undefined) {
            fits(lastMs);
            return;
          }
        }
      }
      this.#tick(mayGoOn, fits);
    });
  }

  /** Returns how long the rest takes if it fits into the downtime; otherwise begins the next pass. */
  #endPass(rate: number): number | undefined {
    const throttle = this.#order.autoConverge
      ? Math.min(0.99, Math.max(0, THROTTLE_FIRST + THROTTLE_STEP * (this.#iteration - 2)))
      : 0;
    const dirty = this.#vm.dirtyBytesPerSecond * (1 - throttle);
    const left = Math.min(this.#vm.memoryBytes, dirty * (this.#passBytes / rate));
    const lastMs = (left / rate) * 1000;
    const downtimeMaxMs = this.#source.copies.get(this.#vm.uuid)?.downtimeMaxMs ?? 0;
    if (lastMs <= downtimeMaxMs) return lastMs;
    this.#iteration += 1;
    this.#passBytes = left;
    this.#remainingBytes = left;
    this.#tellIteration();
    return undefined;
  }

  #tellIteration(): void {
    this.#parts.kvm.tell(this.#source.hostId, this.#vm.uuid, {
      kind: 'iteration',
      iteration: this.#iteration,
    });
  }

  #isConnected(): boolean {
    return this.#parts.network.isConnected(this.#source.hostId, this.#target.hostId);
  }
}
