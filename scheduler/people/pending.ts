// New VMs that fit nowhere and for which room is being made, while somebody waits for them: kept in JetStream, so that whoever leads knows them.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { WaitingVm } from '../../shared/gen/scheduler.ts';
import type { Logger } from '../../shared/log.ts';
import type { PendingVm } from '../planner/contract/snapshot.ts';
import type { Shelf } from '../store/shelf.ts';

/** Each is a person, or a script, waiting for an answer. */
export const PENDING_MAX = 32;

export class PendingVms {
  readonly #shelf: Shelf<WaitingVm>;
  readonly #logger: Logger;

  constructor(shelf: Shelf<WaitingVm>, logger: Logger, onChange: () => void) {
    this.#shelf = shelf;
    this.#logger = logger;
    shelf.onChange = onChange;
  }

  /** Those that are waited for at `nowMs`; who waits longest comes first. */
  list(nowMs: number): PendingVm[] {
    return this.#shelf
      .list()
      .filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.id < b.id ? -1 : 1))
      .map(({ id, name, vcpus, memoryMaxBytes, needs }) => ({ id, name, vcpus, memoryMaxBytes, needs }));
  }

  /** Room is made until it is removed, or `expiresAtMs` has come: who waits may be gone. Throws RESOURCE_EXHAUSTED, UNAVAILABLE. */
  async add(vm: PendingVm, expiresAtMs: number, nowMs: number): Promise<void> {
    for (const known of this.#shelf.list())
      if (known.expiresAtMs <= nowMs) await this.#shelf.remove(known.id);
    if (this.#shelf.list().length >= PENDING_MAX)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `create VM ${vm.name}: room is being made for ${PENDING_MAX} others already; try again later`,
      );
    await this.#shelf.put(vm.id, { ...vm, needs: [...(vm.needs ?? [])], expiresAtMs });
  }

  /** Never fails: what could not be removed expires. */
  async remove({ id, name }: PendingVm): Promise<void> {
    try {
      await this.#shelf.remove(id);
    } catch (error) {
      this.#logger.warn({ vm: name, cause: messageOf(error) }, 'room is made for it until its time is over');
    }
  }
}
