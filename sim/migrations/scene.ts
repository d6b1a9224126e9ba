// What an invariant may look at: everything that happened, and the true state of the world, which no daemon can see.
import type { Migration } from '../../shared/gen/telemetry.ts';
import type { Fact, History } from './facts.ts';
import type { Kvm, SimVm } from '../host/kvm.ts';
import type { Libvirt } from '../host/libvirt.ts';

export interface Limits {
  readonly outPerHost: number;
  readonly inPerHost: number;
  readonly concurrentMax: number;
  readonly bandwidthTotalBytesPerSecond: number;
  /** A VM is not moved again by the planner for so long after it has moved. */
  readonly coolDownMs: number;
}

export interface Scene {
  readonly history: History;
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly limits: Limits;
  /** The newest record of each migration, by its id, in the order in which they began. */
  readonly migrations: ReadonlyMap<string, Migration>;
  /** Migrations that hold slots, by the store's own word. */
  readonly heldSlots: () => readonly string[];
}

/** One promise. It answers with what is wrong, or undefined. */
export interface Invariant {
  readonly id: string;
  readonly claim: string;
  /** After each event, with what the event brought about; the facts are in `scene.history` already, last. */
  readonly step?: (scene: Scene, news: readonly Fact[]) => string | undefined;
  /** When the storm is over, all is healed, and everything had its time. */
  readonly end?: (scene: Scene) => string | undefined;
}

const TERMINAL: readonly string[] = [
  'MIGRATION_STATE_SUCCEEDED',
  'MIGRATION_STATE_FAILED',
  'MIGRATION_STATE_ABORTED',
  'MIGRATION_STATE_CRASHED',
];

/** It will not change any more. */
export function isEnded({ state }: Migration): boolean {
  return TERMINAL.includes(state);
}

/** What is left is for a person: nothing changes without one. */
export function isForPerson({ state }: Migration): boolean {
  return state === 'MIGRATION_STATE_SPLIT' || state === 'MIGRATION_STATE_UNKNOWN';
}

/** The newest migration of the VM. */
export function newestOf({ migrations }: Scene, vmUuid: string): Migration | undefined {
  return [...migrations.values()].findLast((migration) => migration.vmUuid === vmUuid);
}

/** Where each VM stands, in words. */
export function whereabouts(kvm: Kvm, vm: SimVm): string {
  return [...kvm.hosts.keys()].map((hostId) => `${hostId} ${kvm.stateOf(hostId, vm.uuid)}`).join(', ');
}
