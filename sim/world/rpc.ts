// Simulates gRPC between processes over the simulated network: real messages, deadlines, late and duplicated requests.
import { type WaitOptions } from '../../shared/clock.ts';
import { DeadlineError, type ErrorCode, EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { ServiceCalls, ServiceMethod } from '../../shared/grpc/service-calls.ts';
import type { History, RpcFact } from '../migrations/facts.ts';
import type { Methods } from './methods.ts';
import type { Network } from './network.ts';
import type { Life } from './node.ts';
import { reasonOf, type Scheduled, type Timeline } from './timeline.ts';

/** A process that serves calls; `serving` is undefined while it is down. */
export interface Server {
  readonly name: string;
  readonly place: string;
  readonly serving: { readonly life: Life; readonly methods: Methods } | undefined;
  /** Open calls, which break when this life ends. */
  readonly connections: Set<() => void>;
}

export interface Caller {
  readonly life: Life;
  readonly place: string;
}

interface RpcParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly history: History;
}

/** One call, as error texts and the trace name it. */
interface Call {
  readonly what: string;
  readonly trace: (phase: RpcFact['phase'], code?: string) => void;
}

/** What the trace shows of a message. */
interface About {
  readonly vmUuid: string;
  readonly migrationId: string;
  readonly epoch: number;
  readonly detail: string;
}

export class Rpc {
  readonly #parts: RpcParts;
  #nextCallId = 1;

  constructor(parts: RpcParts) {
    this.#parts = parts;
  }

  /** Calls from one process to another; they fail as the real client's do, with texts that name them as the trace does. */
  calls(from: Caller, to: Server): ServiceCalls {
    return {
      unary: (method, _what, request, wait) => this.#unary(from, to, method, { request, wait }),
      stream: (method, _what, request, wait) => this.#stream(from, to, method, { request, wait }),
      close: () => undefined,
    };
  }

