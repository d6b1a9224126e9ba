// Holds the true state of hosts, libvirtd, guests and disk locks, which evenkeel's daemons see only through calls.
import { PausedReason, RunningReason, ShutoffReason } from '../../agent/libvirt/constants.ts';
import type { Cause, CopyState, History } from '../migrations/facts.ts';

export interface SimVm {
  readonly uuid: string;
  readonly name: string;
  readonly memoryBytes: number;
  readonly dirtyBytesPerSecond: number;
  /** The lock on its disk works on every host, so a second copy cannot start to run. */
  readonly isLockable: boolean;
  readonly mayPostCopy: boolean;
  /** The host whose copy holds the lock. */
  lockedBy: string | undefined;
  /** Set once the guest shut itself down or a fault killed it: then it may run nowhere. */
  endedBy: 'guest' | 'fault' | undefined;
}

/** A QEMU process that holds a guest, or part of one. */
export interface Copy {
  readonly vm: SimVm;
  readonly hostId: string;
  readonly libvirtId: number;
  state: 'running' | 'paused';
  reason: number;
  role: 'none' | 'outgoing' | 'incoming';
  /** All of the guest's memory is here. */
  isWhole: boolean;
  downtimeMaxMs: number;
}

export interface SimHost {
  readonly hostId: string;
  readonly memoryBytes: number;
  libvirtd: 'up' | 'hung' | 'down';
  readonly copies: Map<string, Copy>;
  /** Persistent definitions, with the reason libvirt shows while no QEMU runs. */
  readonly definitions: Map<string, { reason: number }>;
  /** Work that waits in a hung libvirtd's sockets. */
  readonly backlog: (() => void)[];
  lastLibvirtId: number;
}

export const DOWNTIME_DEFAULT_MS = 300;

/** An event that libvirt sends to listeners. */
export type KvmEvent =
  | {
      readonly kind: 'lifecycle';
      readonly change: 'suspended' | 'resumed' | 'stopped';
      readonly detail: string;
    }
  | { readonly kind: 'iteration'; readonly iteration: number }
  | { readonly kind: 'completed'; readonly downtimeMs: number };

export interface Listener {
  readonly vmUuid: string;
  readonly hear: (event: KvmEvent) => void;
  readonly lost: () => void;
}

export class Kvm {
  readonly hosts = new Map<string, SimHost>();
  readonly vms = new Map<string, SimVm>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  addHost(hostId: string, memoryBytes: number): SimHost {
    const host: SimHost = {
      hostId,
      memoryBytes,
      libvirtd: 'up',
      copies: new Map(),
      definitions: new Map(),
      backlog: [],
      lastLibvirtId: 0,
    };
    this.hosts.set(hostId, host);
    this.#listeners.set(hostId, new Set());
    return host;
  }

  /** Adds a VM that has run on the host since before the world began. */
  addVm(vm: SimVm, hostId: string): void {
    this.vms.set(vm.uuid, vm);
    const host = this.host(hostId);
    host.definitions.set(vm.uuid, { reason: 0 });
    this.addCopy(host, vm, { state: 'running', reason: RunningReason.booted, role: 'none', isWhole: true });
    if (vm.isLockable) vm.lockedBy = hostId;
    this.#changed(vm, hostId, 'absent', 'world');
  }

  host(hostId: string): SimHost {
    const host = this.hosts.get(hostId);
    if (host === undefined) throw new Error(`no host ${hostId}`);
    return host;
  }

  vm(vmUuid: string): SimVm {
    const vm = this.vms.get(vmUuid);
    if (vm === undefined) throw new Error(`no VM ${vmUuid}`);
    return vm;
  }

  copy(hostId: string, vmUuid: string): Copy | undefined {
    return this.host(hostId).copies.get(vmUuid);
  }

  stateOf(hostId: string, vmUuid: string): CopyState {
    const host = this.host(hostId);
    const copy = host.copies.get(vmUuid);
    if (copy !== undefined) return copy.state;
    return host.definitions.has(vmUuid) ? 'defined' : 'absent';
  }

  runningOn(vmUuid: string): string[] {
    return [...this.hosts.keys()].filter((hostId) => this.copy(hostId, vmUuid)?.state === 'running');
  }

  /** Other hosts that hold the whole guest in a QEMU. */
  wholeElsewhere(hostId: string, vmUuid: string): string[] {
    return [...this.hosts.keys()].filter(
      (other) => other !== hostId && this.copy(other, vmUuid)?.isWhole === true,
    );
  }

  addCopy(host: SimHost, vm: SimVm, given: Pick<Copy, 'state' | 'reason' | 'role' | 'isWhole'>): Copy {
    host.lastLibvirtId += 1;
    const copy: Copy = {
      vm,
      hostId: host.hostId,
      libvirtId: host.lastLibvirtId,
      downtimeMaxMs: DOWNTIME_DEFAULT_MS,
      ...given,
    };
    host.copies.set(vm.uuid, copy);
    return copy;
  }

