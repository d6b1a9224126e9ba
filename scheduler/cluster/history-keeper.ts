// Stores the history of VMs in JetStream, a page for each host, so that a scheduler that starts or takes over has it immediately.
import { isAborted, pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';
import { History, readPage } from '../load/history.ts';
import { vmsOf, type ClusterView } from './view.ts';
import { changeKey, decodeJson, encodeJson, type Store } from '../store/store.ts';

/** How long a page is kept after its last write: twice the time it covers. */
export const KEEP_HISTORY_MS = 2 * HOUR_MS;
// A period is five minutes long: checking every minute stores it long before its samples leave JetStream.
const LOOK_EVERY_MS = MINUTE_MS;

/** Reads all pages that are there; one that is damaged is left out and gathered again within the hour. */
export async function readHistory(store: Store): Promise<History> {
  const history = new History();
  const reading = new AbortController();
  await store.follow(
    '>',
    ({ value }) => {
      if (value !== undefined) history.restore(readPage(decodeJson(value)));
    },
    reading.signal,
  );
  reading.abort();
  return history;
}

export interface HistoryParts {
  readonly history: History;
  readonly view: ClusterView;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Stores the pages whenever a period is complete, until the signal aborts. */
export async function keepHistory(parts: HistoryParts, signal: AbortSignal): Promise<void> {
  const { history, clock, logger } = parts;
  let writtenPeriod = history.newestPeriod;
  while (await pause(clock, LOOK_EVERY_MS, signal)) {
    const { newestPeriod } = history;
    if (newestPeriod <= writtenPeriod) continue;
    try {
      await writePages(parts, signal);
      writtenPeriod = newestPeriod;
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, 'cannot store the history of VMs; trying again in a minute');
    }
  }
}

async function writePages({ history, view, store }: HistoryParts, signal: AbortSignal): Promise<void> {
  for (const host of [...view.hosts.values()]) {
    if (isAborted(signal)) return;
    const page = encodeJson(history.page(vmsOf(view, host).map(({ uuid }) => uuid)));
    await changeKey(store, host.hostId, () => page);
  }
}
