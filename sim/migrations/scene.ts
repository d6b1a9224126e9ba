// Defines what an invariant may see: everything that happened, and the true state of the world, which no daemon can see.
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { Fact, History } from './facts.ts';
import type { Kvm, SimVm } from '../host/kvm.ts';
import type { Libvirt } from '../host/libvirt.ts';

export interface Limits {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly concurrentMax: number;
  readonly bandwidthTotalBytesPerSecond: number;
  /** Time after a move in which the planner does not move the VM again. */
  readonly coolDownMs: number;
}

export interface Scene {
  readonly history: History;
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly limits: Limits;
  /** The newest record of each migration, by its id, in the order in which they began. */
  readonly migrations: ReadonlyMap<string, Migration>;
  /** Migrations that hold slots, according to the store. */
  readonly heldSlots: () => readonly string[];
}

/** One promise. Its functions return what is wrong, or undefined. */
export interface Invariant {
  readonly id: string;
  readonly claim: string;
  /** Called after each event with the new facts, which are already at the end of `scene.history`. */
  readonly step?: (scene: Scene, news: readonly Fact[]) => string | undefined;
  /** Called when the storm is over, all faults are healed, and everything has had its time. */
  readonly end?: (scene: Scene) => string | undefined;
}

const TERMINAL: readonly string[] = [
  'MIGRATION_STATE_SUCCEEDED',
  'MIGRATION_STATE_FAILED',
  'MIGRATION_STATE_ABORTED',
  'MIGRATION_STATE_CRASHED',
];

/** True if the migration's state is final. */
export function isEnded({ state }: Migration): boolean {
  return TERMINAL.includes(state);
}

/** True if only an operator can resolve the migration. */
export function isForOperator({ state }: Migration): boolean {
  return state === 'MIGRATION_STATE_SPLIT' || state === 'MIGRATION_STATE_UNKNOWN';
}

/** The newest migration of the VM. */
export function newestOf({ migrations }: Scene, vmUuid: string): Migration | undefined {
  return [...migrations.values()].findLast((migration) => migration.vmUuid === vmUuid);
}

/** The VM's state on each host, in words. */
export function whereabouts(kvm: Kvm, vm: SimVm): string {
  return [...kvm.hosts.keys()].map((hostId) => `${hostId} ${kvm.stateOf(hostId, vm.uuid)}`).join(', ');
}
