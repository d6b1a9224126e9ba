// Follows a key-value bucket: first what it holds, then each change, handed over one by one and in order.
import { setImmediate as turn } from 'node:timers/promises';
import type { KV, KvEntry } from 'nats';

/**
 * Calls `take` for each entry of `key` ("*" or "prefix.>") and for each later change until the signal aborts.
 * Resolves once all that was stored at the start has been taken. `onEnd` hears when following ends by a failure.
 */
export async function followKv(
  kv: KV,
  key: string,
  take: (entry: KvEntry) => void,
  { signal, onEnd }: { signal: AbortSignal; onEnd: (error: unknown) => void },
): Promise<void> {
  let markInitialized: () => void = () => undefined;
  const initialized = new Promise<void>((resolve) => {
    markInitialized = resolve;
  });
  const watch = await kv.watch({ key, initializedFn: markInitialized });
  const stop = (): void => {
    watch.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let taken = 0;
  const follow = async (): Promise<void> => {
    for await (const entry of watch) {
      take(entry);
      taken += 1;
    }
  };
  follow()
    .catch(onEnd)
    .finally(() => {
      signal.removeEventListener('abort', stop);
    });
  await initialized;
  // The client may tell that all has arrived before the loop above has seen it.
  const stored = watch.getReceived();
  while (taken < stored && !signal.aborted) await turn();
}
