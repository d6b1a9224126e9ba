// I8: a recorded outcome names the host that has the guest; unknown is never recorded as something else.
import { causeWord } from '../../../shared/cause-word.ts';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { isEnded, newestOf, whereabouts, type Invariant, type Scene } from '../scene.ts';

export const recordIsTrue: Invariant = {
  id: 'I8',
  claim: 'the recorded host is the host with the running copy',
  step: (scene, news) => {
    for (const fact of news)
      if (fact.kind === 'record' && isEnded(fact.migration)) {
        const wrong = findWrong(scene, fact.migration);
        if (wrong !== undefined) return wrong;
      }
    return undefined;
  },
  end: (scene) => {
    for (const { uuid } of scene.kvm.vms.values()) {
      const newest = newestOf(scene, uuid);
      const wrong = newest !== undefined && isEnded(newest) ? findWrong(scene, newest) : undefined;
      if (wrong !== undefined) return `in the end: ${wrong}`;
    }
    return undefined;
  },
};

function findWrong({ kvm }: Scene, migration: Migration): string | undefined {
  const vm = kvm.vm(migration.vmUuid);
  // A migration that ended before its copy was ordered says nothing about where the VM is.
  if (vm.endedBy !== undefined || migration.startedAtMs === 0) return undefined;
  const runsOn = kvm.runningOn(vm.uuid);
  const isCrash = migration.state === 'MIGRATION_STATE_CRASHED';
  const said =
    migration.state === 'MIGRATION_STATE_SUCCEEDED' ? migration.targetHostId : migration.sourceHostId;
  if (!isCrash && runsOn.includes(said)) return undefined;
  return `${migration.migrationId} was recorded ${migration.state} (${causeWord(migration.causeCode)}): ${whereabouts(kvm, vm)}`;
}
