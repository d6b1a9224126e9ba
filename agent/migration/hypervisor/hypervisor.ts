// What migrations need of this host's hypervisor: the one boundary that the simulator replaces.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { JobFigures } from '../../libvirt/migration.ts';

export interface Hypervisor {
  /** The VM as libvirt shows it now; undefined only when libvirt itself said that it has no such VM. */
  observe(vmUuid: string, wait: WaitOptions): Promise<VmInput | undefined>;
  resume(vmUuid: string, wait: WaitOptions): Promise<void>;
  suspend(vmUuid: string, wait: WaitOptions): Promise<void>;
  destroy(vmUuid: string, wait: WaitOptions): Promise<void>;
  /** Removes the definition, never volumes. */
  undefine(vmUuid: string, wait: WaitOptions): Promise<void>;
  /** What happens to the VM from now on, until the signal aborts or libvirt is away (`onLost`). */
  listen(
    vmUuid: string,
    listener: (event: VmEvent) => void,
    options: WaitOptions & { readonly onLost: () => void },
  ): Promise<void>;
  /** Work on one copy out of this host, over a connection of its own. */
  withCopy<T>(vmUuid: string, work: (copy: Copy) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export type VmEvent =
  | { readonly kind: 'suspended' | 'resumed' | 'stopped' | 'other'; readonly detail: string }
  | { readonly kind: 'iteration'; readonly iteration: number }
  | { readonly kind: 'completed'; readonly figures: JobFigures };

/** How the copy is to be made. */
export interface CopyOrder {
  readonly targetLibvirtUri: string;
  readonly targetMigrateUri: string;
  readonly bandwidthBytesPerSecond: number;
  /** The copy stays paused on the target until somebody resumes it. */
  readonly arrivesPaused: boolean;
  readonly autoConverge: boolean;
  readonly postCopy: boolean;
}

/** One VM that leaves. Every method throws LibvirtError, or DeadlineError when libvirt did not answer in time. */
export interface Copy {
  /** Resolves when libvirt's call came back good. It outlives whoever called it. */
  start(order: CopyOrder, wait: WaitOptions): Promise<void>;
  /**
   * Resolves once the VM's QEMU process here has ended; where that cannot be told, never. From then until libvirt's call
   * comes back `observe` shows it (`processEnded`): libvirt itself answers nobody about the VM meanwhile.
   */
  processEnded(signal: AbortSignal): Promise<void>;
  /** Undefined when no migration job runs. */
  figures(wait: WaitOptions): Promise<JobFigures | undefined>;
  downtimeMaxMs(wait: WaitOptions): Promise<number>;
  setDowntimeMax(downtimeMaxMs: number, wait: WaitOptions): Promise<void>;
  switchToPostCopy(wait: WaitOptions): Promise<void>;
  abort(wait: WaitOptions): Promise<void>;
  /** Bytes of memory that the guest changes a second, measured for `measureMs`; undefined where QEMU cannot tell. */
  dirtyBytesPerSecond(measureMs: number, wait: WaitOptions): Promise<number | undefined>;
}
