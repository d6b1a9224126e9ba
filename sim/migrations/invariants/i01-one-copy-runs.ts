// I1: at most one copy of a VM has running vCPUs, at every instant.
import type { Invariant } from '../scene.ts';

export const oneCopyRuns: Invariant = {
  id: 'I1',
  claim: 'at most one copy of a VM runs',
  step: (_scene, news) => {
    for (const fact of news)
      if (fact.kind === 'copy' && fact.running.length > 1)
        return `VM ${fact.vmUuid} runs on ${fact.running.join(' and ')}`;
    return undefined;
  },
};
