// Speaks libvirt's RPC over one connection: calls with deadlines, events, keepalive both ways. When it ends, pending calls fail.
import type { Socket } from 'node:net';
import { withDeadline, type Clock, type WaitOptions } from '../../shared/clock.ts';
import { CallSlots } from './call-slots.ts';
import { Feature } from './constants.ts';
import { LibvirtConnectionError, LibvirtError, LibvirtProtocolError } from './errors.ts';
import { encodePacket, PacketSplitter, PacketStatus, PacketType, Program, type Packet } from './packet.ts';
import { Procedure, type ProcedureName } from './procedures.ts';
import { describeTarget, openTransport, type LibvirtTarget } from './transport.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

export interface ConnectOptions extends WaitOptions {
  /** The hypervisor that the daemon opens for us: `qemu:///system`, `test:///default`. */
  readonly uri: string;
  /** True on libvirt-sock-ro, where the daemon refuses every change. */
  readonly readOnly: boolean;
  readonly clock: Clock;
  /** Silence after which to ping. Default 5 s, libvirt's own. */
  readonly keepaliveIntervalMs?: number;
  /** Unanswered pings after which the connection is lost. Default 5, libvirt's own: with 5 s, lost after 30 s of silence. */
  readonly keepaliveCount?: number;
}

export interface Connection {
  /**
   * Calls a procedure. Waiting for a free slot counts against the deadline.
   * Throws LibvirtError, LibvirtConnectionError, LibvirtProtocolError, DeadlineError (outcome unknown) or the signal's reason.
   */
  call<T>(
    name: ProcedureName,
    writeArgs: (writer: XdrWriter) => void,
    readReply: (reader: XdrReader) => T,
    wait: WaitOptions,
  ): Promise<T>;
  /** Passes on every event message, undecoded; returns the unsubscribe function. A listener that throws ends the connection. */
  onEvent(listener: EventListener): () => void;
  /** Resolves, never rejects, with the reason as soon as the connection has ended. */
  readonly closed: Promise<Error>;
  readonly isClosed: boolean;
  /** Every slot is held by a call past its deadline: the daemon or a guest is stuck, and further calls would only queue. */
  readonly isSuspect: boolean;
  /** Fails pending calls, sends connectClose and closes the socket. Does not throw. */
  close(): Promise<void>;
}

export type EventListener = (procedure: number, reader: XdrReader) => void;

/** virkeepaliveprotocol.x */
const Keepalive = { ping: 1, pong: 2 } as const;
const KEEPALIVE_INTERVAL_MS = 5000;
const KEEPALIVE_COUNT = 5;
/** How long the daemon may take to answer connectClose before the socket is destroyed. */
const GOODBYE_MS = 1000;
const AUTH_TYPES_MAX = 20;
const AuthType = { none: 0, polkit: 2 } as const;
const OPEN_READ_ONLY = 1;
const EMPTY = Buffer.alloc(0);

/** Connects, logs in and opens the hypervisor; nothing is left behind on failure. */
export async function connect(target: LibvirtTarget, options: ConnectOptions): Promise<Connection> {
  const where = describeTarget(target);
  return withDeadline(options.clock, `connect to libvirt at ${where}`, options, async (signal) => {
    const socket = await openTransport(target, signal);
    const connection = new RpcConnection(socket, where, options);
    try {
      await logIn(connection, where, { signal, timeoutMs: options.timeoutMs });
      await open(connection, options, { signal, timeoutMs: options.timeoutMs });
    } catch (error) {
      connection.abandon();
      throw error;
    }
    return connection;
  });
}

async function logIn(connection: Connection, where: string, wait: WaitOptions): Promise<void> {
  const types = await connection.call(
    'authList',
    () => undefined,
    (reader) => reader.array(AUTH_TYPES_MAX, () => reader.int()),
    wait,
  );
  if (types.includes(AuthType.none)) {
    return;
  }
  if (!types.includes(AuthType.polkit)) {
    throw new LibvirtConnectionError(
      `log in to libvirt at ${where}: it requires authentication type ${types.join(', ')} (1 is SASL), ` +
        `but only none and polkit are supported; set auth_unix_rw, auth_tcp or auth_tls in libvirtd.conf`,
    );
  }
  try {
    await connection.call(
      'authPolkit',
      () => undefined,
      (reader) => reader.int(),
      wait,
    );
  } catch (error) {
    if (error instanceof LibvirtError) {
      throw new LibvirtConnectionError(
        `log in to libvirt at ${where}: ${error.message}; add this user to the group "libvirt", ` +
          `or allow it org.libvirt.unix.manage in polkit`,
        { cause: error },
      );
    }
    throw error;
  }
}

async function open(connection: Connection, options: ConnectOptions, wait: WaitOptions): Promise<void> {
  // Asking for this feature turns on the daemon's own pings; a daemon too old for them answers 0 but still answers ours.
  await connection.call(
    'connectSupportsFeature',
    (writer) => writer.int(Feature.programKeepalive),
    (reader) => reader.int(),
    wait,
  );
  await connection.call(
    'connectOpen',
    (writer) => writer.optionalString(options.uri).uint(options.readOnly ? OPEN_READ_ONLY : 0),
    () => undefined,
    wait,
  );
}

class RpcConnection implements Connection {
  readonly closed: Promise<Error>;
  readonly #socket: Socket;
  readonly #where: string;
  readonly #clock: Clock;
  readonly #splitter = new PacketSplitter();
  readonly #listeners = new Set<EventListener>();
  readonly #calls: CallSlots;
  readonly #over = new AbortController();
  readonly #socketClosed: Promise<void>;
  readonly #keepaliveEnded: Promise<void>;
  #resolveClosed: (reason: Error) => void = () => undefined;
  #ended: Error | undefined;
  /** Something arrived since the keepalive loop last checked. */
  #heard = false;

