// Keeps the new VMs for which room is being made, while their creators wait, in JetStream, so that every leader knows them.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { WaitingVm } from '../../shared/gen/scheduler.ts';
import type { Logger } from '../../shared/log.ts';
import type { PendingVm } from '../planner/contract/snapshot.ts';
import type { Shelf } from '../store/shelf.ts';

/** For each of them an operator or a script waits for an answer. */
export const PENDING_MAX = 32;

export class PendingVms {
  readonly #shelf: Shelf<WaitingVm>;
  readonly #logger: Logger;

  constructor(shelf: Shelf<WaitingVm>, logger: Logger, onChange: () => void) {
    this.#shelf = shelf;
    this.#logger = logger;
    shelf.onChange = onChange;
  }

  /** The VMs still waited for at `nowMs`; the one that expires first comes first. */
  list(nowMs: number): PendingVm[] {
    return this.#shelf
      .list()
      .filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.id < b.id ? -1 : 1))
      .map(({ id, name, vcpus, memoryMaxBytes, needs }) => ({ id, name, vcpus, memoryMaxBytes, needs }));
  }

  /** Makes room until the VM is removed or expires: its creator may be gone. Throws RESOURCE_EXHAUSTED, UNAVAILABLE. */
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

  /** Never fails: an entry that could not be removed expires. */
  async remove({ id, name }: PendingVm): Promise<void> {
    try {
      await this.#shelf.remove(id);
    } catch (error) {
      this.#logger.warn(
        { vm: name, cause: messageOf(error) },
        'cannot remove the pending VM; room is made for it until it expires',
      );
    }
  }
}
