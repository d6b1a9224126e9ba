// I15: evenkeel suspends a guest only if another copy of it runs. (QEMU keeps the pause of a switch-over within the VM's limit;
// the fault suite measures that.)
import type { Invariant } from '../scene.ts';

export const neverSuspended: Invariant = {
  id: 'I15',
  claim: 'no guest is suspended to make a copy converge',
  step: (_scene, news) => {
    for (const fact of news)
      if (fact.kind === 'act' && fact.act === 'suspend' && fact.runningElsewhere.length === 0)
        return `VM ${fact.vmUuid} was suspended on ${fact.hostId} while it ran nowhere else`;
    return undefined;
  },
};
