// Simulates the target's libvirtd in one migration: it creates the copy at Prepare, starts it at Finish, or destroys it.
import { ErrorCode, RunningReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import type { LibvirtError } from '../../agent/libvirt/errors.ts';
import type { Copy, Kvm, SimHost, SimVm } from './kvm.ts';
import { failure } from './libvirt-failure.ts';
import type { PeerLink } from './peer-link.ts';
import type { Random } from '../world/random.ts';
import type { Timeline } from '../world/timeline.ts';

export interface TargetParts {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly kvm: Kvm;
}

export class TargetSide {
  readonly #vm: SimVm;
  readonly #source: SimHost;
  readonly #target: SimHost;
  readonly #parts: TargetParts;
  readonly #link: PeerLink;
  #copy: Copy | undefined;
  #isFinishing = false;

  constructor(
    { vm, source, target }: { vm: SimVm; source: SimHost; target: SimHost },
    parts: TargetParts,
    link: PeerLink,
  ) {
    this.#vm = vm;
    this.#source = source;
    this.#target = target;
    this.#parts = parts;
    this.#link = link;
  }

  /** The copy it created and did not destroy; its QEMU may have ended. */
  get copy(): Copy | undefined {
    return this.#copy;
  }

  /** It has begun Finish: from here on a lost connection no longer destroys the copy. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  /** True while the QEMU of its copy runs. */
  get hasCopy(): boolean {
    return this.#copy !== undefined && this.#target.copies.get(this.#vm.uuid) === this.#copy;
  }

  prepare(answer: (error: LibvirtError | undefined) => void): void {
    const { kvm, timeline, random } = this.#parts;
    if (this.#target.copies.has(this.#vm.uuid)) {
      answer(
        failure(ErrorCode.operationInvalid, `operation invalid: domain '${this.#vm.name}' is already active`),
      );
      return;
    }
    this.#copy = kvm.addIncoming(this.#target.hostId, this.#vm);
    timeline.after(random.between(80, 600), () => {
      this.#link.whenUp(this.#target, () => {
        answer(undefined);
      });
    });
  }

  finish(arrivesPaused: boolean, answer: (isThere: boolean) => void): void {
    const { kvm, timeline, random } = this.#parts;
    const copy = this.#copy;
    if (copy === undefined || !this.hasCopy) {
      answer(false);
      return;
    }
    this.#isFinishing = true;
    // Written before the vCPUs start: a failure from here on leaves a definition behind.
    if (this.#source.definitions.has(this.#vm.uuid)) kvm.define(this.#target.hostId, this.#vm);
    timeline.after(random.between(5, 120), () => {
      this.#link.whenUp(this.#target, () => {
        answer(this.#start(copy, arrivesPaused));
      });
    });
  }

  /** Returns false if the guest is not there in the end. */
  #start(copy: Copy, arrivesPaused: boolean): boolean {
    const { kvm } = this.#parts;
    if (this.#target.copies.get(this.#vm.uuid) !== copy) return false;
    copy.role = 'none';
    if (copy.state === 'running') {
      copy.reason = RunningReason.migrated;
      return true;
    }
    if (arrivesPaused) {
      kvm.arrivePaused(copy);
      return true;
    }
    const hasStarted = kvm.run(copy, RunningReason.migrated, 'libvirt');
    if (!hasStarted) kvm.kill(copy, ShutoffReason.failed, 'libvirt');
    return hasStarted;
  }

  /** Its libvirtd was restarted and acts on the phase that it had saved. */
  recover(): void {
    const copy = this.#copy;
    if (copy === undefined || !this.hasCopy) return;
    // Phases prepare and finish3: the copy is killed unless its vCPUs run or Finish left it paused.
    if (copy.role === 'incoming' && copy.state !== 'running')
      this.#parts.kvm.kill(copy, ShutoffReason.failed, 'libvirt');
  }

  /** Destroys a copy that only receives; returns false if there is none. */
  drop(): boolean {
    const copy = this.#copy;
    if (copy?.role !== 'incoming' || copy.state === 'running' || this.#isFinishing) return false;
    this.#copy = undefined;
    this.#parts.kvm.kill(copy, ShutoffReason.failed, 'libvirt');
    return true;
  }
}
