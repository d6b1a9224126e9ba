// I16: no guest stops because a scheduler or an agent dies, and evenkeel never stops a running guest.
import type { Invariant } from '../scene.ts';

export const guestsLiveOn: Invariant = {
  id: 'I16',
  claim: 'neither a crash nor an act of evenkeel stops a guest',
  step: (_scene, news) => {
    const crash = news.find((fact) => fact.kind === 'note' && fact.what === 'crash');
    for (const fact of news) {
      if (fact.kind !== 'copy' || fact.from !== 'running' || fact.to === 'running') continue;
      if (crash?.kind === 'note' && fact.by === 'agent')
        return `VM ${fact.vmUuid} stopped running on ${fact.hostId} with the crash of ${crash.where}`;
      if (fact.by === 'agent' && fact.running.length === 0)
        return `the running VM ${fact.vmUuid} was stopped on ${fact.hostId}`;
    }
    return undefined;
  },
};