  /** Adds a copy that is about to receive a guest. */
  addIncoming(hostId: string, vm: SimVm): Copy {
    const before = this.stateOf(hostId, vm.uuid);
    const copy = this.addCopy(this.host(hostId), vm, {
      state: 'paused',
      reason: PausedReason.migration,
      role: 'incoming',
      isWhole: false,
    });
    this.#changed(vm, hostId, before, 'libvirt');
    return copy;
  }

  /** Lets the vCPUs run. Returns false when another copy holds the disk's lock. */
  run(copy: Copy, reason: number, by: Cause): boolean {
    const { vm, hostId } = copy;
    if (vm.isLockable && vm.lockedBy !== undefined && vm.lockedBy !== hostId) return false;
    if (vm.isLockable) vm.lockedBy = hostId;
    const before = copy.state;
    copy.state = 'running';
    copy.reason = reason;
    this.#changed(vm, hostId, before, by);
    this.tell(hostId, vm.uuid, { kind: 'lifecycle', change: 'resumed', detail: 'unpaused' });
    return true;
  }

  pause(copy: Copy, reason: number, by: Cause): void {
    const before = copy.state;
    copy.state = 'paused';
    copy.reason = reason;
    this.#changed(copy.vm, copy.hostId, before, by);
    this.tell(copy.hostId, copy.vm.uuid, {
      kind: 'lifecycle',
      change: 'suspended',
      detail: PAUSE_DETAILS[reason] ?? 'paused',
    });
  }

  /** The copy is complete and, as ordered, waits to be resumed. */
  arrivePaused(copy: Copy): void {
    copy.reason = PausedReason.user;
    this.#changed(copy.vm, copy.hostId, 'paused', 'libvirt');
  }

  /** Ends the QEMU; a definition, if there is one, shows `reason` from now on. */
  kill(copy: Copy, reason: number, by: Cause): void {
    const { vm, hostId } = copy;
    const host = this.host(hostId);
    if (host.copies.get(vm.uuid) !== copy) return;
    const before = copy.state;
    host.copies.delete(vm.uuid);
    const definition = host.definitions.get(vm.uuid);
    if (definition !== undefined) definition.reason = reason;
    this.releaseLock(vm, hostId);
    this.#changed(vm, hostId, before, by, reason);
    this.tell(hostId, vm.uuid, { kind: 'lifecycle', change: 'stopped', detail: stopDetail(reason) });
  }

  /** Defines the VM before the copy's vCPUs start, as libvirt does; the definition stays behind if they never start. */
  define(hostId: string, vm: SimVm): void {
    const host = this.host(hostId);
    if (!host.definitions.has(vm.uuid)) host.definitions.set(vm.uuid, { reason: 0 });
  }

  undefine(hostId: string, vm: SimVm, by: Cause): void {
    const before = this.stateOf(hostId, vm.uuid);
    this.host(hostId).definitions.delete(vm.uuid);
    if (before === 'defined') this.#changed(vm, hostId, before, by);
  }

  releaseLock(vm: SimVm, hostId: string): void {
    if (vm.lockedBy === hostId) vm.lockedBy = undefined;
  }

  listen(hostId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(hostId);
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }

  /** Sends an event to listeners; a hung libvirtd sends it when it wakes, one that is down never. */
  tell(hostId: string, vmUuid: string, event: KvmEvent): void {
    const host = this.host(hostId);
    if (host.libvirtd === 'hung') {
      host.backlog.push(() => {
        this.tell(hostId, vmUuid, event);
      });
      return;
    }
    if (host.libvirtd === 'down') return;
    for (const listener of [...(this.#listeners.get(hostId) ?? [])])
      if (listener.vmUuid === vmUuid) listener.hear(event);
  }

  loseListeners(hostId: string): void {
    const listeners = [...(this.#listeners.get(hostId) ?? [])];
    this.#listeners.set(hostId, new Set());
    for (const listener of listeners) listener.lost();
  }

  #changed(vm: SimVm, hostId: string, from: CopyState, by: Cause, reason?: number): void {
    this.#history.add({
      kind: 'copy',
      hostId,
      vmUuid: vm.uuid,
      from,
      to: this.stateOf(hostId, vm.uuid),
      reason: reason ?? this.copy(hostId, vm.uuid)?.reason ?? 0,
      by,
      running: this.runningOn(vm.uuid),
      wholeElsewhere: this.wholeElsewhere(hostId, vm.uuid),
    });
  }
}

// In the words of agent/libvirt/events.ts.
const PAUSE_DETAILS: Readonly<Record<number, string>> = {
  [PausedReason.migration]: 'migrated',
  [PausedReason.ioError]: 'ioError',
  [PausedReason.postCopy]: 'postCopy',
  [PausedReason.postCopyFailed]: 'postCopyFailed',
};

function stopDetail(reason: number): string {
  switch (reason) {
    case ShutoffReason.shutdown:
      return 'shutdown';
    case ShutoffReason.destroyed:
      return 'destroyed';
    case ShutoffReason.crashed:
      return 'crashed';
    case ShutoffReason.migrated:
      return 'migrated';
    default:
      return 'failed';
  }
}
