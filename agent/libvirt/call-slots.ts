// Carries the calls of one connection: few are in flight at once, the others wait, and each reply finds its call by serial.
import { LibvirtConnectionError, LibvirtError, LibvirtProtocolError } from './errors.ts';
import { PacketStatus, type Packet } from './packet.ts';
import { Procedure, type ProcedureName } from './procedures.ts';
import { XdrReader } from './xdr.ts';

/**
 * Calls in flight on one connection. At 5 (max_client_requests) libvirtd stops reading the socket, keepalive answers
 * included, and then closes the connection for silence.
 */
const SLOTS = 4;
/** Calls that may wait for a slot: many times what an agent needs, few enough to expose a runaway caller. */
const QUEUE_MAX = 256;

interface PendingCall {
  readonly name: ProcedureName;
  readonly payload: Buffer;
  /** Throws only what must end the connection. */
  readonly settle: (packet: Packet) => void;
  readonly fail: (error: Error) => void;
  /** Abandoned by its caller; the server still works on it. */
  overdue: boolean;
}

export class CallSlots {
  readonly #where: string;
  readonly #send: (name: ProcedureName, serial: number, payload: Buffer) => void;
  /** Sent and not answered, by serial. Overdue calls stay: the server still counts them. */
  readonly #active = new Map<number, PendingCall>();
  readonly #queue: PendingCall[] = [];
  #serial = 0;

  constructor(where: string, send: (name: ProcedureName, serial: number, payload: Buffer) => void) {
    this.#where = where;
    this.#send = send;
  }

  /** Every slot is held by an overdue call. */
  get isSuspect(): boolean {
    return this.#active.size === SLOTS && [...this.#active.values()].every((call) => call.overdue);
  }

  /** Sends a call as soon as a slot is free, and reads its reply. Its caller stops waiting when the signal aborts. */
  submit<T>(
    name: ProcedureName,
    payload: Buffer,
    readReply: (reader: XdrReader) => T,
    signal: AbortSignal,
  ): Promise<T> {
    if (this.#queue.length >= QUEUE_MAX) {
      throw new LibvirtConnectionError(
        `libvirt ${name}: ${QUEUE_MAX} calls already wait for ${this.#where}; not sent, try again later`,
      );
    }
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        this.#giveUp(call);
        const reason: unknown = signal.reason;
        reject(reason instanceof Error ? reason : new Error(`libvirt ${name}: aborted`, { cause: reason }));
      };
      const call: PendingCall = {
        name,
        payload,
        overdue: false,
        settle: (packet) => {
          signal.removeEventListener('abort', onAbort);
          try {
            resolve(readAnswer(name, packet, readReply));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            if (!(error instanceof LibvirtError)) {
              throw error;
            }
          }
        },
        fail: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(call);
      this.#sendQueued();
    });
  }

  /** Settles the call that the reply answers, and frees its slot. Throws only what must end the connection. */
  onReply(packet: Packet): void {
    const call = this.#active.get(packet.serial);
    if (call === undefined || Procedure[call.name] !== packet.procedure) {
      throw new LibvirtProtocolError(
        `reply of procedure ${packet.procedure} to serial ${packet.serial}, which matches no call in flight`,
      );
    }
    this.#active.delete(packet.serial);
    if (!call.overdue) {
      call.settle(packet);
    }
    this.#sendQueued();
  }

  /** Fails every call, in flight or waiting. */
  failAll(reason: Error): void {
    for (const call of this.#active.values()) {
      call.fail(unanswered(call, reason, true));
    }
    for (const call of this.#queue) {
      call.fail(unanswered(call, reason, false));
    }
    this.#active.clear();
    this.#queue.length = 0;
  }

  nextSerial(): number {
    // Serials are u32 and wrap around; the call that used this one last may still be running.
    do {
      this.#serial = (this.#serial + 1) >>> 0;
    } while (this.#serial === 0 || this.#active.has(this.#serial));
    return this.#serial;
  }

  #giveUp(call: PendingCall): void {
    call.overdue = true;
    const at = this.#queue.indexOf(call);
    if (at !== -1) {
      this.#queue.splice(at, 1);
    }
  }

  #sendQueued(): void {
    while (this.#active.size < SLOTS) {
      const call = this.#queue.shift();
      if (call === undefined) {
        return;
      }
      const serial = this.nextSerial();
      this.#active.set(serial, call);
      this.#send(call.name, serial, call.payload);
    }
  }
}

function unanswered(call: PendingCall, reason: Error, sent: boolean): LibvirtConnectionError {
  const outcome = sent ? 'its outcome is unknown' : 'it was not sent';
  return new LibvirtConnectionError(`libvirt ${call.name}: ${reason.message}; ${outcome}`, {
    sent,
    cause: reason,
  });
}

function readAnswer<T>(name: ProcedureName, packet: Packet, readReply: (reader: XdrReader) => T): T {
  const reader = new XdrReader(packet.payload);
  switch (packet.status) {
    case PacketStatus.ok: {
      const reply = readReply(reader);
      reader.end();
      return reply;
    }
    case PacketStatus.error:
      throw readError(reader);
    default:
      throw new LibvirtProtocolError(`reply to ${name} with status ${packet.status}, must be 0 or 1`);
  }
}

/** remote_error of remote_protocol.x. The fields after the level only repeat parts of the message. */
function readError(reader: XdrReader): LibvirtError {
  const code = reader.int();
  const domain = reader.int();
  const message = reader.optionalString();
  const level = reader.int();
  return new LibvirtError(code, domain, level, message ?? `libvirt error ${code} without a message`);
}
