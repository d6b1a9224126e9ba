// Asks now and then what keeps each VM on its host, so that it is known before a move is planned.
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Lifetime, Lifetimes } from './lifetimes.ts';

export interface ObstacleWatchOptions {
  readonly lifetimes: Lifetimes;
  /** Looks at one VM, in bounded time, and notes what keeps it here. */
  readonly look: (vmUuid: string, purpose: 'watch', signal: AbortSignal) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = SECOND_MS;
// Snapshots and jobs come without an event. What is in the way is looked at more often, since an operator waits for it to
// be gone. Before a migration, and before a host is emptied, the question is asked anyway.
const ASK_EVERY_MS = MINUTE_MS;
const ASK_AGAIN_MS = 15 * SECOND_MS;

/** Asks about one VM after another, whichever is due, until the signal aborts. Never rejects because of libvirt. */
export async function watchObstacles(options: ObstacleWatchOptions): Promise<void> {
  const { lifetimes, clock, logger, signal } = options;
  let complaint = '';
  while (await pause(clock, LOOK_EVERY_MS, signal)) {
    for (const [vmUuid, lifetime] of lifetimes.entries()) {
      if (signal.aborted) return;
      if (!lifetime.isAskable || clock.monotonicMs() < dueAtMs(lifetime)) continue;
      // Before the question: an event that comes during it makes the VM due again.
      lifetime.obstaclesAtMs = clock.monotonicMs();
      const cause = await complaintOf(options.look(vmUuid, 'watch', signal));
      if (cause !== '' && cause !== complaint && !isAborted(signal))
        logger.warn({ vmId: vmUuid, cause }, 'cannot tell what keeps a VM on this host');
      complaint = cause;
    }
  }
}

/** Empty when it succeeded. */
function complaintOf(look: Promise<unknown>): Promise<string> {
  return look.then(() => '', messageOf);
}

/** Read again after a wait: it may have changed meanwhile. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function dueAtMs({ obstacles, obstaclesAtMs }: Lifetime): number {
  return obstaclesAtMs + (obstacles.length > 0 ? ASK_AGAIN_MS : ASK_EVERY_MS);
}
