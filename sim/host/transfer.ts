// Simulates one peer-to-peer migration by libvirt's protocol version 3, faults included: Begin, Prepare, Perform, Finish, Confirm.
//
// What remains when a part dies in between was measured on libvirt 9.0 with QEMU 7.2; test/sim/host/libvirt.test.ts
// has the cases. The most important one: a source that never gets the answer to Finish resumes its copy although the
// target's may run; then only a disk lock, or a copy that arrived paused, keeps the guest from running twice.
import { ErrorCode, PausedReason, RunningReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import type { LibvirtError } from '../../agent/libvirt/errors.ts';
import type { CopyOrder } from '../../agent/migration/hypervisor/hypervisor.ts';
import type { Copy, Kvm, SimHost, SimVm } from './kvm.ts';
import type { Network } from '../world/network.ts';
import { failure } from './libvirt-failure.ts';
import { PeerLink } from './peer-link.ts';
import type { Random } from '../world/random.ts';
import type { Scheduled, Timeline } from '../world/timeline.ts';

export interface TransferParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  readonly kvm: Kvm;
}

/** Phase of the migration as the source's libvirtd sees it. */
type Phase =
  'preparing' | 'copying' | 'aborting' | 'switching' | 'post-copy' | 'finishing' | 'confirming' | 'over';

const TICK_MS = 500;
const THROTTLE_FIRST = 0.2;
const THROTTLE_STEP = 0.1;

export class Transfer {
  readonly vm: SimVm;
  readonly source: SimHost;
  readonly target: SimHost;
  readonly order: CopyOrder;
  readonly #parts: TransferParts;
  readonly #ended: (error: Error | undefined) => void;
  readonly #timers: Scheduled[] = [];
  #phase: Phase = 'preparing';
  readonly #link: PeerLink;
  /** The target's libvirtd has begun Finish: from here on a lost connection no longer destroys the copy. */
  #isFinishing = false;
  #incoming: Copy | undefined;
  #remainingBytes: number;
  #passBytes = 0;
  #processedBytes = 0;
  #iteration = 0;
  #pausedAtMs = 0;

