// How the agent's commands reach libvirt: one shared connection for what is quick, one of its own for what is long.
import type { Clock } from '../shared/clock.ts';
import type { LibvirtSettings } from './config.ts';
import { connect, type Connection } from './libvirt/connection.ts';
import { LibvirtSession } from './libvirt/session.ts';

export interface LibvirtAccess {
  /** Over the shared connection, for questions that are answered at once. */
  shared<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Over a connection of its own: what may take long must not hold one of the four slots of the others. */
  own<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Deadline of one quick call. */
  readonly timeoutMs: number;
  stop(): Promise<void>;
}

/** Starts the session for commands; it comes up when libvirt does. */
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
      // Suspect: all its slots wait for guests that are stuck. Absent: the session may wait longer than it must.
      return connection === undefined || connection.isSuspect ? await own(work) : await work(connection);
    },
    stop: () => session.stop(),
  };
}
