// I6: recovery repeats nothing: libvirt is told to begin a copy at most once per migration, however often it is ordered.
import type { Invariant } from '../scene.ts';

export const neverTwice: Invariant = {
  id: 'I6',
  claim: 'a migration is begun at most once',
  step: ({ history }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'act' || fact.act !== 'start') continue;
      const orders = new Set<string>();
      let starts = 0;
      for (const other of history.facts) {
        if (other.kind === 'act' && other.act === 'start' && other.vmUuid === fact.vmUuid) starts += 1;
        const isOrder = other.kind === 'rpc' && other.method === 'Migrate' && other.phase === 'arrived';
        if (isOrder && other.vmUuid === fact.vmUuid) orders.add(other.migrationId);
      }
      if (starts > orders.size)
        return `VM ${fact.vmUuid}: ${starts} copies begun for ${orders.size} migrations`;
    }
    return undefined;
  },
};
