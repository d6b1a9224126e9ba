// Publishes reports to JetStream in order, each acknowledged, and buffers the newest while NATS is away.
import { ErrorCode, Events, type JetStreamClient, type NatsConnection } from 'nats';
import { Backoff } from '../../shared/backoff.ts';
import { Bell } from '../../shared/bell.ts';
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { AgentStatus } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { MIB, SECOND_MS } from '../../shared/units.ts';

export interface OutgoingReport {
  readonly subject: string;
  /** Nats-Msg-Id: within the stream's duplicate window a repeated report is stored once; later it overwrites its own points. */
  readonly messageId: string;
  readonly bytes: Uint8Array;
  /** Number of samples in it, for `samplesPublished`. */
  readonly samples: number;
}

export type PublisherStatus = Pick<
  AgentStatus,
  'reportsPublished' | 'samplesPublished' | 'reportsDropped' | 'reportsBuffered'
>;

export interface Publisher {
  /** Takes a report; never waits. When the buffer is full the oldest one is dropped and counted. */
  offer(report: OutgoingReport): void;
  status(): PublisherStatus;
  /** Publishes what is buffered, for at most `timeoutMs` and not at all while NATS is away, and closes the connection. */
  stop(timeoutMs: number): Promise<void>;
}

export interface PublisherOptions {
  /** Connects once, or fails within seconds; called again when it failed or when the connection is closed for good. */
  readonly connect: () => Promise<NatsConnection>;
  readonly reportsMax: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

// A host with 1,000 VMs sends some 500 kB a report; half an hour of that would take the memory that its VMs need.
const BUFFER_BYTES_MAX = 64 * MIB;
// Enough to fill a link with 100 ms latency at the pace below, few enough that a failure repeats little.
const IN_FLIGHT_MAX = 16;
// 20 reports a second: half an hour at one report per 5 s is sent in 18 s, and 1,000 hosts that reconnect together do not
// flood NATS with their backlog.
const PACE_MS = 50;
// The client's own default timeout for JetStream.
const ACK_TIMEOUT_MS = 5 * SECOND_MS;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30 * SECOND_MS;

export function startPublisher(options: PublisherOptions): Publisher {
  return new BufferedPublisher(options);
}

class BufferedPublisher implements Publisher {
  readonly #options: PublisherOptions;
  /** Oldest first; the first `#inFlight` of them were sent and are not acknowledged yet. */
  readonly #buffer: OutgoingReport[] = [];
  readonly #stopped = new AbortController();
  /** Rung by each report, by connection changes, and by stop. */
  readonly #bell: Bell;
  readonly #backoff: Backoff;
  readonly #finished: Promise<void>;
  #bufferedBytes = 0;
  #inFlight = 0;
  #isStopping = false;
  #isOutage = false;
  #reportsPublished = 0;
  #samplesPublished = 0;
  #reportsDropped = 0;
  #droppedBefore = 0;
  #sentAtMs = -Infinity;
  #connection: NatsConnection | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#bell = new Bell(options.clock);
    const { random } = options;
    this.#backoff = new Backoff({ firstMs: BACKOFF_FIRST_MS, maxMs: BACKOFF_MAX_MS, random });
    this.#finished = this.#run();
  }

  offer(report: OutgoingReport): void {
    if (this.#isStopping) return;
    this.#buffer.push(report);
    this.#bufferedBytes += report.bytes.length;
    while (this.#buffer.length > this.#options.reportsMax || this.#bufferedBytes > BUFFER_BYTES_MAX) {
      const oldest = this.#buffer[Math.min(this.#inFlight, this.#buffer.length - 1)];
      if (oldest === undefined) break;
      if (this.#reportsDropped === this.#droppedBefore)
        this.#options.logger.warn(
          { reportsBuffered: this.#buffer.length },
          'buffer full, dropping the oldest reports',
        );
      this.#drop(oldest);
    }
    this.#bell.ring();
  }

  status(): PublisherStatus {
    return {
      reportsPublished: this.#reportsPublished,
      samplesPublished: this.#samplesPublished,
      reportsDropped: this.#reportsDropped,
      reportsBuffered: this.#buffer.length,
    };
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#bell.ring();
    const timer = new AbortController();
    // While NATS is away, nothing that is buffered can be published.
    const waitMs = this.#isOutage ? 0 : timeoutMs;
    const late = this.#options.clock.sleep(waitMs, timer.signal).then(
      () => {
        this.#stopped.abort(new Error('publisher stopped'));
        // Rejects the publishes that still wait for an acknowledgement.
        return this.#connection?.close();
      },
      () => undefined,
    );
    await this.#finished;
    timer.abort();
    await late;
  }

  get #isDone(): boolean {
    return this.#stopped.signal.aborted || (this.#isStopping && this.#buffer.length === 0);
  }

