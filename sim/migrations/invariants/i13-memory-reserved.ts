// I13: guests and copies never need more memory than their host has, and nothing stays reserved in the end.
import { isEnded, type Invariant } from '../scene.ts';

export const memoryReserved: Invariant = {
  id: 'I13',
  claim: 'memory is reserved before a copy, and released after',
  step: ({ kvm }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'copy' || fact.from === 'running' || fact.from === 'paused') continue;
      const { copies, memoryBytes } = kvm.host(fact.hostId);
      const needed = [...copies.values()].reduce((sum, { vm }) => sum + vm.memoryBytes, 0);
      if (needed > memoryBytes) return `guests on ${fact.hostId} need ${needed} of ${memoryBytes} bytes`;
    }
    return undefined;
  },
  end: ({ migrations, heldSlots }) => {
    for (const migrationId of heldSlots()) {
      const migration = migrations.get(migrationId);
      if (migration === undefined || isEnded(migration))
        return `${migrationId} is over and still holds its slot`;
    }
    return undefined;
  },
};
