// Watches over copies that arrived paused: when no scheduler is heard any more, asks the source's agent, and resumes the
// copy only if the source has released the guest. A source that cannot be reached counts as not having released it.
import { pause, type Clock, type WaitOptions } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { Logger } from '../../../shared/log.ts';
import type { SerialByKey } from '../../../shared/serial.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import type { TargetIntent, VmRecord } from '../promises/claims.ts';
import type { Hypervisor } from '../hypervisor/hypervisor.ts';
import type { Intents } from '../promises/intents.ts';
import {
  hasJob,
  hasReleased,
  isInPostCopy,
  isPaused,
  isPausedByFault,
  isRunning,
} from '../hypervisor/vm-state.ts';

/**
 * The VM as the source's own agent shows it now; undefined only when that agent says that its libvirt has no such VM.
 * Throws when the agent cannot be reached, or is not that of the expected host.
 */
export type AskSource = (
  source: Pick<TargetIntent, 'sourceHostId' | 'sourceAgentAddress' | 'sourceCertificateSha256'>,
  vmUuid: string,
  wait: WaitOptions,
) => Promise<VmInput | undefined>;

/** Dependencies of the target's side. */
export interface WatchContext {
  readonly hypervisor: Hypervisor;
  readonly intents: Intents;
  readonly askSource: AskSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Deadline of one quick call to the hypervisor. */
  readonly callTimeoutMs: number;
}

const TICK_MS = SECOND_MS;
// A verifying scheduler looks at both hosts every second or so; after this long without a call it counts as gone.
const SILENCE_MS = 3 * SECOND_MS;
// The age up to which an observation may decide anything.
const ASK_TIMEOUT_MS = 2 * SECOND_MS;

export class Watchdog {
  readonly #context: WatchContext;
  /** One act at a time on a VM; shared with the guard. */
  readonly #acts: SerialByKey;
  /** When a scheduler last sent a command for the VM, on the monotonic clock. */
  readonly #heardAtMs = new Map<string, number>();
  readonly #busy = new Set<string>();
  readonly #beganAtMs: number;
  /** The reason last logged for each VM, so that only changes are logged. */
  readonly #said = new Map<string, string>();

  constructor(context: WatchContext, acts: SerialByKey) {
    this.#context = context;
    this.#acts = acts;
    this.#beganAtMs = context.clock.monotonicMs();
  }

  hear(vmUuid: string): void {
    this.#heardAtMs.set(vmUuid, this.#context.clock.monotonicMs());
  }

  forget(vmUuid: string): void {
    this.#heardAtMs.delete(vmUuid);
    this.#said.delete(vmUuid);
  }

  /** The copy has run, or a scheduler set its state: from now on the watchdog leaves it alone. */
  async settled(vmUuid: string): Promise<void> {
    await this.#context.intents.rule(vmUuid, (record) => ({
      record:
        record?.intent?.role === 'target' && !record.intent.isSettled
          ? { ...record, intent: { ...record.intent, isSettled: true } }
          : record,
      answer: undefined,
    }));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, intents } = this.#context;
    const watching = new Set<Promise<void>>();
    while (await pause(clock, TICK_MS, signal)) {
      const open = await intents.open().catch((error: unknown) => {
        this.#say('', messageOf(error), 'cannot read which VMs are guarded here');
        return [];
      });
      for (const [vmUuid, record] of open) {
        if (!isWatched(record.intent) || this.#busy.has(vmUuid)) continue;
        const look = this.#look(vmUuid, record, record.intent, signal);
        watching.add(look);
        void look.finally(() => watching.delete(look));
      }
    }
    await Promise.all(watching);
  }

  /** Does not throw: the next tick tries again. */
  async #look(vmUuid: string, record: VmRecord, intent: TargetIntent, signal: AbortSignal): Promise<void> {
    this.#busy.add(vmUuid);
    try {
      if (this.#isQuiet(vmUuid)) await this.#commit(vmUuid, record, intent, signal);
    } catch (error) {
      if (!signal.aborted) this.#say(vmUuid, messageOf(error), 'a paused copy is waiting');
    } finally {
      this.#busy.delete(vmUuid);
    }
  }

  #isQuiet(vmUuid: string): boolean {
    const heardAtMs = this.#heardAtMs.get(vmUuid) ?? this.#beganAtMs;
    return this.#context.clock.monotonicMs() - heardAtMs >= SILENCE_MS;
  }

  async #commit(vmUuid: string, record: VmRecord, intent: TargetIntent, signal: AbortSignal): Promise<void> {
    const { hypervisor, askSource, callTimeoutMs } = this.#context;
    const seen = await hypervisor.observe(vmUuid, { timeoutMs: callTimeoutMs, signal });
    if (seen === undefined || hasJob(seen)) return;
    if (isRunning(seen)) return this.settled(vmUuid);
    if (!isWaiting(seen)) return;
    const source = await askSource(intent, vmUuid, { timeoutMs: ASK_TIMEOUT_MS, signal });
    if (!hasReleased(source)) {
      const state = source?.state ?? '';
      this.#say(vmUuid, `the source still has the VM (${state})`, 'a paused copy is waiting');
      return;
    }
    await this.#acts.run(vmUuid, () => this.#resume(vmUuid, record, seen));
  }

  /** Resumes the copy unless a scheduler was heard, or the VM changed, while the source was asked. */
  async #resume(vmUuid: string, record: VmRecord, seen: VmInput): Promise<void> {
    const { hypervisor, intents, callTimeoutMs, logger } = this.#context;
    const now = await intents.of(vmUuid);
    const isSame = now?.migrationId === record.migrationId && now.epoch === record.epoch;
    if (!isSame || !isWatched(now.intent) || !this.#isQuiet(vmUuid)) return;
    const wait = { timeoutMs: callTimeoutMs };
    const vm = await hypervisor.observe(vmUuid, wait);
    if (vm === undefined || vm.libvirtId !== seen.libvirtId || hasJob(vm) || !isWaiting(vm)) return;
    const { migrationId, epoch } = record;
    logger.warn(
      { migrationId, epoch, vmId: vmUuid },
      'resuming a paused copy: the source has released the guest, and no scheduler is heard',
    );
    await hypervisor.resume(vmUuid, wait);
    await this.settled(vmUuid);
  }

  #say(vmUuid: string, reason: string, message: string): void {
    if (this.#said.get(vmUuid) === reason) return;
    this.#said.set(vmUuid, reason);
    this.#context.logger.warn({ vmId: vmUuid, reason }, message);
  }
}

function isWatched(intent: VmRecord['intent']): intent is TargetIntent {
  return intent?.role === 'target' && intent.commitMode === 'COMMIT_MODE_PAUSED' && !intent.isSettled;
}

/** Fully copied, and paused only because it was ordered to arrive paused. */
function isWaiting(vm: VmInput): boolean {
  return isPaused(vm) && !isInPostCopy(vm) && !isPausedByFault(vm);
}
