// I4: a VM has at most one migration that is not over, in the journal and in libvirt.
import { isEnded, isForPerson, type Invariant } from '../scene.ts';

export const oneMigrationAVm: Invariant = {
  id: 'I4',
  claim: 'at most one active migration a VM',
  step: ({ migrations, libvirt }, news) => {
    for (const fact of news) {
      if (fact.kind === 'record' && !isEnded(fact.migration))
        for (const other of migrations.values())
          if (
            other.vmUuid === fact.migration.vmUuid &&
            other.migrationId !== fact.migration.migrationId &&
            !isEnded(other) &&
            !isForPerson(other)
          )
            return `VM ${other.vmUuid} is in ${other.migrationId} and ${fact.migration.migrationId}`;
      if (fact.kind === 'act' && fact.act === 'start') {
        const running = libvirt.transfers.filter(({ vm }) => vm.uuid === fact.vmUuid);
        if (running.length > 1) return `libvirt runs ${running.length} migrations of VM ${fact.vmUuid}`;
      }
    }
    return undefined;
  },
};
