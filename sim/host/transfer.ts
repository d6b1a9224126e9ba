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
import { MemoryCopy } from './memory-copy.ts';
import { PeerLink } from './peer-link.ts';
import type { Random } from '../world/random.ts';
import { TargetSide } from './target-side.ts';
import type { Timeline } from '../world/timeline.ts';

export interface TransferParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  readonly kvm: Kvm;
}

/** Phase of the migration as the source's libvirtd sees it. */
type Phase =
  'preparing' | 'copying' | 'aborting' | 'switching' | 'post-copy' | 'finishing' | 'confirming' | 'over';

export class Transfer {
  readonly vm: SimVm;
  readonly source: SimHost;
  readonly target: SimHost;
  readonly order: CopyOrder;
  readonly #parts: TransferParts;
  readonly #ended: (error: Error | undefined) => void;
  #phase: Phase = 'preparing';
  readonly #link: PeerLink;
  readonly #memory: MemoryCopy;
  readonly #targetSide: TargetSide;
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
    this.#link = new PeerLink({ source, target }, parts, {
      lostAtSource: this.#closeAtSource.bind(this),
      lostAtTarget: this.#closeAtTarget.bind(this),
      isWatched: (host) =>
        host === source
          ? this.#link.isOpenAtSource && this.#phase !== 'over'
          : this.#link.isOpenAtTarget && !this.#targetSide.isFinishing,
    });
    this.#memory = new MemoryCopy({ vm, source, target }, order, parts);
    this.#targetSide = new TargetSide({ vm, source, target }, parts, this.#link);
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** True while its source has a QEMU; without one nothing is sent, and libvirt only waits for the end. */
  get isSending(): boolean {
    return this.#phase !== 'over' && this.source.copies.has(this.vm.uuid);
  }

  get figures(): { total: number; remaining: number; processed: number; iteration: number } {
    return this.#memory.figures;
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
    const [copy, incoming] = [this.#outgoing(), this.#targetSide.copy];
    if (this.#phase !== 'copying' || !this.order.postCopy || copy === undefined || incoming === undefined)
      throw failure(ErrorCode.operationInvalid, 'post-copy can only be started while memory is copied');
    this.#phase = 'post-copy';
    this.#pausedAtMs = this.#parts.timeline.nowMs;
    kvm.pause(copy, PausedReason.postCopy, 'libvirt');
    copy.isWhole = false;
    kvm.releaseLock(this.vm, this.source.hostId);
    kvm.run(incoming, RunningReason.postCopy, 'libvirt');
    this.#memory.fetchRest(
      () => this.#phase === 'post-copy',
      () => {
        incoming.isWhole = true;
        this.#link.whenUp(this.source, () => {
          this.#finish('post-copy');
        });
      },
    );
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
    if (!this.#targetSide.isFinishing) this.#dropIncoming();
    this.#link.closeAtTarget();
  }

  /** kill -9 of a side's libvirtd: the kernel closes its sockets, QEMU processes stay. */
  daemonKilled(host: SimHost): void {
    this.#link.daemonKilled(host);
  }

  /** A restarted libvirtd acts on the phase that it had saved. */
  daemonRestarted(host: SimHost): void {
    if (host === this.target) this.#targetSide.recover();
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
    if (!this.#link.isOpenAtSource) return;
    this.#link.accept();
    this.#targetSide.prepare((error) => {
      this.#answerPrepare(error);
    });
  }

  #answerPrepare(error: LibvirtError | undefined): void {
    this.#link.toSource(() => {
      if (this.#phase !== 'preparing' || !this.#link.isOpenAtSource) return;
      if (error !== undefined) this.#fail(error);
      else {
        this.#phase = 'copying';
        this.#copyMemory();
      }
    });
  }

  #copyMemory(): void {
    this.#memory.copy(
      () => this.#phase === 'copying' && this.#targetSide.copy !== undefined,
      (lastMs) => {
        this.#link.whenUp(this.source, () => {
          this.#switch(lastMs);
        });
      },
    );
  }

  /** The guest stops on the source and the rest is sent; the source's QEMU releases the disks. */
  #switch(lastMs: number): void {
    const copy = this.#outgoing();
    if (this.#phase !== 'copying' || copy === undefined) return;
    const { kvm, timeline } = this.#parts;
    this.#phase = 'switching';
    this.#pausedAtMs = timeline.nowMs;
    if (copy.state === 'running') kvm.pause(copy, PausedReason.migration, 'libvirt');
    kvm.releaseLock(this.vm, this.source.hostId);
    this.#memory.sendLast(
      lastMs,
      () => this.#phase === 'switching' && this.#targetSide.copy !== undefined,
      () => {
        const incoming = this.#targetSide.copy;
        if (incoming === undefined || !this.#targetSide.hasCopy) return;
        incoming.isWhole = true;
        this.#link.whenUp(this.source, () => {
          this.#finish('switching');
        });
      },
    );
  }

  #finish(from: Phase): void {
    if (this.#phase !== from) return;
    this.#phase = 'finishing';
    this.#link.toTarget(() => {
      this.#targetSide.finish(this.order.arrivesPaused, (isThere) => {
        this.#answerFinish(isThere);
      });
    });
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

  #dropIncoming(): void {
    if (!this.#targetSide.drop()) return;
    this.#link.whenUp(this.source, () => {
      this.#failUnless('finishing', 'operation failed: migration out job: Unable to write to socket');
    });
  }

  #over(): void {
    this.#phase = 'over';
  }
}
