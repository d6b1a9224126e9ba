// Keeps the history of VMs in JetStream, a page for each host, so that a scheduler that starts or takes over has it at once.
import { isAborted, pause, type Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import type { Logger } from '../shared/log.ts';
import { MINUTE_MS } from '../shared/units.ts';
import { History, readPage } from './cluster/history.ts';
import { vmsOf, type ClusterView } from './cluster/view.ts';
import { changeKey, decodeJson, encodeJson, type Store } from './store.ts';

// A slot is five minutes long: looking each minute writes it soon enough, long before its samples leave JetStream.
const LOOK_EVERY_MS = MINUTE_MS;

/** Reads all pages that are there. */
export async function readHistory(store: Store, logger: Logger): Promise<History> {
  const history = new History();
  const reading = new AbortController();
  const onEnd = (error: unknown): void => {
    logger.warn({ cause: messageOf(error) }, 'cannot read the history of VMs; it is gathered anew');
  };
  const take = (key: string, value: Uint8Array | undefined): void => {
    if (value === undefined) return;
    try {
      history.restore(readPage(decodeJson(value)));
    } catch (error) {
      logger.warn({ hostId: key, cause: messageOf(error) }, 'page of the history of VMs left out');
    }
  };
  await store.follow(
    '>',
    ({ key, value }) => {
      take(key, value);
    },
    { signal: reading.signal, onEnd },
  );
  reading.abort();
  return history;
}

/** Writes the pages whenever a slot has become whole, until the signal aborts. */
export async function keepHistory(
  {
    history,
    view,
    store,
    clock,
    logger,
  }: {
    readonly history: History;
    readonly view: ClusterView;
    readonly store: Store;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  let writtenSlot = history.newestSlot;
  while (!isAborted(signal)) {
    await pause(clock, LOOK_EVERY_MS, signal);
    const { newestSlot } = history;
    if (isAborted(signal) || newestSlot <= writtenSlot) continue;
    try {
      history.keepOnly((uuid) => view.vms.has(uuid));
      for (const host of view.hosts.values()) {
        const page = encodeJson(history.page(vmsOf(view, host).map(({ uuid }) => uuid)));
        await changeKey(store, host.hostId, () => page);
      }
      writtenSlot = newestSlot;
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, 'history of VMs not kept; tried again in a minute');
    }
  }
}
