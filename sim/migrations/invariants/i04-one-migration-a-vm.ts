// I4: a VM has at most one migration that is not over, in the journal and in libvirt.
import { isEnded, isForOperator, type Invariant } from '../scene.ts';

export const oneMigrationAVm: Invariant = {
  id: 'I4',
  claim: 'at most one active migration a VM',
  step: ({ migrations, libvirt }, news) => {
    for (const fact of news) {
      if (fact.kind === 'record' && !isEnded(fact.migration)) {
        const { vmUuid, migrationId } = fact.migration;
        const other = [...migrations.values()].find(
          (known) =>
            known.vmUuid === vmUuid &&
            known.migrationId !== migrationId &&
            !isEnded(known) &&
            !isForOperator(known),
        );
        if (other !== undefined) return `VM ${vmUuid} is in ${other.migrationId} and ${migrationId}`;
      }
      if (fact.kind !== 'act' || fact.act !== 'start') continue;
      const running = libvirt.transfers.filter(({ vm, isSending }) => isSending && vm.uuid === fact.vmUuid);
      if (running.length > 1) return `libvirt runs ${running.length} migrations of VM ${fact.vmUuid}`;
    }
    return undefined;
  },
};
