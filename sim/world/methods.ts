// Serves the methods of a gRPC service in the simulator: by path, bytes in and bytes out.
import type { MethodDefinition } from '@grpc/proto-loader';

/** Answers one call: bytes in, bytes out. */
type Handler =
  | {
      readonly kind: 'unary';
      readonly answer: (request: Buffer, signal: AbortSignal) => Promise<Buffer>;
    }
  | {
      readonly kind: 'stream';
      readonly answer: (request: Buffer, signal: AbortSignal, put: (answer: Buffer) => void) => Promise<void>;
    };

/** The methods a process serves, by path. */
export type Methods = ReadonlyMap<string, Handler>;

/** Serves a method with one answer. */
export function unaryMethod<In, AnswerIn, Out, AnswerOut>(
  { path, requestDeserialize, responseSerialize }: MethodDefinition<In, AnswerIn, Out, AnswerOut>,
  handle: (request: Out, signal: AbortSignal) => Promise<AnswerIn>,
): readonly [string, Handler] {
  const answer = async (request: Buffer, signal: AbortSignal): Promise<Buffer> =>
    responseSerialize(await handle(requestDeserialize(request), signal));
  return [path, { kind: 'unary', answer }];
}

/** Serves a method with a stream of answers. */
export function streamMethod<In, AnswerIn, Out, AnswerOut>(
  { path, requestDeserialize, responseSerialize }: MethodDefinition<In, AnswerIn, Out, AnswerOut>,
  handle: (request: Out, signal: AbortSignal) => AsyncIterable<AnswerIn>,
): readonly [string, Handler] {
  const answer = async (
    request: Buffer,
    signal: AbortSignal,
    put: (answer: Buffer) => void,
  ): Promise<void> => {
    for await (const each of handle(requestDeserialize(request), signal)) put(responseSerialize(each));
  };
  return [path, { kind: 'stream', answer }];
}