  constructor(
    { vm, source, target }: { vm: SimVm; source: SimHost; target: SimHost },
    order: CopyOrder,
    parts: TransferParts,
    ended: (error: Error | undefined) => void,
  ) {
    this.vm = vm;
    this.source = source;
    this.target = target;
    this.order = order;
    this.#parts = parts;
    this.#ended = ended;
    this.#remainingBytes = vm.memoryBytes;
    this.#link = new PeerLink({ source, target }, parts, {
      lostAtSource: this.#closeAtSource.bind(this),
      lostAtTarget: this.#closeAtTarget.bind(this),
      isWatched: (host) =>
        host === source
          ? this.#link.isOpenAtSource && this.#phase !== 'over'
          : this.#link.isOpenAtTarget && !this.#isFinishing,
    });
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** True while its source has a QEMU; without one nothing is sent, and libvirt only waits for the end. */
  get isSending(): boolean {
    return this.#phase !== 'over' && this.source.copies.has(this.vm.uuid);
  }

  get figures(): { total: number; remaining: number; processed: number; iteration: number } {
    return {
      total: this.vm.memoryBytes,
      remaining: this.#remainingBytes,
      processed: this.#processedBytes,
      iteration: this.#iteration,
    };
  }

  begin(): void {
    const copy = this.#outgoing();
    if (copy !== undefined) copy.role = 'outgoing';
    this.#link.toTarget(() => {
      this.#prepare();
    });
  }

  /** Cancels it while memory is copied. Throws as libvirt does when it is too late or too early for that. */
  abort(): void {
    if (this.#phase !== 'copying')
      throw failure(
        ErrorCode.operationInvalid,
        'Requested operation is not valid: no job is active on the domain',
      );
    this.#phase = 'aborting';
    this.#link.toTarget(() => {
      this.#dropIncoming();
      this.#link.toSource(() => {
        this.#fail(
          failure(ErrorCode.operationAborted, 'operation aborted: migration out: canceled by client'),
        );
      });
    });
  }

  /** The guest continues on the target immediately; the rest of its memory follows. Throws as libvirt does. */
  switchToPostCopy(): void {
    const { kvm } = this.#parts;
    const [copy, incoming] = [this.#outgoing(), this.#incoming];
    if (this.#phase !== 'copying' || !this.order.postCopy || copy === undefined || incoming === undefined)
      throw failure(ErrorCode.operationInvalid, 'post-copy can only be started while memory is copied');
    this.#phase = 'post-copy';
    this.#pausedAtMs = this.#parts.timeline.nowMs;
    kvm.pause(copy, PausedReason.postCopy, 'libvirt');
    copy.isWhole = false;
    kvm.releaseLock(this.vm, this.source.hostId);
    kvm.run(incoming, RunningReason.postCopy, 'libvirt');
    this.#fetchRest(incoming);
  }

  #fetchRest(incoming: Copy): void {
    const { timeline, network } = this.#parts;
    timeline.after(TICK_MS, () => {
      if (this.#phase !== 'post-copy') return;
      if (network.isConnected(this.source.hostId, this.target.hostId))
        this.#remainingBytes -= (this.order.bandwidthBytesPerSecond * TICK_MS) / 1000;
      if (this.#remainingBytes > 0) {
        this.#fetchRest(incoming);
        return;
      }
      this.#remainingBytes = 0;
      incoming.isWhole = true;
      this.#link.whenUp(this.source, () => {
        this.#finish('post-copy');
      });
    });
  }

  /** Each side keeps its part of the guest; only an operator, or a resumed post-copy, can bring them together. */
  #breakPostCopy(): void {
    const [copy, incoming] = [this.#outgoing(), this.target.copies.get(this.vm.uuid)];
    this.#over();
    this.vm.endedBy = 'fault';
    if (copy !== undefined) [copy.role, copy.reason] = ['none', PausedReason.postCopyFailed];
    if (incoming !== undefined) [incoming.role, incoming.reason] = ['none', RunningReason.postCopyFailed];
    this.#ended(failure(ErrorCode.operationFailed, 'operation failed: migration job: post-copy broke off'));
  }

  /** The source lost the connection: closed, reset, or silent for longer than the keepalive. */
  #closeAtSource(): void {
    if (!this.#link.closeAtSource()) return;
    if (this.#phase === 'over' || this.#phase === 'confirming') return;
    if (this.#isSpread()) {
      this.#breakPostCopy();
      return;
    }
    const error =
      this.#phase === 'aborting'
        ? failure(ErrorCode.operationAborted, 'operation aborted: migration out: canceled by client')
        : failure(ErrorCode.operationFailed, 'operation failed: Lost connection to destination host');
    this.#fail(error);
  }

  /** The target lost the connection: a copy without Finish is destroyed with it. */
  #closeAtTarget(): void {
    if (!this.#link.isOpenAtTarget) return;
    if (!this.#isFinishing) this.#dropIncoming();
    this.#link.closeAtTarget();
  }

  /** kill -9 of a side's libvirtd: the kernel closes its sockets, QEMU processes stay. */
  daemonKilled(host: SimHost): void {
    this.#link.daemonKilled(host);
  }

  /** A restarted libvirtd acts on the phase that it had saved. */
  daemonRestarted(host: SimHost): void {
    if (host === this.target) this.#recoverTarget();
    if (host !== this.source || this.#phase === 'over') return;
    const copy = this.#outgoing();
    const phase = this.#phase;
    if (this.#isSpread()) {
      this.#breakPostCopy();
      return;
    }
    this.#over();
    if (copy === undefined) return;
    copy.role = 'none';
    if (phase === 'confirming') this.#parts.kvm.kill(copy, ShutoffReason.migrated, 'libvirt');
    // perform3_done: "third party needs to check what to do next", so nothing is done.
    else if (phase !== 'finishing') this.#resumeSource(copy);
  }

  /** The guest's storage failed on the source: an unfinished copy ends. */
  failIo(): void {
    if (this.#phase !== 'preparing' && this.#phase !== 'copying') return;
    this.#link.whenUp(this.source, () => {
      this.#failUnless('finishing', 'operation failed: migration out job: failed due to I/O error');
    });
  }

  /** A QEMU of the VM ended, by a fault or by the guest. */
  qemuEnded(hostId: string): void {
    if (this.#phase === 'over') return;
    if (this.#isSpread()) {
      this.#breakPostCopy();
      return;
    }
    if (hostId === this.target.hostId) {
      if (this.#phase === 'finishing') return;
      this.#link.whenUp(this.source, () => {
        this.#failUnless('finishing', 'operation failed: migration out job: Unable to write to socket');
      });
      return;
    }
    if (this.#phase === 'finishing' || this.#phase === 'confirming') return;
    this.#link.whenUp(this.source, () => {
      this.#failUnless('finishing', 'operation failed: domain is not running');
      this.#link.toTarget(() => {
        this.#dropIncoming();
      });
    });
  }

  #failUnless(phase: Phase, message: string): void {
    if (this.#phase !== phase && this.#phase !== 'over')
      this.#fail(failure(ErrorCode.operationFailed, message));
  }

  /** True once the guest was switched over before all memory had arrived. */
  #isSpread(): boolean {
    const reason = this.#outgoing()?.reason;
    return this.#phase === 'post-copy' || (this.#phase === 'finishing' && reason === PausedReason.postCopy);
  }

  #outgoing(): Copy | undefined {
    return this.source.copies.get(this.vm.uuid);
  }

  #prepare(): void {
    const { kvm, timeline, random } = this.#parts;
    if (!this.#link.isOpenAtSource) return;
    this.#link.accept();
    if (this.target.copies.has(this.vm.uuid)) {
      this.#answerPrepare(
        failure(ErrorCode.operationInvalid, `operation invalid: domain '${this.vm.name}' is already active`),
      );
      return;
    }
    this.#incoming = kvm.addIncoming(this.target.hostId, this.vm);
    timeline.after(random.between(80, 600), () => {
      this.#link.whenUp(this.target, () => {
        this.#answerPrepare(undefined);
      });
    });
  }

  #answerPrepare(error: LibvirtError | undefined): void {
    this.#link.toSource(() => {
      if (this.#phase !== 'preparing' || !this.#link.isOpenAtSource) return;
      if (error !== undefined) this.#fail(error);
      else {
        this.#phase = 'copying';
        this.#iteration = 1;
        this.#passBytes = this.#remainingBytes;
        this.#parts.kvm.tell(this.source.hostId, this.vm.uuid, { kind: 'iteration', iteration: 1 });
        this.#tick();
      }
    });
  }

  /** QEMU sends memory as long as the network carries it, whatever happens to the two libvirtds. */
  #tick(): void {
    const { timeline, network } = this.#parts;
    const rate = this.order.bandwidthBytesPerSecond;
    const ms = Math.max(1, Math.min(TICK_MS, (this.#remainingBytes / rate) * 1000));
    timeline.after(ms, () => {
      if (this.#phase !== 'copying' || this.#incoming === undefined) return;
      if (network.isConnected(this.source.hostId, this.target.hostId)) {
        const sent = Math.min(this.#remainingBytes, (rate * ms) / 1000);
        this.#remainingBytes -= sent;
        this.#processedBytes += sent;
        if (this.#remainingBytes < 1 && this.#endPass(rate)) return;
      }
      this.#tick();
    });
  }

  /** True when the rest fits into the downtime, and the guest is stopped to send it. */
  #endPass(rate: number): boolean {
    const throttle = this.order.autoConverge
      ? Math.min(0.99, Math.max(0, THROTTLE_FIRST + THROTTLE_STEP * (this.#iteration - 2)))
      : 0;
    const dirty = this.vm.dirtyBytesPerSecond * (1 - throttle);
    const left = Math.min(this.vm.memoryBytes, dirty * (this.#passBytes / rate));
    const downtimeMaxMs = this.#outgoing()?.downtimeMaxMs ?? 0;
    if ((left / rate) * 1000 <= downtimeMaxMs) {
      this.#link.whenUp(this.source, () => {
        this.#switch((left / rate) * 1000);
      });
      return true;
    }
    this.#iteration += 1;
    this.#passBytes = left;
    this.#remainingBytes = left;
    this.#parts.kvm.tell(this.source.hostId, this.vm.uuid, { kind: 'iteration', iteration: this.#iteration });
    return false;
  }

  /** The guest stops on the source and the rest is sent; the source's QEMU releases the disks. */
  #switch(lastMs: number): void {
    const copy = this.#outgoing();
    if (this.#phase !== 'copying' || copy === undefined) return;
    const { kvm, timeline, network } = this.#parts;
    this.#phase = 'switching';
    this.#pausedAtMs = timeline.nowMs;
    if (copy.state === 'running') kvm.pause(copy, PausedReason.migration, 'libvirt');
    kvm.releaseLock(this.vm, this.source.hostId);
    const send = (): void => {
      if (this.#phase !== 'switching' || this.#incoming === undefined) return;
      if (!network.isConnected(this.source.hostId, this.target.hostId)) {
        timeline.after(TICK_MS, send);
        return;
      }
      if (this.target.copies.get(this.vm.uuid) !== this.#incoming) return;
      this.#incoming.isWhole = true;
      this.#link.whenUp(this.source, () => {
        this.#finish('switching');
      });
    };
    timeline.after(lastMs + 5, send);
  }

  #finish(from: Phase): void {
    if (this.#phase !== from) return;
    this.#phase = 'finishing';
    this.#link.toTarget(() => {
      const copy = this.#incoming;
      if (copy === undefined || this.target.copies.get(this.vm.uuid) !== copy) {
        this.#answerFinish(false);
        return;
      }
      this.#isFinishing = true;
      // Written before the vCPUs start: a failure from here on leaves a definition behind.
      if (this.source.definitions.has(this.vm.uuid)) this.#parts.kvm.define(this.target.hostId, this.vm);
      this.#parts.timeline.after(this.#parts.random.between(5, 120), () => {
        this.#link.whenUp(this.target, () => {
          this.#startOnTarget(copy);
        });
      });
    });
  }

  #startOnTarget(copy: Copy): void {
    const { kvm } = this.#parts;
    if (this.target.copies.get(this.vm.uuid) !== copy) {
      this.#answerFinish(false);
      return;
    }
    copy.role = 'none';
    if (copy.state === 'running') {
      copy.reason = RunningReason.migrated;
      this.#answerFinish(true);
      return;
    }
    if (this.order.arrivesPaused) {
      kvm.arrivePaused(copy);
      this.#answerFinish(true);
      return;
    }
    const hasStarted = kvm.run(copy, RunningReason.migrated, 'libvirt');
    if (!hasStarted) kvm.kill(copy, ShutoffReason.failed, 'libvirt');
    this.#answerFinish(hasStarted);
  }

  #answerFinish(isThere: boolean): void {
    this.#link.toSource(() => {
      if (this.#phase !== 'finishing' || !this.#link.isOpenAtSource) return;
      if (isThere) this.#confirm();
      else
        this.#fail(
          failure(ErrorCode.operationFailed, 'operation failed: domain is not running on the target'),
        );
    });
  }

  #confirm(): void {
    const { kvm, timeline } = this.#parts;
    this.#phase = 'confirming';
    const copy = this.#outgoing();
    kvm.tell(this.source.hostId, this.vm.uuid, {
      kind: 'completed',
      downtimeMs: timeline.nowMs - this.#pausedAtMs,
    });
    if (copy !== undefined) kvm.kill(copy, ShutoffReason.migrated, 'libvirt');
    timeline.after(this.#parts.random.between(1, 30), () => {
      this.#link.whenUp(this.source, () => {
        if (this.#phase !== 'confirming') return;
        kvm.undefine(this.source.hostId, this.vm, 'libvirt');
        this.#over();
        this.#ended(undefined);
      });
    });
  }

  /** Ends the migration at the source and resumes the guest there, if the disk's lock allows it. */
  #fail(error: LibvirtError): void {
    if (this.#phase === 'over') return;
    this.#over();
    const copy = this.#outgoing();
    if (copy !== undefined) {
      copy.role = 'none';
      this.#resumeSource(copy);
    }
    if (this.#link.isOpenAtSource)
      this.#link.toTarget(() => {
        this.#closeAtTarget();
      });
    this.#ended(error);
  }

  #resumeSource(copy: Copy): void {
    if (copy.state === 'paused' && copy.reason === PausedReason.migration)
      this.#parts.kvm.run(copy, RunningReason.migrationCancelled, 'libvirt');
  }

  #recoverTarget(): void {
    const copy = this.#incoming;
    if (copy === undefined || this.target.copies.get(this.vm.uuid) !== copy) return;
    // Phases prepare and finish3: the copy is killed unless its vCPUs run or Finish left it paused.
    if (copy.role === 'incoming' && copy.state !== 'running')
      this.#parts.kvm.kill(copy, ShutoffReason.failed, 'libvirt');
  }

  #dropIncoming(): void {
    const copy = this.#incoming;
    if (copy?.role !== 'incoming' || copy.state === 'running' || this.#isFinishing) return;
    this.#incoming = undefined;
    this.#parts.kvm.kill(copy, ShutoffReason.failed, 'libvirt');
    this.#link.whenUp(this.source, () => {
      this.#failUnless('finishing', 'operation failed: migration out job: Unable to write to socket');
    });
  }

  #over(): void {
    this.#phase = 'over';
    for (const timer of this.#timers) timer.cancel();
  }
}
