// Defines what migrations need from this host's hypervisor: the one boundary that the simulator replaces.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { JobFigures } from '../../libvirt/migration.ts';

export interface Hypervisor {
  /** The VM as libvirt shows it now; undefined only when libvirt itself says that it has no such VM. */
  observe(vmUuid: string, wait: WaitOptions): Promise<VmInput | undefined>;
  resume(vmUuid: string, wait: WaitOptions): Promise<void>;
  suspend(vmUuid: string, wait: WaitOptions): Promise<void>;
  destroy(vmUuid: string, wait: WaitOptions): Promise<void>;
  /** Has libvirt start the VM with this host. */
  setAutostart(vmUuid: string, wait: WaitOptions): Promise<void>;
  /** Removes the definition, never volumes. */
  undefine(vmUuid: string, wait: WaitOptions): Promise<void>;
  /** Passes on the VM's events from now on, until the signal aborts or the connection to libvirt is lost (`onLost`). */
  listen(
    vmUuid: string,
    listener: (event: VmEvent) => void,
    options: WaitOptions & { readonly onLost: () => void },
  ): Promise<void>;
  /** Does the work of one outgoing copy, over a connection of its own. */
  withCopy<T>(vmUuid: string, work: (copy: Copy) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export type VmEvent =
  | { readonly kind: 'suspended' | 'resumed' | 'stopped' | 'other'; readonly detail: string }
  | { readonly kind: 'iteration'; readonly iteration: number }
  | { readonly kind: 'completed'; readonly figures: JobFigures };

/** How to make the copy. */
export interface CopyOrder {
  readonly targetLibvirtUri: string;
  readonly targetMigrateUri: string;
  readonly bandwidthBytesPerSecond: number;
  /** The copy stays paused on the target until it is resumed. */
  readonly arrivesPaused: boolean;
  readonly autoConverge: boolean;
  readonly postCopy: boolean;
}

/** One outgoing copy. Every method throws LibvirtError, or DeadlineError when libvirt did not answer in time. */
export interface Copy {
  /** Resolves when libvirt's call succeeded. The call outlives its caller. */
  start(order: CopyOrder, wait: WaitOptions): Promise<void>;
  /**
   * Resolves once the VM's QEMU process here has ended; never where that cannot be detected. From then until libvirt's
   * call returns, `observe` reports it (`processEnded`): libvirt itself answers no questions about the VM meanwhile.
   */
  processEnded(signal: AbortSignal): Promise<void>;
  /** Undefined when no migration job runs. */
  figures(wait: WaitOptions): Promise<JobFigures | undefined>;
  downtimeMaxMs(wait: WaitOptions): Promise<number>;
  setDowntimeMax(downtimeMaxMs: number, wait: WaitOptions): Promise<void>;
  switchToPostCopy(wait: WaitOptions): Promise<void>;
  abort(wait: WaitOptions): Promise<void>;
  /** Bytes of memory that the guest changes a second, measured for `measureMs`; undefined where QEMU cannot measure it. */
  dirtyBytesPerSecond(measureMs: number, wait: WaitOptions): Promise<number | undefined>;
}
