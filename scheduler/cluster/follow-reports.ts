// Follows the stream of host reports: first those of the last minutes, then each as it comes.
import { millis, type ConsumerMessages, type JsMsg, type NatsConnection } from 'nats';
import { Backoff } from '../../shared/backoff.ts';
import { isAborted, pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { samplesSubject, SAMPLES_STREAM } from '../../shared/nats.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { hostIdOf, readReport } from '../reports/read-report.ts';

// For a stream that was deleted or a server without quorum: try again soon, but do not hammer it.
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 5 * SECOND_MS;
// A thousand hosts send 200 reports a second, so this is a few seconds of reports.
const PREFETCH_MESSAGES = 500;

export interface SamplesHandler {
  /** Takes in one report; called in order, must not wait. */
  onReport(report: HostReport, storedAtMs: number): void;
  /** A report that cannot be used. */
  onRefused?(hostId: string, reason: string, storedAtMs: number): void;
  /** Called when all stored reports have been read, and again now and then. */
  onCaughtUp(): void;
}

/** Reads reports from `startAtMs` on until the signal aborts; resumes after every failure where it stopped. */
export async function followSamples(
  {
    nats,
    clock,
    random,
    logger,
  }: {
    readonly nats: NatsConnection;
    readonly clock: Clock;
    /** From 0 to below 1, for the jitter of retries. */
    readonly random: () => number;
    readonly logger: Logger;
  },
  startAtMs: number,
  handler: SamplesHandler,
  signal: AbortSignal,
): Promise<void> {
  let fromMs = startAtMs;
  const reader = new ReportReader(logger);
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  while (!signal.aborted) {
    try {
      const { state } = await (await nats.jetstreamManager()).streams.info(SAMPLES_STREAM);
      // If nothing is stored, no message will show that it was the last.
      if (state.messages === 0 || Date.parse(state.last_ts) < fromMs) handler.onCaughtUp();
      const consumer = await nats.jetstream().consumers.get(SAMPLES_STREAM, {
        opt_start_time: new Date(fromMs).toISOString(),
        filterSubjects: samplesSubject('*'),
      });
      const messages = await consumer.consume({ max_messages: PREFETCH_MESSAGES });
      await readAll(messages, signal, (message) => {
        // Overlaps by what was stored in the same millisecond; the view knows reports it has seen.
        fromMs = millis(message.info.timestampNanos);
        reader.read(message, fromMs, handler);
        backoff.reset();
      });
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, 'cannot read samples from JetStream; trying again');
    }
    await pause(clock, backoff.nextMs(), signal);
  }
}

async function readAll(
  messages: ConsumerMessages,
  signal: AbortSignal,
  read: (message: JsMsg) => void,
): Promise<void> {
  const stop = (): void => {
    messages.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  // The signal may have come while the consumer was made; its event will not come again.
  if (isAborted(signal)) stop();
  try {
    for await (const message of messages) read(message);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Hands on what comes through the door; complains once about each host that sends what cannot be used. */
class ReportReader {
  readonly #logger: Logger;
  readonly #complained = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  read(message: JsMsg, storedAtMs: number, handler: SamplesHandler): void {
    const hostId = hostIdOf(message.subject);
    const reading = readReport(message.subject, message.data, storedAtMs);
    try {
      if (reading.kind === 'report') handler.onReport(reading.report, storedAtMs);
      else {
        handler.onRefused?.(hostId, reading.reason, storedAtMs);
        this.#complain(hostId, reading.reason);
      }
    } catch (error) {
      this.#complain(hostId, `cannot be taken in: ${messageOf(error)}`);
    }
    if (message.info.pending === 0) handler.onCaughtUp();
  }

  #complain(hostId: string, problem: string): void {
    if (this.#complained.get(hostId) === problem) return;
    // Room for a thousand hosts; a flood of made-up ids must not grow it without limit.
    if (this.#complained.size > 5_000) this.#complained.clear();
    this.#complained.set(hostId, problem);
    this.#logger.warn({ hostId, problem }, 'report refused');
  }
}
