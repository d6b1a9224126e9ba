// Talks to a guest over TCP: watches its counter, and makes it produce load (lab/image/guest/guestd.c).
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { systemClock, type WaitOptions } from '../../shared/clock.ts';
import { guest } from '../topology.ts';

/** What arrived over one connection since it was opened, or since the last `restart`. */
export interface TickRecord {
  readonly count: number;
  /** The guest's counter in the first and the last line. */
  readonly firstCounter: number;
  readonly lastCounter: number;
  /** Numbers of the guest's counter that never came or came out of order: 0 if nothing was lost. */
  readonly missing: number;
  /** Longest time between two lines, the time since the last one included. */
  readonly longestSilenceMs: number;
  /** Mean time between two lines: 100 for a guest that gets the CPU when it wants it. */
  readonly meanIntervalMs: number;
  /** Why the connection ended; absent while it is open. */
  readonly ended?: string;
}

/** One TCP connection to a guest's counter. */
export interface TickWatch {
  record(): TickRecord;
  /** Starts a new record; the connection stays open. */
  restart(): void;
  close(): void;
}

/** A guest that boots refuses or drops the first connections. */
const retryMs = 200;
const connectTimeoutMs = 2_000;

/** Connects to the guest's counter as soon as it answers, and resolves with its first line. */
export async function watchTicks(address: string, options: WaitOptions): Promise<TickWatch> {
  const deadlineMs = systemClock.monotonicMs() + options.timeoutMs;
  for (;;) {
    const watch = await tryWatch(address);
    if (watch !== undefined) return watch;
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(
        `guest ${address}: no tick on port ${guest.tickPort} within ${options.timeoutMs} ms; ` +
          'see whether it runs (npm run lab -- status) and what its console says (virsh console in its host)',
      );
    }
    await systemClock.sleep(retryMs, options.signal);
  }
}

/** Sends one command ("burn 1", "dirty 50 64", "status") and returns the guest's answer. Throws when it is an error. */
export async function tellGuest(address: string, command: string, options: WaitOptions): Promise<string> {
  const socket = connect({ host: address, port: guest.commandPort });
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const stop = (): void => {
    socket.destroy(new Error(`no answer within ${options.timeoutMs} ms`));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      createInterface({ input: socket }).once('line', resolve).on('error', reject);
      socket.once('close', () => {
        reject(new Error('the connection was closed'));
      });
      socket.write(`${command}\n`);
    });
    if (!answer.startsWith('ok ')) throw new Error(answer);
    return answer;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`tell guest ${address} "${command}": ${cause}`, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

async function tryWatch(address: string): Promise<TickWatch | undefined> {
  const socket = connect({ host: address, port: guest.tickPort });
  // No timeout here: the guest may be paused for a while, and the caller decides how long is too long.
  const watch = new Watch(socket);
  const first = await Promise.race([
    watch.firstTick.then(() => true),
    new Promise<false>((resolve) => {
      socket.once('close', () => {
        resolve(false);
      });
      AbortSignal.timeout(connectTimeoutMs).addEventListener('abort', () => {
        resolve(false);
      });
    }),
  ]);
  if (first) return watch;
  socket.destroy();
  return undefined;
}

class Watch implements TickWatch {
  readonly firstTick: Promise<void>;
  readonly #socket: Socket;
  #ended: string | undefined;
  #lastAtMs = 0;
  #lastCounter = 0;
  #startedAtMs = 0;
  #firstCounter = 0;
  #count = 0;
  #missing = 0;
  #longestSilenceMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    this.firstTick = new Promise((resolve) => {
      lines.on('line', (line) => {
        this.#take(line);
        resolve();
      });
    });
    // readline forwards the socket's errors; they are handled once, below.
    lines.on('error', () => undefined);
    socket.on('error', (error) => {
      this.#ended ??= error.message;
    });
    socket.on('close', () => {
      this.#ended ??= 'closed by the guest';
    });
  }

  record(): TickRecord {
    const silenceMs = this.#ended === undefined ? performance.now() - this.#lastAtMs : 0;
    const intervals = Math.max(this.#count - 1, 1);
    return {
      count: this.#count,
      firstCounter: this.#firstCounter,
      lastCounter: this.#lastCounter,
      missing: this.#missing,
      longestSilenceMs: Math.round(Math.max(this.#longestSilenceMs, silenceMs)),
      meanIntervalMs: Math.round((this.#lastAtMs - this.#startedAtMs) / intervals),
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
    };
  }

  restart(): void {
    this.#count = 1;
    this.#firstCounter = this.#lastCounter;
    this.#startedAtMs = this.#lastAtMs;
    this.#missing = 0;
    this.#longestSilenceMs = 0;
  }

  close(): void {
    this.#ended ??= 'closed by the watcher';
    this.#socket.destroy();
  }

  #take(line: string): void {
    const [, counterText] = /^tick (\d+) \d+$/.exec(line) ?? [];
    if (counterText === undefined) {
      this.#ended ??= `not a tick: ${line.slice(0, 80)}`;
      return;
    }
    const counter = Number(counterText);
    const nowMs = performance.now();
    if (this.#count === 0) {
      this.#firstCounter = counter;
      this.#startedAtMs = nowMs;
    } else {
      this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastAtMs);
      this.#missing += Math.abs(counter - this.#lastCounter - 1);
    }
    this.#count += 1;
    this.#lastCounter = counter;
    this.#lastAtMs = nowMs;
  }
}
