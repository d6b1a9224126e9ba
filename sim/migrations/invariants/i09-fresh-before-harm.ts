// I9: before a scheduler orders a destruction it has seen both sides, under the same epoch, within the last two seconds.
import type { Fact, RpcFact } from '../facts.ts';
import type { Invariant, Scene } from '../scene.ts';

const FRESH_MS = 2_000;

export const freshBeforeHarm: Invariant = {
  id: 'I9',
  claim: 'nothing is destroyed without fresh observations of both sides',
  step: (scene, news) => {
    for (const fact of news) {
      const isHarm =
        fact.kind === 'rpc' &&
        fact.phase === 'sent' &&
        fact.method === 'SettleVm' &&
        (fact.detail === 'destroy' || fact.detail === 'undefine');
      if (!isHarm) continue;
      const seen = seenBy(scene, fact);
      if (seen.size < 2)
        return `${fact.from} ordered to ${fact.detail} VM ${fact.vmUuid} on ${fact.to} having seen ${[...seen].join(', ') || 'nothing'}`;
    }
    return undefined;
  },
};

/** Agents whose observation of the VM reached the scheduler in time. */
function seenBy({ history }: Scene, order: Fact & RpcFact): Set<string> {
  const answered = new Set<number>();
  const seen = new Set<string>();
  for (let at = history.facts.length - 1; at >= 0; at -= 1) {
    const fact = history.facts[at];
    if (fact === undefined || order.atMs - fact.atMs > FRESH_MS) break;
    if (fact.kind !== 'rpc' || fact.from !== order.from || fact.method !== 'ObserveVm') continue;
    if (fact.vmUuid !== order.vmUuid || fact.epoch !== order.epoch) continue;
    if (fact.phase === 'answered') answered.add(fact.callId);
    if (fact.phase === 'done' && answered.has(fact.callId)) seen.add(fact.to);
  }
  return seen;
}
