// Defines the calls of our gRPC services by the methods of their generated definitions, whatever the transport.
import type { WaitOptions } from '../clock.ts';

/** A method of a generated service definition, for example `agentService.CheckTarget`. */
export interface ServiceMethod<Request, Response> {
  /** "/evenkeel.v1.AgentService/CheckTarget". */
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Calls to one process. All throw EvenkeelError, whose text begins with `what`: "list VMs of kvm1". */
export interface ServiceCalls {
  /** One request, one answer. */
  unary<Request, Response>(
    method: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    wait: WaitOptions,
  ): Promise<Response>;
  /**
   * One request, answers in order; ends when the stream ends, throws when it breaks. The call is made, and its timeout
   * starts, when the first answer is requested. An infinite `timeoutMs` is for streams that an operator ends.
   */
  stream<Request, Response>(
    method: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    wait: WaitOptions,
  ): AsyncGenerator<Response, void, undefined>;
  close(): void;
}
