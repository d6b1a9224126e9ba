// Makes room for new VMs that fit on no host at present.
import { add, at } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { makeRoom, missingBytes, unallocatableBytes, type Demand } from './make-room.ts';
import { isSettling, type PendingVm } from '../contract/snapshot.ts';

export function makeRoomForPending(draft: Draft): void {
  for (const pending of draft.board.snapshot.pending) {
    const demand = demandOf(draft, pending);
    const host =
      roomiestFor(draft, demand) ??
      settlingFor(draft, demand) ??
      makeRoom(draft, demand, {
        trigger: 'make_room',
        cause: pending.id,
        persistenceSeconds: draft.board.policy.persistenceMaxMs / 1000,
        refusals: [],
      });
    if (host === undefined) continue;
    // Reserves the room: the next VM needs other room.
    add(draft.board.hosts.allocatedBytes, host, demand.memoryMaxBytes);
    for (const column of [draft.board.hosts.peak, draft.board.hosts.forecast])
      add(column, host * draft.board.resources.length + 1, demand.memoryUsedBytes);
    draft.roomFor.set(pending.id, host);
  }
}

export function demandOf({ board }: Draft, { vcpus, memoryMaxBytes, needs = [] }: PendingVm): Demand {
  return {
    memoryMaxBytes,
    // Its use is not known; it may use all of its memory.
    memoryUsedBytes: memoryMaxBytes,
    canBeOn: (host) => {
      const traits = board.snapshot.hosts[host]?.traits ?? [];
      return vcpus <= at(board.hosts.cores, host) && needs.every((need) => traits.includes(need));
    },
  };
}

function roomiestFor(draft: Draft, demand: Demand): number | undefined {
  return draft.openToDuty.order.find(
    (host) => demand.canBeOn(host) && missingBytes(draft, demand, host) <= 0,
  );
}

/** A settling host with room by allocation: its figures of use may not show yet that VMs have left. */
function settlingFor({ board, openToDuty }: Draft, demand: Demand): number | undefined {
  const { snapshot } = board;
  return openToDuty.order.find((place) => {
    const host = snapshot.hosts[place];
    if (host === undefined || !isSettling(snapshot, host) || !demand.canBeOn(place)) return false;
    return unallocatableBytes(board, demand, place) <= 0;
  });
}
