// Models two hosts with a hypervisor each, in memory; a test decides how each copy ends. It passes the contract suite
// of the real one (hypervisor-contract.ts).
import type { WaitOptions } from '../../../../shared/clock.ts';
import type { VmInput } from '../../../../shared/gen/agent.ts';
import { ErrorCode } from '../../../../agent/libvirt/constants.ts';
import { LibvirtConnectionError, LibvirtError } from '../../../../agent/libvirt/errors.ts';
import type { JobFigures } from '../../../../agent/libvirt/migration.ts';
import type {
  Copy,
  CopyOrder,
  Hypervisor,
  VmEvent,
} from '../../../../agent/migration/hypervisor/hypervisor.ts';

export interface FakeVm extends VmInput {
  readonly uuid: string;
}

interface Flight {
  readonly order: CopyOrder;
  readonly end: (error?: Error) => void;
}

const DOWNTIME_DEFAULT_MS = 300;

export class FakeHypervisor implements Hypervisor {
  readonly vms = new Map<string, FakeVm>();
  readonly downtimeMs = new Map<string, number>();
  /** Every act and order, in order. */
  readonly done: string[] = [];
  /** Job figures of what is copied now, as the test sets them. */
  figures: JobFigures | undefined;
  /** Bytes that guests change a second, as the test sets them. */
  dirtyBytesPerSecond: number | undefined;
  /** VMs that start with this host. */
  readonly autostart = new Set<string>();
  /** libvirt is away: nothing answers. */
  isAway = false;
  readonly #listeners = new Map<string, Set<(event: VmEvent) => void>>();
  readonly #flights = new Map<string, Flight>();
  readonly #processEnded = new Map<string, () => void>();
  #lastId = 0;

  /** Defines and starts a VM. */
  run(uuid: string, change: Partial<VmInput> = {}): void {
    this.#lastId += 1;
    this.vms.set(uuid, {
      uuid,
      name: uuid,
      libvirtId: this.#lastId,
      state: 'VM_STATE_RUNNING',
      stateReason: 'VM_STATE_REASON_UNSPECIFIED',
      persistent: true,
      migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
      memoryMaxBytes: 32 * 1_048_576,
      ...change,
    });
  }

