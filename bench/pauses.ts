// Measures how long migrations pause a guest, by events of both libvirts on one clock: suspended, resumed.
import { connect, type Connection } from '../agent/libvirt/connection.ts';
import { registerEvents, type LibvirtEvent } from '../agent/libvirt/events.ts';
import { libvirtSocket } from '../lab/hosts/control.ts';
import type { HostName } from '../lab/topology.ts';
import { systemClock } from '../shared/clock.ts';

const TIMEOUT_MS = 10_000;
const LOOK_MS = 5;

interface Change {
  readonly host: HostName;
  readonly vm: string;
  readonly change: 'suspended' | 'resumed';
  readonly atMs: number;
}

export class PauseWatch {
  readonly #connections: Connection[] = [];
  readonly #changes: Change[] = [];

  /** Listens on the lab's hosts; their events arrive over sockets of this machine, within a millisecond. */
  static async open(hosts: readonly HostName[]): Promise<PauseWatch> {
    const watch = new PauseWatch();
    for (const host of hosts) {
      const target = { kind: 'unix', path: await libvirtSocket(host) } as const;
      const wait = { timeoutMs: TIMEOUT_MS };
      const options = { uri: 'qemu:///system', readOnly: false, clock: systemClock, ...wait };
      const connection = await connect(target, options);
      watch.#connections.push(connection);
      const take = (event: LibvirtEvent | { readonly kind: 'connectionClosed' }): void => {
        if (event.kind !== 'lifecycle') return;
        const { change, domain } = event;
        if (change !== 'suspended' && change !== 'resumed') return;
        watch.#changes.push({ host, vm: domain.name, change, atMs: systemClock.monotonicMs() });
      };
      await registerEvents(connection, ['lifecycle'], take, wait);
    }
    return watch;
  }

  /** The pause of the migration that has just ended. */
  async pauseMs(vm: string, from: HostName, to: HostName): Promise<number> {
    const deadlineMs = systemClock.monotonicMs() + TIMEOUT_MS;
    while (systemClock.monotonicMs() < deadlineMs) {
      const last = (host: HostName, change: Change['change']): Change | undefined =>
        this.#changes.findLast((seen) => seen.host === host && seen.vm === vm && seen.change === change);
      const [suspended, resumed] = [last(from, 'suspended'), last(to, 'resumed')];
      if (suspended !== undefined && resumed !== undefined && resumed.atMs >= suspended.atMs) {
        this.#changes.length = 0;
        return resumed.atMs - suspended.atMs;
      }
      await systemClock.sleep(LOOK_MS);
    }
    throw new Error(`libvirt reported no pause of ${vm} between ${from} and ${to}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}
