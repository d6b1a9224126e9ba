// Defines the handlers of the scheduler's gRPC service, and lets only the leader take commands.
import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import { EvenkeelError } from '../../shared/errors.ts';
import type { SchedulerServiceHandlers } from '../../shared/gen/scheduler.ts';
import { streamHandler, unaryHandler } from '../../shared/grpc/server.ts';
import type { Logger } from '../../shared/log.ts';
import type { Core } from '../core.ts';
import { explain, listDecisions, planNow } from './decisions.ts';
import { listHosts, listVmLoads, watchLoad } from './loads.ts';
import { enterMaintenance, exitMaintenance, listMaintenance } from './maintenance.ts';
import { abortMigration, listMigrations, migrate } from './migrations.ts';
import { getMode, setMode } from './modes.ts';
import { approveProposal, listProposals, rejectProposal } from './proposals.ts';
import { getRecord, takeSnapshot } from './records.ts';
import { addRule, listRules, removeRule } from './rules.ts';
import { actOnVm, Creator, getVm, undefineVm } from './vms.ts';

/**
 * `core` returns undefined until NATS has been reached: every call is then UNAVAILABLE. Streams end when `stopping`
 * aborts, so that a watching client does not delay the stop.
 */
export function schedulerHandlers(
  logger: Logger,
  core: () => Core | undefined,
  stopping: AbortSignal,
): SchedulerServiceHandlers {
  const ready = (): Core => {
    const there = core();
    if (there !== undefined) return there;
    throw new EvenkeelError(
      'UNAVAILABLE',
      'the scheduler has no connection to NATS yet and so knows no host; check nats.servers and that nats-server runs with JetStream',
    );
  };
  const leading = (): Core => {
    const there = ready();
    requireLead(there);
    return there;
  };
  const unary = <Request, Response>(
    handle: (core: Core, request: Request, signal: AbortSignal) => Response | Promise<Response>,
  ): handleUnaryCall<Request, Response> =>
    unaryHandler(logger, async (request, signal) => handle(ready(), request, signal));
  /** Only the leader may change anything. */
  const command = <Request, Response>(
    handle: (core: Core, request: Request, signal: AbortSignal) => Response | Promise<Response>,
  ): handleUnaryCall<Request, Response> =>
    unaryHandler(logger, async (request, signal) => handle(leading(), request, signal));
  const stream = <Request, Response>(
    handle: (core: Core, request: Request, signal: AbortSignal) => AsyncIterable<Response>,
  ): handleServerStreamingCall<Request, Response> =>
    streamHandler(logger, (request, signal) =>
      endedBy(stopping, signal, (both) => handle(ready(), request, both)),
    );
  const creator = new Creator();
  return {
    ListHosts: unary(listHosts),
    ListVmLoads: unary(listVmLoads),
    WatchLoad: stream(watchLoad),
    Plan: unary(planNow),
    Explain: unary(explain),
    ListDecisions: unary(listDecisions),
    Migrate: stream((there, request, signal) => {
      requireLead(there);
      return migrate(there, request, signal);
    }),
    ListMigrations: unary(listMigrations),
    AbortMigration: command(abortMigration),
    GetMode: unary(getMode),
    SetMode: command(setMode),
    ListProposals: unary(listProposals),
    ApproveProposal: command(approveProposal),
    RejectProposal: command(rejectProposal),
    ListRules: unary(listRules),
    AddRule: command(addRule),
    RemoveRule: command(removeRule),
    EnterMaintenance: command(enterMaintenance),
    ExitMaintenance: command(exitMaintenance),
    ListMaintenance: unary(listMaintenance),
    TakeSnapshot: unary(takeSnapshot),
    GetRecord: unary(getRecord),
    CreateVm: command((there, request, signal) => creator.create(there, request, signal)),
    GetVm: unary(getVm),
    StartVm: command((there, request, signal) => actOnVm(there, 'startVm', request, signal)),
    ShutdownVm: command((there, request, signal) => actOnVm(there, 'shutdownVm', request, signal)),
    DestroyVm: command((there, request, signal) => actOnVm(there, 'destroyVm', request, signal)),
    UndefineVm: command(undefineVm),
  };
}

/** Throws unless this scheduler leads; the error names the leader. */
function requireLead({ runner, lease }: Core): void {
  if (runner.isLeading) return;
  const { leader } = lease;
  if (leader === undefined || lease.isHolder || lease.isOwnPast)
    throw new EvenkeelError(
      'UNAVAILABLE',
      'no scheduler leads at the moment; one will within 15 s, try again then',
    );
  throw new EvenkeelError(
    'FAILED_PRECONDITION',
    `this scheduler is not the leader and serves reads only; ask ${leader.name} at ${leader.address}`,
  );
}

/** The messages of `make`, whose signal aborts when the client is gone or the scheduler stops. */
async function* endedBy<Message>(
  stopping: AbortSignal,
  gone: AbortSignal,
  make: (signal: AbortSignal) => AsyncIterable<Message>,
): AsyncGenerator<Message, void, undefined> {
  const either = new AbortController();
  const onGone = (): void => {
    either.abort(gone.reason);
  };
  const onStop = (): void => {
    either.abort(
      new EvenkeelError(
        'UNAVAILABLE',
        'the scheduler is stopping; what was started continues, try again in a moment',
      ),
    );
  };
  gone.addEventListener('abort', onGone);
  stopping.addEventListener('abort', onStop);
  try {
    yield* make(either.signal);
  } finally {
    stopping.removeEventListener('abort', onStop);
  }
}
