// I7: every migration ends, with a cause; one that only an operator can decide says so, and follows from a lost guest.
import { isEnded, whereabouts, type Invariant } from '../scene.ts';

export const everythingEnds: Invariant = {
  id: 'I7',
  claim: 'every migration ends in a terminal state with a cause',
  end: ({ migrations, kvm }) => {
    for (const migration of migrations.values()) {
      const { migrationId, state, causeCode, outcome } = migration;
      const vm = kvm.vm(migration.vmUuid);
      if (isEnded(migration)) {
        if (state !== 'MIGRATION_STATE_SUCCEEDED' && causeCode === 'MIGRATION_CAUSE_UNSPECIFIED')
          return `${migrationId} ${state} has no cause`;
        continue;
      }
      // A fault ended the guest, so an operator has to find out why.
      if (state === 'MIGRATION_STATE_UNKNOWN' && vm.endedBy !== undefined) continue;
      return `${migrationId} is still ${state} (${outcome}); ${whereabouts(kvm, vm)}`;
    }
    return undefined;
  },
};
