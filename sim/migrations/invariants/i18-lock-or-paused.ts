// I18: the copy of a guest without a proven lock arrives paused.
import type { Invariant } from '../scene.ts';

export const lockOrPaused: Invariant = {
  id: 'I18',
  claim: 'without a lock, a copy arrives paused',
  step: ({ kvm }, news) => {
    for (const fact of news)
      if (
        fact.kind === 'act' &&
        fact.act === 'start' &&
        !fact.arrivesPaused &&
        !kvm.vm(fact.vmUuid).isLockable
      )
        return `VM ${fact.vmUuid} has no lock and its copy was to run immediately on ${fact.targetHostId}`;
    return undefined;
  },
};