  async #run(): Promise<void> {
    while (!this.#isDone) {
      try {
        this.#connection = await this.#options.connect();
      } catch (error) {
        await this.#backOff(error);
        continue;
      }
      await this.#serve(this.#connection);
      await this.#connection.close();
    }
  }

  /** Publishes over one connection until it is closed for good (it reconnects by itself) or all is done. */
  async #serve(connection: NatsConnection): Promise<void> {
    const link = watchLink(connection, () => {
      this.#bell.ring();
    });
    const stream = connection.jetstream({ timeout: ACK_TIMEOUT_MS });
    while (!this.#isDone && !connection.isClosed()) {
      if (!link.isUp() || this.#buffer.length === 0)
        await this.#bell.next(this.#bell.count, this.#stopped.signal).catch(() => undefined);
      else await this.#sendWindow(stream, link);
    }
  }

  /**
   * Sends the oldest reports without waiting for each acknowledgement, then waits for all of them. One connection keeps
   * their order; after a failure the next window starts again at the oldest that is not acknowledged.
   */
  async #sendWindow(stream: JetStreamClient, link: Link): Promise<void> {
    const failures: unknown[] = [];
    const pending: Promise<void>[] = [];
    for (let sent = 0; sent < IN_FLIGHT_MAX && this.#inFlight < this.#buffer.length; sent += 1) {
      await this.#pace();
      const report = this.#buffer[this.#inFlight];
      const mayGoOn = link.isUp() && !this.#stopped.signal.aborted && failures.length === 0;
      if (report === undefined || !mayGoOn) break;
      this.#inFlight += 1;
      pending.push(
        this.#send(stream, report).catch((error: unknown) => {
          failures.push(error);
        }),
      );
    }
    await Promise.all(pending);
    this.#inFlight = 0;
    if (failures.length > 0) await this.#backOff(failures[0]);
  }

  async #send(stream: JetStreamClient, report: OutgoingReport): Promise<void> {
    try {
      await stream.publish(report.subject, report.bytes, { msgID: report.messageId });
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      this.#options.logger.error(
        { bytes: report.bytes.length },
        'dropped a report that is larger than NATS accepts; raise max_payload of nats-server',
      );
      this.#drop(report);
      return;
    }
    this.#remove(report);
    this.#reportsPublished += 1;
    this.#samplesPublished += report.samples;
    this.#backoff.reset();
    if (this.#isOutage) this.#recovered();
  }

  async #pace(): Promise<void> {
    const { clock } = this.#options;
    const waitMs = this.#sentAtMs + PACE_MS - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, this.#stopped.signal).catch(() => undefined);
    this.#sentAtMs = clock.monotonicMs();
  }

  /** Waits longer after each failure; only an acknowledgement resets the backoff. */
  async #backOff(error: unknown): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    if (!this.#isOutage) {
      this.#isOutage = true;
      this.#droppedBefore = this.#reportsDropped;
      this.#options.logger.warn(
        { cause: messageOf(error) },
        'cannot publish samples, buffering; check that nats-server runs and that evenkeel-scheduler has created its streams',
      );
    }
    await pause(this.#options.clock, this.#backoff.nextMs(), this.#stopped.signal);
  }

  #recovered(): void {
    this.#isOutage = false;
    this.#options.logger.info(
      { reportsBuffered: this.#buffer.length, reportsDropped: this.#reportsDropped - this.#droppedBefore },
      'publishing samples again',
    );
    this.#droppedBefore = this.#reportsDropped;
  }

  #drop(report: OutgoingReport): void {
    this.#remove(report);
    this.#reportsDropped += 1;
  }

  #remove(report: OutgoingReport): void {
    const at = this.#buffer.indexOf(report);
    if (at === -1) return;
    if (at < this.#inFlight) this.#inFlight -= 1;
    this.#buffer.splice(at, 1);
    this.#bufferedBytes -= report.bytes.length;
  }
}

interface Link {
  isUp(): boolean;
}

/** True while the connection is up: what is sent during a reconnect would pile up in the client. */
function watchLink(connection: NatsConnection, onChange: () => void): Link {
  let isUp = true;
  const follow = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) isUp = false;
      else if (type === Events.Reconnect) isUp = true;
      else continue;
      onChange();
    }
  };
  void follow();
  void connection.closed().then(onChange);
  return { isUp: () => isUp };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === ErrorCode.MaxPayloadExceeded;
}
