// I5: an agent that has answered under one epoch of a VM carries out nothing under a lower one afterwards.
import type { Fact, RpcFact } from '../facts.ts';
import type { Invariant, Scene } from '../scene.ts';

export const epochsFence: Invariant = {
  id: 'I5',
  claim: 'lower epochs are refused',
  step: (scene, news) => {
    for (const fact of news) {
      const done = doneUnder(scene, fact);
      if (done === undefined) continue;
      const seen = highestBefore(scene, done);
      if (seen !== undefined)
        return `${done.to} did ${done.method} ${done.detail} under epoch ${done.epoch} after epoch ${seen.epoch}`;
    }
    return undefined;
  },
};

/** The call under which the fact's action was done. */
function doneUnder({ history }: Scene, fact: Fact): RpcFact | undefined {
  if (fact.kind === 'rpc' && fact.phase === 'done' && fact.epoch > 0 && fact.method !== 'Migrate')
    return fact;
  if (fact.kind !== 'act' || fact.act !== 'start') return undefined;
  return history.facts.findLast(
    (other): other is Fact & RpcFact =>
      other.kind === 'rpc' &&
      other.phase === 'arrived' &&
      other.method === 'Migrate' &&
      other.vmUuid === fact.vmUuid &&
      other.to.endsWith(fact.hostId.slice(1)),
  );
}

/** A call of a higher epoch that the agent had answered: before this one arrived or, for acts, before this one was done. */
function highestBefore({ history }: Scene, done: RpcFact): RpcFact | undefined {
  const { callId, to, vmUuid, epoch, method } = done;
  const isAct = method === 'SettleVm' || method === 'Migrate';
  const arrivedAt = isAct
    ? history.facts.length
    : history.facts.findLastIndex(
        (fact) => fact.kind === 'rpc' && fact.callId === callId && fact.phase === 'arrived',
      );
  for (let at = 0; at < arrivedAt; at += 1) {
    const fact = history.facts[at];
    if (
      fact?.kind === 'rpc' &&
      fact.phase === 'done' &&
      fact.method !== 'Migrate' &&
      fact.to === to &&
      fact.vmUuid === vmUuid &&
      fact.epoch > epoch
    )
      return fact;
  }
  return undefined;
}
