// I2: a whole copy of the guest is never destroyed by evenkeel while it is the only one.
import type { Invariant } from '../scene.ts';

export const lastCopyStays: Invariant = {
  id: 'I2',
  claim: 'the last whole copy of a guest is never destroyed',
  step: (_scene, news) => {
    for (const fact of news)
      if (fact.kind === 'act' && fact.act === 'destroy' && fact.isWhole && fact.wholeElsewhere.length === 0)
        return `the only whole copy of VM ${fact.vmUuid} was destroyed on ${fact.hostId}`;
    return undefined;
  },
};
