// I14: the planner moves no VM within its cool-down. The planner itself is not simulated; what is checked is that its ledger,
// read from a journal that survives any crash, keeps every planned order out of the cool-down of the move before. The
// ledger counts in wall time, so worlds whose wall clocks jump are left out.
import type { Invariant } from '../scene.ts';

// Two hosts' clocks differ by up to a hundredth of a run here.
const CLOCKS_AGREE = 0.9;

export const coolDown: Invariant = {
  id: 'I14',
  claim: 'no VM is moved again within its cool-down by the planner',
  step: ({ history, limits }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'record' || fact.migration.state !== 'MIGRATION_STATE_QUEUED') continue;
      const { migrationId, vmUuid, decisionId, queuedAtMs } = fact.migration;
      if (decisionId === '') continue;
      if (history.facts.some((other) => other.kind === 'note' && other.detail === 'clock jumps'))
        return undefined;
      for (const before of history.facts)
        if (
          before.kind === 'record' &&
          before.migration.vmUuid === vmUuid &&
          before.migration.migrationId !== migrationId &&
          before.migration.state === 'MIGRATION_STATE_SUCCEEDED' &&
          queuedAtMs - before.migration.endedAtMs < CLOCKS_AGREE * limits.coolDownMs
        )
          return `VM ${vmUuid} was ordered to move again ${queuedAtMs - before.migration.endedAtMs} ms after it had moved`;
    }
    return undefined;
  },
};
