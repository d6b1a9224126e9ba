// Asks hosts what they have now: what was set up since their last look is in no report yet.
import type { Core } from '../core.ts';
import { learnFacts } from '../cluster/view.ts';
import { eachHost } from './each-host.ts';

/** Takes what they answer into the view. One that does not answer stays as its last report shows it. */
export async function refreshFacts(
  core: Core,
  hostIds: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const hosts = [...core.view.hosts.values()].filter(({ hostId }) => hostIds.has(hostId));
  await eachHost(hosts, signal, async ({ hostId }, wait) => {
    const answer = await core.agents.of(hostId).getHost(wait);
    if (answer.hostId === hostId && answer.facts !== null) learnFacts(core.view, hostId, answer.facts);
  });
}
