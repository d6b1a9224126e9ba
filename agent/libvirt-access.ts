// Gives the agent's commands their libvirt connections: a shared one for quick calls, a separate one for long work.
import type { Clock } from '../shared/clock.ts';
import type { LibvirtSettings } from './config.ts';
import { connect, type Connection } from './libvirt/connection.ts';
import { LibvirtSession } from './libvirt/session.ts';

export interface LibvirtAccess {
  /** Over the shared connection, for calls that libvirt answers at once. */
  shared<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Over a separate connection: work that may take long must not hold one of the four slots of the shared one. */
  own<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Deadline of one quick call. */
  readonly timeoutMs: number;
  stop(): Promise<void>;
}

/** Starts the shared session, which connects as soon as libvirt is there. */
export function startLibvirtAccess(
  { uri, socket, timeoutMs }: LibvirtSettings,
  clock: Clock,
  random: () => number,
): LibvirtAccess {
  const target = { kind: 'unix', path: socket } as const;
  const session = new LibvirtSession({
    target,
    uri,
    readOnly: false,
    clock,
    random,
  });
  session.start();
  const own = async <T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const connection = await connect(target, {
      uri,
      readOnly: false,
      clock,
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  };
  return {
    timeoutMs,
    own,
    shared: async (work) => {
      const connection = session.connection();
      // Suspect: stuck guests hold all its slots. Absent: the session may be in a long backoff, so try at once.
      return connection === undefined || connection.isSuspect ? await own(work) : await work(connection);
    },
    stop: () => session.stop(),
  };
}
