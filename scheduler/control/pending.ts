// New VMs that fit nowhere and for which room is being made, while somebody waits for them.
import { EvenkeelError } from '../../shared/errors.ts';
import type { PendingVm } from '../planner/snapshot.ts';

// Each is a person, or a script, waiting for an answer.
const PENDING_MAX = 32;

export class PendingVms {
  readonly #pending = new Map<string, PendingVm>();

  list(): PendingVm[] {
    return [...this.#pending.values()];
  }

  /** Room is made until the returned function is called. */
  add(vm: PendingVm): () => void {
    if (this.#pending.size >= PENDING_MAX)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `create VM ${vm.name}: room is being made for ${PENDING_MAX} others already; try again later`,
      );
    this.#pending.set(vm.id, vm);
    return () => {
      this.#pending.delete(vm.id);
    };
  }
}
