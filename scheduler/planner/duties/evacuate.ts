// Empties draining hosts, the VMs with most memory first: the hardest to place are placed while there is room.
import { at } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { placeUnit } from './duty.ts';
import { bringTogether, homesOf, joined } from './must-rules.ts';

export function evacuate(draft: Draft): void {
  const { board } = draft;
  const isDraining = board.snapshot.hosts.some(({ service }) => service === 'draining');
  const together = isDraining ? joined(board.rules.together) : [];
  board.snapshot.hosts.forEach(({ service, hostId }, host) => {
    if (service !== 'draining') return;
    // VMs that must be together are placed as one: placed one by one, the last may find no room next to the first.
    for (const rule of together)
      if (homesOf(draft, rule).includes(host)) bringTogether(draft, rule, 'evacuate', hostId);
    const size = (unit: number): number => at(board.units.memoryMaxBytes, unit);
    const units = [...(board.hosts.units[host] ?? [])];
    for (const unit of units.sort((one, other) => size(other) - size(one) || one - other)) {
      if (draft.effort.isOver) return;
      placeUnit(draft, unit, 'evacuate', hostId);
    }
  });
}
