// I19: post-copy happens only where the VM opted in; a guest that is spread over two hosts is neither destroyed nor resumed.
import { PausedReason, RunningReason } from '../../../agent/libvirt/constants.ts';
import type { Invariant } from '../scene.ts';

const SPREAD: readonly number[] = [PausedReason.postCopy, PausedReason.postCopyFailed];
const SPREAD_RUNNING: readonly number[] = [RunningReason.postCopy, RunningReason.postCopyFailed];

export const postCopyIsSacred: Invariant = {
  id: 'I19',
  claim: 'post-copy is opt-in, and nothing is done to it',
  step: ({ kvm }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'act') continue;
      if (fact.act === 'post-copy' && !kvm.vm(fact.vmUuid).mayPostCopy)
        return `VM ${fact.vmUuid} was switched to post-copy and never opted in`;
      if (fact.act !== 'destroy' && fact.act !== 'resume') continue;
      for (const hostId of kvm.hosts.keys()) {
        const copy = kvm.copy(hostId, fact.vmUuid);
        const reasons = copy?.state === 'running' ? SPREAD_RUNNING : SPREAD;
        if (copy !== undefined && reasons.includes(copy.reason))
          return `VM ${fact.vmUuid} is in post-copy and was told to ${fact.act} on ${fact.hostId}`;
      }
    }
    return undefined;
  },
};
