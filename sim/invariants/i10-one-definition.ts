// I10: in the end a VM is defined on one host, the one that has it; nothing is left behind on a loser.
import { isForPerson, newestOf, whereabouts, type Invariant } from '../scene.ts';

export const oneDefinition: Invariant = {
  id: 'I10',
  claim: 'exactly one persistent definition',
  end: (scene) => {
    const { kvm } = scene;
    for (const vm of kvm.vms.values()) {
      const newest = newestOf(scene, vm.uuid);
      if (newest !== undefined && isForPerson(newest)) continue;
      const defined = [...kvm.hosts.values()].filter(({ definitions }) => definitions.has(vm.uuid));
      if (defined.length !== 1)
        return `VM ${vm.uuid} is defined on ${defined.length} hosts: ${whereabouts(kvm, vm)}; last: ${newest?.migrationId ?? 'never moved'} ${newest?.state ?? ''} ${newest?.outcome ?? ''}`;
    }
    return undefined;
  },
};