  set(uuid: string, change: Partial<VmInput>): void {
    this.vms.set(uuid, { ...this.#get(uuid), ...change });
  }

  tell(uuid: string, event: VmEvent): void {
    for (const listener of this.#listeners.get(uuid) ?? []) listener(event);
  }

  /** The copy of the VM that is under way. */
  flight(uuid: string): Flight | undefined {
    return this.#flights.get(uuid);
  }

  /** The memory has arrived: here it ends, there it begins. */
  land(uuid: string, target: FakeHypervisor): void {
    const vm = this.#get(uuid);
    const order = this.#flights.get(uuid)?.order;
    this.tell(uuid, { kind: 'suspended', detail: 'migrated' });
    this.vms.delete(uuid);
    target.run(uuid, {
      ...vm,
      libvirtId: 1,
      migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
      ...(order?.arrivesPaused === true
        ? { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' }
        : { state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNSPECIFIED' }),
    });
    this.tell(uuid, { kind: 'stopped', detail: 'migrated' });
    this.tell(uuid, { kind: 'completed', figures: { ...this.figures, downtimeMs: 20 } });
    this.#flights.get(uuid)?.end();
  }

  /** Its QEMU ends here at the end of a copy; libvirt, busy with that, has not said so yet. */
  endProcess(uuid: string): void {
    this.set(uuid, {
      state: 'VM_STATE_PAUSED',
      stateReason: 'VM_STATE_REASON_MIGRATION',
      processEnded: true,
    });
    this.#processEnded.get(uuid)?.();
  }

  /** The connection over which the copy was ordered breaks; the copy goes on. */
  lose(uuid: string): void {
    const flight = this.#flights.get(uuid);
    flight?.end(new LibvirtConnectionError('lost', { sent: true }));
    if (flight === undefined) return;
    this.#flights.set(uuid, {
      ...flight,
      end: () => {
        this.#flights.delete(uuid);
        this.set(uuid, { migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' });
      },
    });
    this.set(uuid, { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' });
  }

  observe(vmUuid: string): Promise<VmInput | undefined> {
    return this.#answer(() => this.vms.get(vmUuid));
  }

  resume(vmUuid: string): Promise<void> {
    return this.#act('resume', vmUuid, () => {
      if (this.#get(vmUuid).libvirtId === -1) throw invalid('domain is not running');
      this.set(vmUuid, { state: 'VM_STATE_RUNNING', stateReason: 'VM_STATE_REASON_UNPAUSED' });
      this.tell(vmUuid, { kind: 'resumed', detail: 'unpaused' });
    });
  }

  suspend(vmUuid: string): Promise<void> {
    return this.#act('suspend', vmUuid, () => {
      if (this.#get(vmUuid).libvirtId === -1) throw invalid('domain is not running');
      this.set(vmUuid, { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' });
      this.tell(vmUuid, { kind: 'suspended', detail: 'paused' });
    });
  }

  destroy(vmUuid: string): Promise<void> {
    return this.#act('destroy', vmUuid, () => {
      if (this.#get(vmUuid).libvirtId === -1) throw invalid('domain is not running');
      if (this.#get(vmUuid).persistent === true)
        this.set(vmUuid, {
          libvirtId: -1,
          state: 'VM_STATE_SHUT_OFF',
          stateReason: 'VM_STATE_REASON_DESTROYED',
        });
      else this.vms.delete(vmUuid);
      this.tell(vmUuid, { kind: 'stopped', detail: 'destroyed' });
    });
  }

  setAutostart(vmUuid: string): Promise<void> {
    return this.#act('autostart', vmUuid, () => {
      this.autostart.add(vmUuid);
    });
  }

  undefine(vmUuid: string): Promise<void> {
    return this.#act('undefine', vmUuid, () => {
      if (this.#get(vmUuid).libvirtId === -1) this.vms.delete(vmUuid);
      else this.set(vmUuid, { persistent: false });
    });
  }

  async listen(
    vmUuid: string,
    listener: (event: VmEvent) => void,
    { signal }: WaitOptions & { readonly onLost: () => void },
  ): Promise<void> {
    await this.#answer(() => undefined);
    const listeners = this.#listeners.get(vmUuid) ?? new Set();
    this.#listeners.set(vmUuid, listeners.add(listener));
    signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
  }

  withCopy<T>(vmUuid: string, work: (copy: Copy) => Promise<T>): Promise<T> {
    return work({
      start: (order, wait) => this.#start(vmUuid, order, wait),
      processEnded: () =>
        new Promise((resolve) => {
          if (this.vms.has(vmUuid)) this.#processEnded.set(vmUuid, resolve);
          else resolve();
        }),
      figures: () => this.#answer(() => (this.#flights.has(vmUuid) ? this.figures : undefined)),
      downtimeMaxMs: () =>
        this.#answer(() => {
          this.#get(vmUuid);
          return this.downtimeMs.get(vmUuid) ?? DOWNTIME_DEFAULT_MS;
        }),
      setDowntimeMax: (downtimeMaxMs) =>
        this.#answer(() => {
          this.#get(vmUuid);
          this.done.push(`downtime ${downtimeMaxMs}`);
          this.downtimeMs.set(vmUuid, downtimeMaxMs);
        }),
      switchToPostCopy: () =>
        this.#act('post-copy', vmUuid, () => {
          if (!this.#flights.has(vmUuid)) throw invalid('no job is active');
          this.tell(vmUuid, { kind: 'suspended', detail: 'postCopy' });
        }),
      abort: () =>
        this.#act('abort', vmUuid, () => {
          const flight = this.#flights.get(vmUuid);
          if (flight === undefined) throw invalid('no job is active on the domain');
          flight.end(new LibvirtError(ErrorCode.operationAborted, 10, 2, 'canceled by client'));
        }),
      dirtyBytesPerSecond: () => this.#answer(() => this.dirtyBytesPerSecond),
    });
  }

  /** Whoever called may go; the copy goes on. */
  #start(vmUuid: string, order: CopyOrder, { signal }: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#get(vmUuid);
      signal?.addEventListener('abort', () => {
        reject(new Error('gone'));
      });
      this.done.push(`start ${vmUuid}`);
      this.set(vmUuid, { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' });
      const end = (error?: Error): void => {
        this.#flights.delete(vmUuid);
        if (this.vms.has(vmUuid)) this.set(vmUuid, { migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' });
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#flights.set(vmUuid, { order, end });
    });
  }

  #act(what: string, vmUuid: string, work: () => void): Promise<void> {
    return this.#answer(() => {
      this.#get(vmUuid);
      work();
      this.done.push(`${what} ${vmUuid}`);
    });
  }

  async #answer<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    if (this.isAway) throw new LibvirtConnectionError('connection refused');
    return work();
  }

  #get(uuid: string): FakeVm {
    const vm = this.vms.get(uuid);
    if (vm === undefined) throw new LibvirtError(ErrorCode.noDomain, 10, 2, 'Domain not found');
    return vm;
  }
}

function invalid(message: string): LibvirtError {
  return new LibvirtError(ErrorCode.operationInvalid, 10, 2, `Requested operation is not valid: ${message}`);
}
