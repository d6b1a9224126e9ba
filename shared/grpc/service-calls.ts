// Defines how a gRPC service of ours is called: by a method of its generated definition, over whatever carries the call.
import type { WaitOptions } from '../clock.ts';

/** A method of a generated service definition, for example `agentService.CheckTarget`. */
export interface ServiceMethod<Request, Response> {
  /** "/evenkeel.v1.AgentService/CheckTarget". */
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Calls to one process. All throw EvenkeelError; `what` opens its text: "list VMs of kvm1". */
export interface ServiceCalls {
  /** One request, one answer. */
  unary<Request, Response>(
    method: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    wait: WaitOptions,
  ): Promise<Response>;
  /**
   * One request, answers in order; ends when the stream ends, throws when it breaks. The call is made, and its time
   * begins to run, when the first answer is asked for. An infinite `timeoutMs` is for streams that a person ends.
   */
  stream<Request, Response>(
    method: ServiceMethod<Request, Response>,
    what: string,
    request: NoInfer<Request>,
    wait: WaitOptions,
  ): AsyncGenerator<Response, void, undefined>;
  close(): void;
}
