// I17: just before the copy began the target itself was asked whether it can take the VM.
import type { Invariant } from '../scene.ts';

// Checks (10 s), guarding, a slow journal, and measuring the dirty rate.
const JUST_BEFORE_MS = 60_000;

export const checkedFirst: Invariant = {
  id: 'I17',
  claim: 'the target is checked just before the copy',
  step: ({ history }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'act' || fact.act !== 'start') continue;
      const check = history.facts.findLast(
        (other) =>
          other.kind === 'rpc' &&
          other.method === 'CheckTarget' &&
          other.phase === 'answered' &&
          other.vmUuid === fact.vmUuid &&
          other.to.endsWith(fact.targetHostId.slice(1)),
      );
      if (check === undefined || fact.atMs - check.atMs > JUST_BEFORE_MS)
        return `the copy of VM ${fact.vmUuid} to ${fact.targetHostId} began without a check`;
    }
    return undefined;
  },
};
