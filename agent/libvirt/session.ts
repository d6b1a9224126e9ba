// Keeps one connection to libvirtd alive: after each reconnect it registers events again and passes on the full list of domains.
import { Backoff } from '../../shared/backoff.ts';
import { Bell } from '../../shared/bell.ts';
import { aborted, withDeadline, type Clock, type WaitOptions } from '../../shared/clock.ts';
import { DeadlineError } from '../../shared/errors.ts';
import { connect, type Connection, type ConnectOptions } from './connection.ts';
import { listDomains, type DomainRef } from './domain.ts';
import { LibvirtConnectionError } from './errors.ts';
import { registerEvents, type EventKind, type LibvirtEvent } from './events.ts';
import { describeTarget, type LibvirtTarget } from './transport.ts';

export interface SessionOptions extends Pick<
  ConnectOptions,
  'uri' | 'readOnly' | 'keepaliveIntervalMs' | 'keepaliveCount'
> {
  readonly target: LibvirtTarget;
  readonly clock: Clock;
  /** 0 to below 1, for the jitter. */
  readonly random: () => number;
  /** Kinds of events to register for; none when absent. */
  readonly events?: readonly EventKind[];
  /** After every (re)connect, before any event of that connection: all domains, running or not. Must not throw. */
  readonly onResync?: (domains: readonly DomainRef[]) => void;
  /** Must not throw: that would end the connection. */
  readonly onEvent?: (event: LibvirtEvent) => void;
  readonly onState?: (state: SessionState) => void;
}

export type SessionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'ready'; readonly connection: Connection }
  /** Not connected, next attempt in `retryInMs`. */
  | { readonly kind: 'waiting'; readonly retryInMs: number; readonly error: Error }
  | { readonly kind: 'stopped' };

const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MAX_MS = 30_000;
/** A connection that lived this long ended for a new reason, so the backoff starts again from its first delay. */
const SETTLED_MS = BACKOFF_MAX_MS;
/** For connecting, registering and listing. The first connect may wait some seconds while libvirtd probes QEMU. */
const CONNECT_TIMEOUT_MS = 30_000;
/** Events that may arrive in the milliseconds between registration and the list: more than a host's guests can cause. */
const BACKLOG_MAX = 10_000;

export class LibvirtSession {
  readonly #options: SessionOptions;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<Error>;
  readonly #stateChanged: Bell;
  readonly #retryAsked: Bell;
  #state: SessionState = { kind: 'connecting' };
  #lastError: Error | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#stateChanged = new Bell(options.clock);
    this.#retryAsked = new Bell(options.clock);
    this.#stopped = aborted(this.#stop.signal).then(
      () => new LibvirtConnectionError('libvirt session: stopped'),
    );
  }

  get state(): SessionState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the connection and ends; pending calls fail. */
  async stop(): Promise<void> {
    this.#stop.abort(new LibvirtConnectionError('libvirt session: stopped'));
    await this.#running;
  }

  /** Ends the wait between two attempts, for a caller who has seen that the daemon is back. */
  retryNow(): void {
    this.#retryAsked.ring();
  }

  connection(): Connection | undefined {
    return this.#state.kind === 'ready' && !this.#state.connection.isClosed
      ? this.#state.connection
      : undefined;
  }

  /** The connection, as soon as there is one. Fails at the deadline with the error of the last attempt. */
  async ready(wait: WaitOptions): Promise<Connection> {
    const what = `wait for libvirt at ${describeTarget(this.#options.target)}`;
    try {
      return await withDeadline(this.#options.clock, what, wait, (signal) => this.#untilReady(signal));
    } catch (error) {
      if (error instanceof DeadlineError && this.#lastError !== undefined) {
        throw new LibvirtConnectionError(`${error.message}: ${this.#lastError.message}`, {
          cause: this.#lastError,
        });
      }
      throw error;
    }
  }

  async #untilReady(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      const connection = this.connection();
      if (connection !== undefined) {
        return connection;
      }
      signal.throwIfAborted();
      this.#stop.signal.throwIfAborted();
      await this.#stateChanged.next(this.#stateChanged.count, signal);
    }
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#stateChanged.ring();
    this.#options.onState?.(state);
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const backoff = new Backoff({ firstMs: BACKOFF_FIRST_MS, maxMs: BACKOFF_MAX_MS, random });
    while (!this.#isStopped()) {
      this.#enter({ kind: 'connecting' });
      const startedMs = clock.monotonicMs();
      const error = await this.#connectAndServe();
      this.#lastError = error;
      if (clock.monotonicMs() - startedMs >= SETTLED_MS) backoff.reset();
      const retryInMs = backoff.nextMs();
      if (!this.#isStopped()) {
        // Read the count before announcing the wait: a listener may end the wait at once.
        const asked = this.#retryAsked.count;
        this.#enter({ kind: 'waiting', retryInMs, error });
        await this.#retryAsked.next(asked, this.#stop.signal, retryInMs).catch(() => undefined);
      }
    }
    this.#enter({ kind: 'stopped' });
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Runs one connection from beginning to end; resolves with the reason why it ended. */
  async #connectAndServe(): Promise<Error> {
    const { target, clock, uri, readOnly, keepaliveIntervalMs, keepaliveCount } = this.#options;
    const wait = { signal: this.#stop.signal, timeoutMs: CONNECT_TIMEOUT_MS };
    let connection: Connection | undefined;
    try {
      connection = await connect(target, {
        ...wait,
        clock,
        uri,
        readOnly,
        ...(keepaliveIntervalMs === undefined ? {} : { keepaliveIntervalMs }),
        ...(keepaliveCount === undefined ? {} : { keepaliveCount }),
      });
      await this.#resync(connection, wait);
      return await Promise.race([connection.closed, this.#stopped]);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      await connection?.close();
    }
  }

  /** Registers before listing, so that no change is missed; events that come meanwhile are delivered after the list. */
  async #resync(connection: Connection, wait: WaitOptions): Promise<void> {
    const { events = [], onEvent, onResync } = this.#options;
    let backlog: LibvirtEvent[] | undefined = [];
    const deliver = (event: LibvirtEvent): void => {
      if (event.kind === 'connectionClosed') {
        // The daemon lives, but has lost its hypervisor: only a new connection opens it again.
        void connection.close();
      }
      onEvent?.(event);
    };
    const kinds: readonly EventKind[] = [...events, 'connectionClosed'];
    await registerEvents(
      connection,
      kinds,
      (event) => {
        if (backlog === undefined) {
          deliver(event);
        } else if (backlog.length < BACKLOG_MAX) {
          backlog.push(event);
        } else {
          throw new LibvirtConnectionError(`more than ${BACKLOG_MAX} events before the list of domains`);
        }
      },
      wait,
    );
    const domains = await listDomains(connection, 0, wait);
    this.#enter({ kind: 'ready', connection });
    onResync?.(domains);
    const early = backlog;
    backlog = undefined;
    early.forEach(deliver);
  }
}
