// I18: a guest without a proven lock moves in paused mode or not at all.
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
        return `VM ${fact.vmUuid} has no lock and its copy was to run at once on ${fact.targetHostId}`;
    return undefined;
  },
};
