// Makes the calls of a migration to libvirt, the disk and the clock, each with a deadline, and returns what they showed.
import type { Clock, WaitOptions } from '../../../shared/clock.ts';
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import type { Copy, Hypervisor, VmEvent } from '../hypervisor/hypervisor.ts';
import { ruleStart } from '../promises/claims.ts';
import type { Intents } from '../promises/intents.ts';
import { arrivesPaused, keyOf } from './order.ts';
import type { Asker, Call, Seen } from './states.ts';
import { copyMaxMs } from './watch.ts';

export interface CallParts {
  readonly request: MigrateRequest;
  readonly copy: Copy;
  readonly hypervisor: Hypervisor;
  readonly intents: Intents;
  readonly clock: Clock;
  /** Deadline of one quick call to the hypervisor. */
  readonly callTimeoutMs: number;
  /** Cancels calls when the agent stops. */
  readonly stopped: AbortSignal;
  /** As `stopped`; also aborts when the copy, and so watching it, has ended. */
  readonly watching: AbortSignal;
  /** As `stopped`; also aborts when the migration has ended. */
  readonly ended: AbortSignal;
  readonly signalOf: (asker: Asker) => AbortSignal;
  readonly hear: (event: VmEvent) => void;
  readonly onEventsLost: () => void;
}

// Smooth for an operator who watches, negligible for QEMU's monitor.
const POLL_MS = 250;
// libvirt sends the event with the final figures just before or after its reply.
const FINAL_FIGURES_MS = 200;
// QEMU measures whole seconds.
const MEASURE_MS = SECOND_MS;

/** Resolves with what was seen. Throws what the call throws. */
// eslint-disable-next-line complexity -- one short arm for each call
export async function carryOut(call: Call, parts: CallParts): Promise<Seen> {
  const { request, copy, hypervisor, clock, callTimeoutMs, stopped, watching, ended } = parts;
  const wait: WaitOptions = { timeoutMs: callTimeoutMs, signal: stopped };
  const watchWait: WaitOptions = { timeoutMs: callTimeoutMs, signal: watching };
  switch (call.kind) {
    case 'look':
      return look(parts, wait);
    case 'ask_limit':
      return { kind: 'limit_told', downtimeMs: await copy.downtimeMaxMs(wait) };
    case 'listen':
      await hypervisor.listen(request.vmUuid, parts.hear, {
        timeoutMs: callTimeoutMs,
        signal: ended,
        onLost: parts.onEventsLost,
      });
      return { kind: 'listening' };
    case 'claim': {
      const before = await parts.intents.of(request.vmUuid);
      const answer = await parts.intents.rule(request.vmUuid, (record) =>
        ruleStart(record, keyOf(request), call.intent),
      );
      return { kind: 'claimed', answer, before: before?.intent };
    }
    case 'measure':
      return { kind: 'measured', dirtyBytesPerSecond: await copy.dirtyBytesPerSecond(MEASURE_MS, wait) };
    case 'set_first_downtime':
      await copy.setDowntimeMax(call.downtimeMs, wait);
      return { kind: 'first_downtime_set' };
    case 'start': {
      const order = { ...request, postCopy: call.postCopy, arrivesPaused: arrivesPaused(request) };
      await copy.start(order, { timeoutMs: copyMaxMs(request), signal: stopped });
      return { kind: 'copied' };
    }
    case 'await_process_end':
      await copy.processEnded(watching);
      return { kind: 'process_ended' };
    case 'await_final_figures':
      await clock.sleep(FINAL_FIGURES_MS, ended);
      return { kind: 'final_figures_overdue' };
    case 'rest':
      await clock.sleep(POLL_MS, watching);
      return { kind: 'rested' };
    case 'ask_figures':
      return { kind: 'figures', figures: await copy.figures(watchWait) };
    case 'set_downtime':
      await copy.setDowntimeMax(call.downtimeMs, watchWait);
      return { kind: 'downtime_set' };
    case 'switch_to_post_copy':
      await copy.switchToPostCopy(watchWait);
      return { kind: 'post_copy_begun' };
    case 'observe':
      return { kind: 'observed', vm: await hypervisor.observe(request.vmUuid, watchWait) };
    case 'restore_downtime':
      await copy.setDowntimeMax(call.downtimeMs, wait);
      return { kind: 'downtime_restored' };
    case 'abort':
      await copy.abort({ timeoutMs: callTimeoutMs, signal: signalFor(call.asker, parts) });
      return { kind: 'aborted', asker: call.asker };
    case 'rest_before_abort':
      await clock.sleep(POLL_MS, signalFor(call.asker, parts));
      return { kind: 'abort_due', asker: call.asker };
  }
}

async function look({ request, hypervisor, intents }: CallParts, wait: WaitOptions): Promise<Seen> {
  const vm = await hypervisor.observe(request.vmUuid, wait);
  return { kind: 'looked', vm, record: await intents.of(request.vmUuid) };
}

function signalFor(asker: Asker | 'watch', { watching, signalOf }: CallParts): AbortSignal {
  return asker === 'watch' ? watching : signalOf(asker);
}
