// Listens in on a connection to libvirtd, so that a test can wait for what the daemon sends by itself.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PacketSplitter } from '../../../agent/libvirt/packet.ts';
import type { LibvirtTarget } from '../../../agent/libvirt/transport.ts';
import { until } from '../../until.ts';

/** virkeepaliveprotocol.x */
export const Keepalive = { program: 0x6b656570, ping: 1, pong: 2 } as const;

export interface Overheard {
  /** Connects to the same daemon. */
  readonly target: LibvirtTarget;
  /** Resolves after so many more pings of the daemon. */
  readonly pinged: (times: number) => Promise<void>;
}

/** A way to the daemon on which its pings can be counted. */
export async function overhear(t: Test, daemon: LibvirtTarget): Promise<Overheard> {
  if (daemon.kind !== 'unix') throw new Error('only a unix socket is listened in to');
  const directory = mkdtempSync(join(tmpdir(), 'ekhear-'));
  const path = join(directory, 'sock');
  let pings = 0;
  const server = createServer((near) => {
    const far = connectTo(daemon.path);
    const splitter = new PacketSplitter();
    far.on('data', (chunk: Buffer) => {
      splitter.push(chunk, ({ program, procedure }) => {
        if (program === Keepalive.program && procedure === Keepalive.ping) pings += 1;
      });
    });
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy());
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return {
    target: { kind: 'unix', path },
    pinged: async (times) => {
      const enough = pings + times;
      await until(`${times} pings of libvirtd`, () => pings >= enough);
    },
  };
}
