// Encodes and splits libvirt's packets (virnetprotocol.x): a length word, six header words, a payload.
import { LibvirtProtocolError } from './errors.ts';

export const Program = { remote: 0x20008086, keepalive: 0x6b656570 } as const;
export const PacketType = { call: 0, reply: 1, message: 2 } as const;
export const PacketStatus = { ok: 0, error: 1 } as const;

/** Both programs have always been at version 1. */
const PROGRAM_VERSION = 1;
const LENGTH_BYTES = 4;
const HEADER_BYTES = 24;
const PACKET_BYTES_MIN = LENGTH_BYTES + HEADER_BYTES;
/** VIR_NET_MESSAGE_MAX (32 MiB) and the length word. The server closes the socket on anything longer. */
const PACKET_BYTES_MAX = 33_554_432 + LENGTH_BYTES;

export interface PacketHeader {
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

export interface Packet extends PacketHeader {
  /** A view of the receive buffer: read it before the next event-loop turn and keep no part of it. */
  readonly payload: Buffer;
}

export function encodePacket(header: PacketHeader, payload: Uint8Array): Buffer {
  const length = PACKET_BYTES_MIN + payload.length;
  if (length > PACKET_BYTES_MAX) {
    throw new RangeError(`call of ${length} bytes: libvirt accepts at most ${PACKET_BYTES_MAX}`);
  }
  const packet = Buffer.allocUnsafe(length);
  packet.writeUInt32BE(length, 0);
  packet.writeUInt32BE(header.program, 4);
  packet.writeUInt32BE(PROGRAM_VERSION, 8);
  packet.writeInt32BE(header.procedure, 12);
  packet.writeInt32BE(header.type, 16);
  packet.writeUInt32BE(header.serial, 20);
  packet.writeInt32BE(header.status, 24);
  packet.set(payload, PACKET_BYTES_MIN);
  return packet;
}

/** Cuts a byte stream into packets. Holds at most one incomplete packet, and only bytes that have arrived. */
export class PacketSplitter {
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Length of the packet being collected, 0 until its length word is complete. */
  #wanted = 0;

  /** Passes every packet that `chunk` completes to `receive`. Throws LibvirtProtocolError on an impossible length. */
  push(chunk: Buffer, receive: (packet: Packet) => void): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < Math.max(this.#wanted, LENGTH_BYTES)) {
      return;
    }
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#buffered);
    this.#wanted = 0;
    while (rest.length >= LENGTH_BYTES) {
      const length = packetLength(rest);
      if (rest.length < length) {
        this.#wanted = length;
        break;
      }
      receive(decodePacket(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
  }
}

function packetLength(buffer: Buffer): number {
  const length = buffer.readUInt32BE(0);
  if (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX) {
    throw new LibvirtProtocolError(
      `packet of ${length} bytes, must be ${PACKET_BYTES_MIN} to ${PACKET_BYTES_MAX}: is this a libvirt socket?`,
    );
  }
  return length;
}

function decodePacket(bytes: Buffer): Packet {
  const version = bytes.readUInt32BE(8);
  if (version !== PROGRAM_VERSION) {
    throw new LibvirtProtocolError(`packet of program version ${version}, must be ${PROGRAM_VERSION}`);
  }
  return {
    program: bytes.readUInt32BE(4),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    payload: bytes.subarray(PACKET_BYTES_MIN),
  };
}