  constructor(socket: Socket, where: string, options: ConnectOptions) {
    this.#socket = socket;
    this.#where = where;
    this.#clock = options.clock;
    this.#calls = new CallSlots(where, (name, serial, payload) => {
      this.#send(Program.remote, Procedure[name], PacketType.call, serial, payload);
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#socketClosed = new Promise((resolve) => {
      const onClose = (): void => {
        this.#end(this.#lost('the server closed the connection'));
        resolve();
      };
      if (socket.closed) {
        onClose();
      } else {
        socket.once('close', onClose);
      }
    });
    socket.on('error', (error) => {
      this.#end(this.#lost(error.message, error));
    });
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    this.#keepaliveEnded = this.#keepAlive(
      options.keepaliveIntervalMs ?? KEEPALIVE_INTERVAL_MS,
      options.keepaliveCount ?? KEEPALIVE_COUNT,
    );
  }

  get isClosed(): boolean {
    return this.#ended !== undefined;
  }

  get isSuspect(): boolean {
    return this.#calls.isSuspect;
  }

  async call<T>(
    name: ProcedureName,
    writeArgs: (writer: XdrWriter) => void,
    readReply: (reader: XdrReader) => T,
    wait: WaitOptions,
  ): Promise<T> {
    const writer = new XdrWriter();
    writeArgs(writer);
    const payload = writer.finish();
    return withDeadline(this.#clock, `libvirt ${name}`, wait, (signal) => {
      signal.throwIfAborted();
      if (this.#ended !== undefined) {
        throw new LibvirtConnectionError(`libvirt ${name}: ${this.#ended.message}`, { cause: this.#ended });
      }
      return this.#calls.submit(name, payload, readReply, signal);
    });
  }

  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#end(new LibvirtConnectionError(`connection to ${this.#where}: closed by this side`), true);
    await this.#keepaliveEnded;
    const timer = new AbortController();
    const late = this.#clock.sleep(GOODBYE_MS, timer.signal).then(
      () => this.#socket.destroy(),
      () => undefined,
    );
    await this.#socketClosed;
    timer.abort();
    await late;
  }

  /** Closes a connection that never became ready, without connectClose. */
  abandon(): void {
    this.#end(this.#lost('abandoned while it was being opened'));
  }

  #send(program: number, procedure: number, type: number, serial: number, payload: Buffer): void {
    // The slots bound what the socket buffers, so its back-pressure can be ignored.
    this.#socket.write(encodePacket({ program, procedure, type, serial, status: PacketStatus.ok }, payload));
  }

  #onData(chunk: Buffer): void {
    if (this.#ended !== undefined) {
      return;
    }
    this.#heard = true;
    try {
      this.#splitter.push(chunk, (packet) => {
        this.#dispatch(packet);
      });
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Program and type decide first: an event carries serial 1 and would otherwise settle the first call. */
  #dispatch(packet: Packet): void {
    if (this.#ended !== undefined) {
      return;
    }
    const { program, procedure, type } = packet;
    if (program === Program.remote && type === PacketType.reply) {
      this.#calls.onReply(packet);
    } else if (program === Program.remote && type === PacketType.message) {
      for (const listener of this.#listeners) {
        listener(procedure, new XdrReader(packet.payload));
      }
    } else if (program === Program.keepalive && type === PacketType.message) {
      this.#onKeepalive(procedure);
    } else {
      throw new LibvirtProtocolError(`unexpected packet of program ${program} and type ${type}`);
    }
  }

  #onKeepalive(procedure: number): void {
    if (procedure === Keepalive.ping) {
      this.#send(Program.keepalive, Keepalive.pong, PacketType.message, 0, EMPTY);
    } else if (procedure !== Keepalive.pong) {
      throw new LibvirtProtocolError(`keepalive message ${procedure}, must be 1 or 2`);
    }
  }

  /** Counts unanswered pings rather than time, so that a pause of this process is not mistaken for a silent peer. */
  async #keepAlive(intervalMs: number, count: number): Promise<void> {
    let unanswered = 0;
    while (await this.#slept(intervalMs)) {
      unanswered = this.#heard ? 0 : unanswered + 1;
      this.#heard = false;
      if (unanswered > count) {
        this.#end(this.#lost(`no sign of life for ${((count + 1) * intervalMs) / 1000} s`));
      } else if (unanswered > 0) {
        this.#send(Program.keepalive, Keepalive.ping, PacketType.message, 0, EMPTY);
      }
    }
  }

  /** False when the connection ended meanwhile. */
  async #slept(ms: number): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, this.#over.signal);
    } catch (error) {
      if (!this.#over.signal.aborted) {
        throw error;
      }
    }
    return !this.#over.signal.aborted;
  }

  #lost(cause: string, error?: Error): LibvirtConnectionError {
    return new LibvirtConnectionError(`connection to ${this.#where} lost: ${cause}`, { cause: error });
  }

  #end(reason: Error, sayGoodbye = false): void {
    if (this.#ended !== undefined) {
      return;
    }
    this.#ended = reason;
    if (sayGoodbye) {
      this.#send(Program.remote, Procedure.connectClose, PacketType.call, this.#calls.nextSerial(), EMPTY);
      this.#socket.end();
    } else {
      this.#socket.destroy();
    }
    this.#over.abort();
    this.#calls.failAll(reason);
    this.#listeners.clear();
    this.#resolveClosed(reason);
  }
}
