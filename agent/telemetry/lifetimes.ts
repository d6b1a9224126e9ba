// Keeps state on each running VM from tick to tick, for the lifetime of its QEMU process.
import type { LibvirtEvent } from '../libvirt/events.ts';
import type { DomainRef } from '../libvirt/domain.ts';
import type { MoveObstacle } from '../../shared/gen/telemetry.ts';
import type { VmDescription, VmReading } from './rates.ts';

export interface Lifetime {
  /** The libvirt id; a different id is a different QEMU process. */
  readonly id: number;
  /** Number of readings so far. */
  readings: number;
  /** Last reading that rates can start from. */
  previous: VmReading | undefined;
  description: VmDescription | undefined;
  /** The definition may have changed since `description` was read; that one stays in use until it is read again. */
  isDescriptionStale: boolean;
  /** Time of the last request for the definition, on the monotonic clock. */
  askedAtMs: number;
  isBalloonAsked: boolean;
  /** An outgoing migration was seen; each tick checks whether it is still running. */
  isMigratingOut: boolean;
  /** Cores that its control groups allowed when they were read last; undefined without a limit. */
  cpuLimitCores: number | undefined;
  /** Time of that reading, on the monotonic clock. */
  limitReadAtMs: number;
  /** What kept it here when that was asked last. */
  obstacles: readonly MoveObstacle[];
  /** Time of that question, on the monotonic clock; -Infinity to be asked at once. */
  obstaclesAtMs: number;
  /** It runs here, answers, and is in no migration: libvirt can be asked whether it would migrate it. */
  isAskable: boolean;
}

export class Lifetimes {
  readonly #byUuid = new Map<string, Lifetime>();

  /** The VM's current lifetime; a new one for a new QEMU process. */
  of({ uuid, id }: DomainRef): Lifetime {
    const known = this.#byUuid.get(uuid);
    if (known?.id === id) return known;
    const lifetime: Lifetime = {
      id,
      readings: 0,
      previous: undefined,
      description: undefined,
      isDescriptionStale: true,
      askedAtMs: -Infinity,
      isBalloonAsked: false,
      isMigratingOut: false,
      cpuLimitCores: undefined,
      limitReadAtMs: -Infinity,
      obstacles: [],
      obstaclesAtMs: -Infinity,
      isAskable: false,
    };
    this.#byUuid.set(uuid, lifetime);
    return lifetime;
  }

  /** All VMs that are known now, by uuid. */
  entries(): readonly (readonly [string, Lifetime])[] {
    return [...this.#byUuid];
  }

  /** Notes what was found to keep the VM here; it may have gone meanwhile. */
  noteObstacles(vmUuid: string, obstacles: readonly MoveObstacle[]): void {
    const lifetime = this.#byUuid.get(vmUuid);
    if (lifetime !== undefined) lifetime.obstacles = obstacles;
  }

  /** Forgets all but these VMs: call it with a complete list only. */
  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#byUuid.keys()) if (!uuids.has(uuid)) this.#byUuid.delete(uuid);
  }

  /** Events may have been missed while libvirt was away. */
  onResync(): void {
    for (const lifetime of this.#byUuid.values()) markStale(lifetime);
  }

  onEvent(event: LibvirtEvent): void {
    if (event.kind === 'connectionClosed') return;
    const lifetime = this.#byUuid.get(event.domain.uuid);
    if (lifetime === undefined) return;
    if (event.kind === 'migrationIteration') lifetime.isMigratingOut = true;
    else if (CHANGES.includes(event.kind) || isRedefined(event)) markStale(lifetime);
  }
}

/** What changes a live definition. */
const CHANGES: readonly LibvirtEvent['kind'][] = ['metadataChange', 'deviceAdded', 'deviceRemoved'];

function markStale(lifetime: Lifetime): void {
  lifetime.isDescriptionStale = true;
  lifetime.obstaclesAtMs = -Infinity;
}

function isRedefined(event: LibvirtEvent): boolean {
  return event.kind === 'lifecycle' && event.change === 'defined';
}
