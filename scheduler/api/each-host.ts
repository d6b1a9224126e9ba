// Asks many hosts the same, in parallel and within a deadline.
import type { WaitOptions } from '../../shared/clock.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { HostView } from '../cluster/view.ts';

// Asking a thousand agents at once would open a thousand connections at the same moment.
const ASK_AT_ONCE = 32;
const ASK_TIMEOUT_MS = 5 * SECOND_MS;

/** A host that did not answer, and why. */
export interface Silent {
  readonly host: HostView;
  readonly error: unknown;
}

/** Returns the hosts for which `ask` failed. Rejects only on abort. */
export async function eachHost(
  hosts: readonly HostView[],
  signal: AbortSignal,
  ask: (host: HostView, wait: WaitOptions) => Promise<void>,
): Promise<Silent[]> {
  const silent: Silent[] = [];
  const rest = hosts.values();
  const worker = async (): Promise<void> => {
    // The workers share one iterator: each takes the next host when it is free.
    for (const host of rest)
      try {
        await ask(host, { signal, timeoutMs: ASK_TIMEOUT_MS });
      } catch (error) {
        silent.push({ host, error });
      }
  };
  await Promise.all(Array.from({ length: Math.min(ASK_AT_ONCE, hosts.length) }, worker));
  signal.throwIfAborted();
  return silent;
}
