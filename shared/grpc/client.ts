// Calls our gRPC services over the network: with a deadline and a signal, failures as EvenkeelError.
import { Client, type ChannelCredentials, type ChannelOptions, type ClientUnaryCall } from '@grpc/grpc-js';
import type { WaitOptions } from '../clock.ts';
import { EvenkeelError } from '../errors.ts';
import { callFailure, type Peer } from './failures.ts';
import type { ServiceCalls, ServiceMethod } from './service-calls.ts';

/** A connection to one daemon, dialled at the first call; its owner closes it. */
export class Connection implements ServiceCalls {
  readonly #peer: Peer;
  readonly #client: Client;

  constructor(peer: Peer, credentials: ChannelCredentials, options: ChannelOptions = {}) {
    this.#peer = peer;
    this.#client = new Client(peer.address, credentials, options);
  }

  /** For its connectivity state. */
  get channel(): ReturnType<Client['getChannel']> {
    return this.#client.getChannel();
  }

  unary<Request, Response>(
    { path, requestSerialize, responseDeserialize }: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    { signal, timeoutMs }: WaitOptions,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const cancel = (): void => {
        call.cancel();
      };
      let call: ClientUnaryCall;
      try {
        call = this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          { deadline: Date.now() + timeoutMs },
          (error, response) => {
            signal?.removeEventListener('abort', cancel);
            if (error !== null) reject(callFailure(what, this.#peer, error));
            else if (response === undefined) reject(new EvenkeelError('INTERNAL', `${what}: empty answer`));
            else resolve(response);
          },
        );
      } catch (error) {
        reject(callFailure(what, this.#peer, error));
        return;
      }
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  async *stream<Request, Response>(
    { path, requestSerialize, responseDeserialize }: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    { signal, timeoutMs }: WaitOptions,
  ): AsyncGenerator<Response, void, undefined> {
    let cancel = (): void => undefined;
    try {
      const answers = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        {
          deadline: Date.now() + timeoutMs,
        },
      );
      cancel = () => {
        answers.cancel();
      };
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted === true) cancel();
      for await (const answer of answers) yield answer;
    } catch (error) {
      throw callFailure(what, this.#peer, error);
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}