  async #unary<Request, Response>(
    from: Caller,
    to: Server,
    { path, requestSerialize, responseDeserialize }: ServiceMethod<Request, Response>,
    { request, wait }: { request: Request; wait: WaitOptions },
  ): Promise<Response> {
    const bytes = requestSerialize(request);
    const call = this.#open(from, to, path, request);
    const { network, timeline } = this.#parts;
    try {
      return await from.life.outside(call.what, wait, (done, failed) => {
        call.trace('sent');
        if (network.isLost()) return;
        const answer = (result: Buffer | EvenkeelError): void => {
          network.send(
            to.place,
            from.place,
            () => {
              if (result instanceof EvenkeelError) {
                call.trace('answered', result.code);
                failed(new EvenkeelError(result.code, `${call.what}: ${result.message}`, result));
              } else {
                call.trace('answered');
                done(responseDeserialize(result));
              }
            },
            () => undefined,
          );
        };
        const arrive = (): void => {
          this.#serve(to, call, { path, bytes, timeoutMs: wait.timeoutMs }, answer);
        };
        const broken = (): void => {
          failed(new EvenkeelError('UNAVAILABLE', `${call.what}: connection lost`));
        };
        network.send(from.place, to.place, arrive, broken);
        const againAfterMs = network.duplicateAfterMs();
        if (againAfterMs !== undefined)
          timeline.after(againAfterMs, () => {
            network.send(from.place, to.place, arrive, () => undefined);
          });
      });
    } catch (error) {
      throw asClient(call.what, error, call.trace);
    }
  }

  async *#stream<Request, Response>(
    from: Caller,
    to: Server,
    { path, requestSerialize, responseDeserialize }: ServiceMethod<Request, Response>,
    { request, wait }: { request: Request; wait: WaitOptions },
  ): AsyncGenerator<Response, void, undefined> {
    const bytes = requestSerialize(request);
    const call = this.#open(from, to, path, request);
    const { network } = this.#parts;
    const inbox = new Inbox<Response>(from.life, call.what, wait, this.#parts.timeline);
    const broken = (): void => {
      inbox.fail(new EvenkeelError('UNAVAILABLE', `${call.what}: connection lost`));
    };
    const outbox = new Outbox(network, to.place, from.place, () => {
      inbox.stop.abort(new Error('connection lost'));
      broken();
    });
    const arrive = (): void => {
      const put = (answer: Buffer): void => {
        const message = responseDeserialize(answer);
        outbox.put(() => {
          inbox.put(message);
        });
      };
      this.#answerStream(to, call, { path, bytes, inbox, outbox, put });
    };
    if (from.life.leaves()) {
      call.trace('sent');
      if (!network.isLost()) network.send(from.place, to.place, arrive, broken);
    }
    try {
      for (;;) {
        const message = await inbox.take();
        if (message === undefined) return;
        yield message.value;
      }
    } catch (error) {
      throw asClient(call.what, error, call.trace);
    } finally {
      inbox.close();
      const cancel = (): void => {
        inbox.stop.abort(new Error('cancelled by the client'));
      };
      network.send(from.place, to.place, cancel, () => undefined);
    }
  }

  /** Sends what the handler yields, until it or its process ends. */
  #answerStream(
    to: Server,
    call: Call,
    stream: {
      readonly path: string;
      readonly bytes: Buffer;
      readonly inbox: Pick<Inbox<unknown>, 'stop' | 'end' | 'fail'>;
      readonly outbox: Outbox;
      readonly put: (answer: Buffer) => void;
    },
  ): void {
    const { inbox, outbox } = stream;
    const fail = (code: ErrorCode, why: string): void => {
      outbox.put(() => {
        inbox.fail(new EvenkeelError(code, `${call.what}: ${why}`));
      });
    };
    const { serving } = to;
    if (serving === undefined) {
      fail('UNAVAILABLE', 'connection refused');
      return;
    }
    call.trace('arrived');
    const reset = (): void => {
      fail('UNAVAILABLE', 'connection reset');
    };
    to.connections.add(reset);
    const pump = async (): Promise<void> => {
      const handler = serving.methods.get(stream.path);
      if (handler?.kind !== 'stream') throw new EvenkeelError('UNIMPLEMENTED', `no method ${stream.path}`);
      await handler.answer(stream.bytes, inbox.stop.signal, stream.put);
      call.trace('done');
      outbox.put(() => {
        inbox.end();
      });
    };
    pump()
      .catch((error: unknown) => {
        const failure = asServer(error);
        call.trace('refused', failure.code);
        fail(failure.code, failure.message);
      })
      .finally(() => to.connections.delete(reset));
  }

  #open(from: Caller, to: Server, path: string, request: unknown): Call {
    const callId = this.#nextCallId;
    this.#nextCallId += 1;
    const method = path.slice(path.lastIndexOf('/') + 1);
    const about = aboutOf(request);
    return {
      what: `${method} on ${to.name}`,
      trace: (phase, code = '') => {
        const detail = code === '' ? about.detail : `${about.detail} ${code}`;
        const ends = { callId, from: from.life.name, to: to.name, method };
        this.#parts.history.add({ kind: 'rpc', phase, ...ends, ...about, detail });
      },
    };
  }

  /** Runs the handler at the server; there is no answer if its process dies meanwhile. */
  #serve(
    to: Server,
    call: Call,
    { path, bytes, timeoutMs }: { path: string; bytes: Buffer; timeoutMs: number },
    answer: (result: Buffer | EvenkeelError) => void,
  ): void {
    const { serving } = to;
    if (serving === undefined) {
      answer(new EvenkeelError('UNAVAILABLE', 'connection refused'));
      return;
    }
    call.trace('arrived');
    const deadline = new AbortController();
    // gRPC gives the server the client's timeout, counted from the arrival.
    const timer = this.#parts.timeline.after(timeoutMs, () => {
      deadline.abort(new DeadlineError(call.what, timeoutMs));
    });
    const reset = (): void => {
      timer.cancel();
      answer(new EvenkeelError('UNAVAILABLE', 'connection reset'));
    };
    to.connections.add(reset);
    const finish = (result: Buffer | EvenkeelError): void => {
      timer.cancel();
      to.connections.delete(reset);
      if (!serving.life.isAlive) return;
      call.trace(
        result instanceof EvenkeelError ? 'refused' : 'done',
        result instanceof EvenkeelError ? result.code : '',
      );
      answer(result);
    };
    const handler = serving.methods.get(path);
    if (handler?.kind !== 'unary') {
      finish(new EvenkeelError('UNIMPLEMENTED', `no method ${path}`));
      return;
    }
    handler.answer(bytes, deadline.signal).then(finish, (error: unknown) => {
      finish(asServer(error));
    });
  }
}

