// Makes the snapshot on which decided moves are checked again: the present cluster, in which only these moves are possible.
import type { Hold, Snapshot, SnapshotVm } from '../planner/contract/snapshot.ts';

export interface DecidedMove {
  readonly vmUuid: string;
  readonly targetHostId: string;
}

const NOT_ASKED: Hold = {
  code: 'not_asked',
  reason: 'it is not one of the moves that are checked again',
  cure: 'approve its move, too',
  against: 'every_move',
};

/** The snapshot in which the planner can choose only these moves. */
export function onlyTheseMoves(snapshot: Snapshot, moves: readonly DecidedMove[]): Snapshot {
  const targets = new Map(moves.map(({ vmUuid, targetHostId }) => [vmUuid, targetHostId]));
  const vms = snapshot.vms.map((vm) => {
    const targetHostId = targets.get(vm.uuid);
    return targetHostId === undefined
      ? { ...vm, held: vm.held ?? NOT_ASKED }
      : onlyTo(snapshot, vm, targetHostId);
  });
  return { ...snapshot, vms, pending: [] };
}

function onlyTo(snapshot: Snapshot, vm: SnapshotVm, targetHostId: string): SnapshotVm {
  const others = snapshot.hosts
    .filter(({ hostId }) => hostId !== targetHostId && hostId !== vm.hostId)
    .map(({ hostId }) => ({
      hostId,
      reason: 'the approved move has another target',
      untilMs: snapshot.atMs + 1,
    }));
  return { ...vm, refusedTargets: [...(vm.refusedTargets ?? []), ...others] };
}
