// What is remembered of each running VM from tick to tick, until its QEMU process ends.
import type { LibvirtEvent } from '../libvirt/events.ts';
import type { DomainRef } from '../libvirt/domain.ts';
import type { VmDescription, VmReading } from './rates.ts';

export interface Epoch {
  /** libvirt's number of the running VM; another one is another QEMU process. */
  readonly id: number;
  /** How often it was read. */
  readings: number;
  /** Last reading that is fit for rates. */
  previous: VmReading | undefined;
  description: VmDescription | undefined;
  /** The definition may have changed since `description` was read, which stays in use until then. */
  isDescriptionStale: boolean;
  /** When the definition was last asked for, on the monotonic clock. */
  askedAtMs: number;
  isBalloonAsked: boolean;
  /** Copying its memory away was seen; whether it still goes on is asked at each tick. */
  isMigratingOut: boolean;
}

export class Epochs {
  readonly #byUuid = new Map<string, Epoch>();

  /** The VM's epoch; a new one for a new QEMU process. */
  of({ uuid, id }: DomainRef): Epoch {
    const known = this.#byUuid.get(uuid);
    if (known?.id === id) return known;
    const epoch: Epoch = {
      id,
      readings: 0,
      previous: undefined,
      description: undefined,
      isDescriptionStale: true,
      askedAtMs: -Infinity,
      isBalloonAsked: false,
      isMigratingOut: false,
    };
    this.#byUuid.set(uuid, epoch);
    return epoch;
  }

  /** Forgets all but these: call it with a complete list only. */
  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#byUuid.keys()) if (!uuids.has(uuid)) this.#byUuid.delete(uuid);
  }

  /** Events may have been missed while libvirt was away. */
  onResync(): void {
    for (const epoch of this.#byUuid.values()) epoch.isDescriptionStale = true;
  }

  onEvent(event: LibvirtEvent): void {
    if (event.kind === 'connectionClosed') return;
    const epoch = this.#byUuid.get(event.domain.uuid);
    if (epoch === undefined) return;
    if (event.kind === 'migrationIteration') epoch.isMigratingOut = true;
    else if (event.kind === 'metadataChange' || event.kind === 'deviceRemoved' || isRedefined(event))
      epoch.isDescriptionStale = true;
  }
}

function isRedefined(event: LibvirtEvent): boolean {
  return event.kind === 'lifecycle' && event.change === 'defined';
}
