// A peer that speaks libvirt's protocol as far as a test says, also against its rules.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  encodePacket,
  PacketSplitter,
  type Packet,
  type PacketHeader,
} from '../../../agent/libvirt/packet.ts';
import { Procedure } from '../../../agent/libvirt/procedures.ts';
import type { LibvirtTarget } from '../../../agent/libvirt/transport.ts';
import { XdrWriter } from '../../../agent/libvirt/xdr.ts';
import { systemClock } from '../../../shared/clock.ts';

export type Answer = (
  packet: Packet,
  send: (header: Partial<PacketHeader>, payload?: Buffer) => void,
  socket: Socket,
) => void;

/** With these a test connects to the peer. */
export const PEER_OPTIONS = { uri: 'x:///', readOnly: false, clock: systemClock, timeoutMs: 20_000 };

export const AuthType = { none: 0, sasl: 1, polkit: 2 } as const;

/** A peer that opens a connection correctly, offers one way to log in, and answers other calls as the test says. */
export async function startPeer(
  t: Test,
  answer: Answer,
  authType: number = AuthType.none,
): Promise<LibvirtTarget> {
  const directory = mkdtempSync(join(tmpdir(), 'ekpeer-'));
  const path = join(directory, 'sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const splitter = new PacketSplitter();
    socket.on('data', (chunk: Buffer) => {
      splitter.push(chunk, (packet) => {
        const send = (header: Partial<PacketHeader>, payload: Buffer = Buffer.alloc(0)): void => {
          const { program, procedure, serial } = packet;
          socket.write(encodePacket({ program, procedure, serial, type: 1, status: 0, ...header }, payload));
        };
        if (packet.procedure === Procedure.authList) {
          send({}, new XdrWriter().uint(1).int(authType).finish());
        } else if (packet.procedure === Procedure.connectSupportsFeature) {
          send({}, new XdrWriter().int(1).finish());
        } else if (packet.procedure === Procedure.connectOpen) {
          send({});
        } else {
          answer(packet, send, socket);
        }
      });
    });
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { kind: 'unix', path };
}