/** Sends answers back in order. */
class Outbox {
  readonly #network: Network;
  readonly #from: string;
  readonly #to: string;
  readonly #broken: () => void;
  readonly #queue: (() => void)[] = [];
  #isSending = false;

  constructor(network: Network, from: string, to: string, broken: () => void) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#broken = broken;
  }

  put(arrive: () => void): void {
    this.#queue.push(arrive);
    if (!this.#isSending) this.#send();
  }

  #send(): void {
    this.#isSending = true;
    this.#network.send(
      this.#from,
      this.#to,
      () => {
        this.#isSending = false;
        for (const arrive of this.#queue.splice(0)) arrive();
      },
      this.#broken,
    );
  }
}

/** Buffers what has arrived of a stream, for one reader. */
class Inbox<T> {
  /** Tells the server that the reader has stopped. */
  readonly stop = new AbortController();
  readonly #life: Life;
  readonly #queue: T[] = [];
  readonly #timer: Scheduled;
  readonly #signal: AbortSignal | undefined;
  #ended: Error | 'done' | undefined;
  #wake: () => void = () => undefined;

  constructor(life: Life, what: string, { signal, timeoutMs }: WaitOptions, timeline: Timeline) {
    this.#life = life;
    this.#signal = signal;
    this.#timer = timeline.after(timeoutMs, () => {
      this.fail(new DeadlineError(what, timeoutMs));
    });
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted === true) this.#abort();
  }

  put(message: T): void {
    if (this.#ended !== undefined) return;
    this.#queue.push(message);
    this.#wake();
  }

  end(): void {
    this.#ended ??= 'done';
    this.#wake();
  }

  fail(error: Error): void {
    this.#ended ??= error;
    this.#wake();
  }

  close(): void {
    this.#timer.cancel();
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  /** The next message; undefined at the end. Throws what broke the stream. */
  async take(): Promise<{ value: T } | undefined> {
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) return { value };
      if (this.#ended === 'done') return undefined;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          if (this.#life.isAlive) resolve();
        };
      });
    }
  }

  readonly #abort = (): void => {
    if (this.#signal !== undefined) this.fail(reasonOf(this.#signal));
  };
}

function asServer(error: unknown): EvenkeelError {
  if (error instanceof EvenkeelError) return error;
  if (error instanceof DeadlineError)
    return new EvenkeelError('DEADLINE_EXCEEDED', `${error.message}; the outcome is unknown`, error);
  return new EvenkeelError('INTERNAL', messageOf(error), error);
}

function asClient(
  what: string,
  error: unknown,
  trace: (phase: RpcFact['phase'], code?: string) => void,
): Error {
  if (error instanceof EvenkeelError) return error;
  if (error instanceof DeadlineError) {
    trace('lost', 'DEADLINE_EXCEEDED');
    return new EvenkeelError('DEADLINE_EXCEEDED', `${what}: Deadline exceeded`, error);
  }
  // The caller's own signal: the real client says CANCELLED.
  return new EvenkeelError('CANCELLED', `${what}: ${messageOf(error)}`, error);
}

function aboutOf(request: unknown): About {
  const text = (key: string): string => {
    const value = member(request, key);
    return typeof value === 'string' ? value : '';
  };
  const epoch = member(request, 'epoch');
  const reference = member(member(request, 'vm'), 'uuid');
  return {
    vmUuid: typeof reference === 'string' ? reference : text('vmUuid'),
    migrationId: text('migrationId'),
    epoch: typeof epoch === 'number' ? epoch : 0,
    detail: text('act').replace('SETTLE_ACT_', '').toLowerCase(),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
