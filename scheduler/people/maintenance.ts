// Keeps the hosts in maintenance in JetStream, and reports how far each has been emptied.
import type { Maintenance } from '../../shared/gen/scheduler.ts';
import type { Refusal } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Plan } from '../planner/contract/plan-types.ts';
import type { Snapshot, SnapshotVm } from '../planner/contract/snapshot.ts';
import { moveOf } from '../planner/words/move.ts';
import type { ClusterView } from '../cluster/view.ts';
import { hostsMeant } from './hosts-meant.ts';
import type { Shelf } from '../store/shelf.ts';

/** What is stored; progress is computed on request. */
export type MaintenanceEntry = Pick<
  Maintenance,
  'hostId' | 'hostName' | 'enteredAtMs' | 'reason' | 'vmsAtEntry'
>;

export class MaintenanceBook {
  readonly #shelf: Shelf<Maintenance>;

  constructor(shelf: Shelf<Maintenance>, onChange: () => void) {
    this.#shelf = shelf;
    shelf.onChange = onChange;
  }

  get(hostId: string): Maintenance | undefined {
    return this.#shelf.get(hostId);
  }

  list(): Maintenance[] {
    return this.#shelf.list();
  }

  /** The hosts that are out of service, by their present ids. */
  hostIds(view: ClusterView): ReadonlySet<string> {
    const entries = this.#shelf.list();
    return new Set(entries.flatMap((entry) => hostsMeant(view, entry).map(({ hostId }) => hostId)));
  }

  /** The entry that keeps this host out of service. */
  of(view: ClusterView, hostId: string): Maintenance | undefined {
    return (
      this.#shelf.get(hostId) ??
      this.list().find((entry) => hostsMeant(view, entry).some((host) => host.hostId === hostId))
    );
  }

  async enter(entry: MaintenanceEntry): Promise<void> {
    await this.#shelf.put(entry.hostId, {
      ...entry,
      vmsLeft: 0,
      vmsMoving: 0,
      moves: [],
      impossible: [],
      remainingMs: 0,
    });
  }

  async exit(hostId: string): Promise<void> {
    await this.#shelf.remove(hostId);
  }
}

/** How far the host has been emptied, by a plan in which it drains. Pure. */
export function progressOf(entry: MaintenanceEntry, snapshot: Snapshot, plan: Plan): Maintenance {
  const { hostId } = entry;
  const moving = new Set(
    snapshot.migrations.filter(({ sourceHostId }) => sourceHostId === hostId).map(({ vmUuid }) => vmUuid),
  );
  // The target may show a VM before the source is certain to have released it: until then it counts as still here.
  const here = snapshot.vms.filter((vm) => vm.hostId === hostId || moving.has(vm.uuid));
  const moves = plan.moves.filter(({ sourceHostId }) => sourceHostId === hostId);
  const leaving = new Set(moves.map(({ vmUuid }) => vmUuid));
  const refusals = plan.stays.filter((stay) => stay.hostId === hostId).flatMap((stay) => stay.refusals);
  return {
    ...entry,
    vmsLeft: here.length,
    vmsMoving: here.filter(({ uuid }) => moving.has(uuid)).length,
    moves: moves.map(moveOf),
    impossible: here
      .filter(({ uuid }) => !leaving.has(uuid) && !moving.has(uuid))
      .map((vm) => ({ ...whyNot(vm, refusals), vmUuid: vm.uuid, vmName: vm.name, hostId: '', hostName: '' })),
    remainingMs: moves.reduce((sum, { terms }) => sum + terms.migrationSeconds * SECOND_MS, 0),
  };
}

/** The refusal about the VM as a whole; otherwise those of the hosts. */
function whyNot(
  { uuid }: SnapshotVm,
  refusals: readonly Refusal[],
): Pick<Refusal, 'code' | 'reason' | 'cure'> {
  const own = refusals.filter(({ vmUuid }) => vmUuid === uuid);
  const [whole] = own.filter(({ hostId }) => hostId === '');
  if (whole !== undefined) return whole;
  const [first] = own;
  if (first !== undefined)
    return {
      code: first.code,
      reason: own.map(({ hostName, reason }) => `${hostName}: ${reason}`).join('; '),
      cure: first.cure,
    };
  return {
    code: 'no_target',
    reason: 'no other host can take a VM now',
    cure: 'bring another host into service, or shut the VM down',
  };
}
