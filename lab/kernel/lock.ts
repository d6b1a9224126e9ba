// Runs one lab command at a time, by a lock that the kernel releases however its holder dies.
import { createServer, type Server } from 'node:net';
import { systemClock } from '../../shared/clock.ts';

/** An abstract socket: no file is left behind. */
const lockName = '\0evenkeel-lab';

/** Waits for the lock and runs `work` under it. */
export async function withLock<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const server = await acquire(timeoutMs);
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function acquire(timeoutMs: number): Promise<Server> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  let announced = false;
  for (;;) {
    const server = await tryListen();
    if (server !== undefined) return server;
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(
        `another lab command is still running after ${timeoutMs} ms; wait for its end, then try again`,
      );
    }
    if (!announced) console.error('lab: waiting for another lab command to end');
    announced = true;
    await systemClock.sleep(500);
  }
}

function tryListen(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(lockName, () => {
      server.unref();
      resolve(server);
    });
  });
}
