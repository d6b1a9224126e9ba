// Simulates libvirtd on every host: it answers calls, delays them while it hangs, loses them when killed, recovers at restart.
import { ErrorCode, PausedReason, RunningReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import { LibvirtConnectionError } from '../../agent/libvirt/errors.ts';
import type { CopyOrder } from '../../agent/migration/hypervisor/hypervisor.ts';
import type { Act } from '../migrations/facts.ts';
import type { Copy, SimHost } from './kvm.ts';
import { failure, noDomain } from './libvirt-failure.ts';
import { Transfer, type TransferParts } from './transfer.ts';

/** A call that a libvirtd has accepted but not answered yet. */
interface Pending {
  readonly hostId: string;
  readonly lost: (error: Error) => void;
}

export class Libvirt {
  readonly #parts: TransferParts;
  readonly #record: (
    hostId: string,
    vmUuid: string,
    act: Act,
    order?: CopyOrder,
    targetHostId?: string,
  ) => void;
  readonly #transfers: Transfer[] = [];
  readonly #pending = new Set<Pending>();

  constructor(
    parts: TransferParts,
    record: (hostId: string, vmUuid: string, act: Act, order?: CopyOrder, targetHostId?: string) => void,
  ) {
    this.#parts = parts;
    this.#record = record;
  }

  /** Migrations that libvirt has not finished. */
  get transfers(): readonly Transfer[] {
    return this.#transfers.filter(({ isOver }) => !isOver);
  }

  transferFrom(hostId: string, vmUuid: string): Transfer | undefined {
    return this.#transfers.find(
      ({ source, vm, isOver }) => !isOver && source.hostId === hostId && vm.uuid === vmUuid,
    );
  }

  /** Makes one call from a client on the same host; calls `failed` when the daemon is down, or dies meanwhile. */
  call(hostId: string, work: () => void, failed: (error: Error) => void): void {
    const { kvm, timeline, random } = this.#parts;
    const host = kvm.host(hostId);
    if (host.libvirtd === 'down') {
      failed(new LibvirtConnectionError('connect to libvirt: connection refused', { sent: false }));
      return;
    }
    const pending = { hostId, lost: failed };
    this.#pending.add(pending);
    const carryOut = (): void => {
      if (!this.#pending.delete(pending)) return;
      try {
        work();
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    };
    timeline.after(random.between(0.3, 3), () => {
      if (host.libvirtd === 'up') carryOut();
      else if (host.libvirtd === 'hung') host.backlog.push(carryOut);
    });
  }

  /** Makes the long call of a migration: it is answered at the end, or breaks when the daemon dies. */
  migrate(
    hostId: string,
    vmUuid: string,
    order: CopyOrder,
    done: () => void,
    failed: (error: Error) => void,
  ): void {
    this.call(
      hostId,
      () => {
        const { kvm } = this.#parts;
        const source = kvm.host(hostId);
        const target = kvm.host(hostOfUri(order.targetLibvirtUri));
        const copy = this.#active(hostId, vmUuid);
        if (this.transferFrom(hostId, vmUuid) !== undefined || copy.role !== 'none')
          throw failure(ErrorCode.operationTimeout, 'another migration job is already running for domain');
        this.#record(hostId, vmUuid, 'start', order, target.hostId);
        const pending = { hostId, lost: failed };
        this.#pending.add(pending);
        const transfer = new Transfer({ vm: copy.vm, source, target }, order, this.#parts, (error) => {
          if (!this.#pending.delete(pending)) return;
          if (error === undefined) done();
          else failed(error);
        });
        this.#transfers.push(transfer);
        transfer.begin();
      },
      failed,
    );
  }

  /** Carries out an act immediately; throws what libvirt would answer. */
  act(hostId: string, vmUuid: string, act: Exclude<Act, 'start'>): void {
    const { kvm } = this.#parts;
    switch (act) {
      case 'resume':
        this.#resume(this.#active(hostId, vmUuid));
        return;
      case 'suspend': {
        const copy = this.#active(hostId, vmUuid);
        if (copy.state === 'running') this.#record(hostId, vmUuid, act);
        if (copy.state === 'running') kvm.pause(copy, PausedReason.user, 'agent');
        return;
      }
      case 'destroy': {
        const copy = this.#active(hostId, vmUuid);
        this.#record(hostId, vmUuid, act);
        kvm.kill(copy, ShutoffReason.destroyed, 'agent');
        this.qemuEnded(hostId, vmUuid);
        return;
      }
      case 'undefine':
        if (kvm.stateOf(hostId, vmUuid) === 'absent') throw noDomain(vmUuid);
        if (!kvm.host(hostId).definitions.has(vmUuid))
          throw failure(ErrorCode.operationInvalid, 'cannot undefine transient domain');
        this.#record(hostId, vmUuid, act);
        kvm.undefine(hostId, kvm.vm(vmUuid), 'agent');
        return;
      case 'abort': {
        const transfer = this.transferFrom(hostId, vmUuid);
        if (transfer === undefined)
          throw failure(ErrorCode.operationInvalid, 'no job is active on the domain');
        transfer.abort();
        this.#record(hostId, vmUuid, act);
        return;
      }
      case 'post-copy': {
        const transfer = this.transferFrom(hostId, vmUuid);
        if (transfer === undefined)
          throw failure(ErrorCode.operationInvalid, 'no job is active on the domain');
        transfer.switchToPostCopy();
        this.#record(hostId, vmUuid, act);
        return;
      }
    }
  }

  hang(host: SimHost): void {
    if (host.libvirtd === 'up') host.libvirtd = 'hung';
  }

  wake(host: SimHost): void {
    if (host.libvirtd !== 'hung') return;
    host.libvirtd = 'up';
    for (const work of host.backlog.splice(0)) work();
  }

  kill(host: SimHost): void {
    if (host.libvirtd === 'down') return;
    host.libvirtd = 'down';
    host.backlog.length = 0;
    for (const pending of [...this.#pending])
      if (pending.hostId === host.hostId && this.#pending.delete(pending))
        pending.lost(new LibvirtConnectionError('libvirt: end of file while reading data', { sent: true }));
    this.#parts.kvm.loseListeners(host.hostId);
    for (const transfer of this.transfers) transfer.daemonKilled(host);
  }

  restart(host: SimHost): void {
    if (host.libvirtd !== 'down') return;
    host.libvirtd = 'up';
    for (const transfer of this.#transfers)
      if (transfer.source === host || transfer.target === host) transfer.daemonRestarted(host);
  }

  /** Tells the migrations of the VM that its QEMU on the host has ended. */
  qemuEnded(hostId: string, vmUuid: string): void {
    for (const transfer of this.transfers)
      if (transfer.vm.uuid === vmUuid && [transfer.source.hostId, transfer.target.hostId].includes(hostId))
        transfer.qemuEnded(hostId);
  }

  #active(hostId: string, vmUuid: string): Copy {
    const { kvm } = this.#parts;
    const copy = kvm.copy(hostId, vmUuid);
    if (copy !== undefined) return copy;
    if (kvm.stateOf(hostId, vmUuid) === 'absent') throw noDomain(vmUuid);
    throw failure(ErrorCode.operationInvalid, 'Requested operation is not valid: domain is not running');
  }

  #resume(copy: Copy): void {
    const { kvm } = this.#parts;
    if (copy.role !== 'none')
      throw failure(ErrorCode.operationTimeout, 'cannot acquire state change lock (held by migration)');
    if (copy.state === 'running')
      throw failure(
        ErrorCode.operationInvalid,
        'Requested operation is not valid: domain is already running',
      );
    this.#record(copy.hostId, copy.vm.uuid, 'resume');
    if (!kvm.run(copy, RunningReason.unpaused, 'agent'))
      throw failure(
        ErrorCode.operationFailed,
        'unable to execute QEMU command cont: Failed to get "write" lock',
      );
  }
}

/** "qemu+tls://h2/system" is the libvirtd of h2. */
function hostOfUri(uri: string): string {
  return new URL(uri).hostname;
}
