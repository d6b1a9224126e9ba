// I12: never more migrations out of a host, into a host or in the cluster than there are slots.
import type { Invariant, Scene } from '../scene.ts';

export const slotsHold: Invariant = {
  id: 'I12',
  claim: 'slots are never exceeded',
  step: (scene, news) => {
    for (const fact of news)
      if (fact.kind === 'act' && fact.act === 'start') {
        const exceeded = findExceeded(scene, fact.hostId, fact.targetHostId);
        if (exceeded !== undefined) return `with the copy of VM ${fact.vmUuid}: ${exceeded}`;
      }
    return undefined;
  },
};

function findExceeded(
  { libvirt, limits }: Scene,
  sourceHostId: string,
  targetHostId: string,
): string | undefined {
  const all = libvirt.transfers.filter(({ isSending }) => isSending);
  const outs = all.filter(({ source }) => source.hostId === sourceHostId).length;
  const ins = all.filter(({ target }) => target.hostId === targetHostId).length;
  if (outs > limits.outPerHost) return `${outs} out of ${sourceHostId}`;
  if (ins > limits.inPerHost) return `${ins} into ${targetHostId}`;
  if (all.length > limits.concurrentMax) return `${all.length} in the cluster`;
  return undefined;
}
