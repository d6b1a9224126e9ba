// I10: in the end a VM is defined only on the host that has it; nothing is left behind on the other.
import { isEnded, isForOperator, newestOf, whereabouts, type Invariant, type Scene } from '../scene.ts';

export const oneDefinition: Invariant = {
  id: 'I10',
  claim: 'exactly one persistent definition',
  end: (scene) => {
    const { kvm } = scene;
    for (const vm of kvm.vms.values()) {
      const newest = newestOf(scene, vm.uuid);
      if (newest !== undefined && isForOperator(newest)) continue;
      const defined = [...kvm.hosts.values()].filter(({ definitions }) => definitions.has(vm.uuid));
      if (defined.length !== 1 && !isDismissed(scene, vm.uuid))
        return `VM ${vm.uuid} is defined on ${defined.length} hosts: ${whereabouts(kvm, vm)}; last: ${newest?.migrationId ?? 'never moved'} ${newest?.state ?? ''} ${newest?.outcome ?? ''}`;
    }
    return undefined;
  },
};

/** An operator took it over while its place was unknown: where it belongs is then the operator's decision. */
function isDismissed({ history }: Scene, vmUuid: string): boolean {
  const undecided = new Set<string>();
  for (const fact of history.facts) {
    if (fact.kind !== 'record' || fact.migration.vmUuid !== vmUuid) continue;
    const { migration } = fact;
    if (isForOperator(migration)) undecided.add(migration.migrationId);
    // A migration that evenkeel resolves by itself passes through VERIFYING before it ends.
    else if (undecided.delete(migration.migrationId) && isEnded(migration)) return true;
  }
  return false;
}
