// One migration on its source: starts it or attaches to it, steers it, ends it in time, and says how libvirt's call ended.
import { Bell } from '../../../shared/bell.ts';
import {
  DeadlineError,
  relayAbort,
  withDeadline,
  type Clock,
  type WaitOptions,
} from '../../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../../shared/errors.ts';
import type { MigrateRequest, MigrateResultInput, VmInput } from '../../../shared/gen/agent.ts';
import type { MigrationProgressInput } from '../../../shared/gen/telemetry.ts';
import type { Logger } from '../../../shared/log.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import { translateLibvirt } from '../../libvirt-errors.ts';
import { ErrorCode } from '../../libvirt/constants.ts';
import { isLibvirtError, LibvirtError } from '../../libvirt/errors.ts';
import { causeOf, endShown, type AbortCause, type CauseCode, type Sighting } from './cause.ts';
import { fencedText, ruleStart, type Intent, type SourceIntent } from '../promises/claims.ts';
import { beginConverging, converge, type Converging } from './converge.ts';
import type { Copy, Hypervisor, VmEvent } from '../hypervisor/hypervisor.ts';
import type { Intents } from '../promises/intents.ts';
import { askedOf, failureOf, limitsOf, previousOf, refuseStart } from './order.ts';
import { phaseOf, progressOf, sightOf, type JobFigures } from './progress.ts';
import { startCopy } from './start-copy.ts';
import { hasJob, shownOnSource } from '../hypervisor/vm-state.ts';

export interface JobContext {
  readonly hypervisor: Hypervisor;
  readonly intents: Intents;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Deadline of one quick call to the hypervisor. */
  readonly callTimeoutMs: number;
  /** Copies may be ordered over libvirt's plain TCP. */
  readonly isTcpAllowed: boolean;
  /** Ends the watching; the migration itself goes on in libvirt. */
  readonly stopped: AbortSignal;
}

export type JobOutcome = MigrateResultInput | EvenkeelError;

// Smooth for a person who watches, next to nothing for QEMU's monitor.
const POLL_MS = 250;
// libvirt's keepalive of a peer-to-peer connection is 5 s x (5 + 1); the switch-over may hang twice as long.
const SWITCH_MAX_MS = 65 * SECOND_MS;
const ABORT_MAX_MS = 30 * SECOND_MS;
// libvirt sends the event with the final figures just before or after its reply.
const FINAL_FIGURES_MS = 200;
// QEMU measures whole seconds.
const MEASURE_MS = SECOND_MS;
// The dirty rate is measured before the start only where that second is at most a twentieth of the copy; a smaller
// guest tells its rate after the first pass, and its forecast goes without.
const MEASURE_FROM_COPY_MS = 20 * SECOND_MS;

export class MigrationJob {
  readonly request: MigrateRequest;
  readonly #context: JobContext;
  readonly #logger: Logger;
  readonly #news: Bell;
  readonly #startedAtMs: number;
  #progress: MigrationProgressInput = {};
  #outcome: JobOutcome | undefined;
  #endedAtMs = 0;
  #copy: Copy | undefined;
  /** The figures of the completed job have come. */
  #isFinal = false;
  #isClaimed = false;
  #isPostCopy = false;
  #isLost = false;
  #converging: Converging;
  #seen: Sighting = { abortedBy: undefined, isCopying: false, isSwitching: false, guest: undefined };

  constructor(request: MigrateRequest, context: JobContext) {
    this.request = request;
    this.#context = context;
    this.#news = new Bell(context.clock);
    this.#startedAtMs = context.clock.monotonicMs();
    this.#converging = beginConverging(request);
    const { migrationId, vmUuid, targetHostId } = request;
    this.#logger = context.logger.child({ migrationId, vmId: vmUuid, targetHost: targetHostId });
  }

  get version(): number {
    return this.#news.count;
  }

  get progress(): MigrationProgressInput {
    return { ...this.#progress, phase: phaseOf(this.#seen) };
  }

  /** How it ended: libvirt's answer, or why it was never started. */
  get outcome(): JobOutcome | undefined {
    return this.#outcome;
  }

  /** Its id is used up: it was started, or refused for good. */
  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  /** It ended because libvirt did not answer any more: the copy itself may go on. */
  get isLost(): boolean {
    return this.#isLost && this.#outcome !== undefined;
  }

  get endedAtMs(): number {
    return this.#endedAtMs;
  }

  /** Resolves at the next progress or outcome, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#news.next(this.#news.count, signal).catch(() => undefined);
  }

  /** Runs to the end. Does not throw. */
  async run(): Promise<void> {
    const { hypervisor, clock, stopped } = this.#context;
    let outcome: JobOutcome;
    try {
      outcome = await hypervisor.withCopy(
        this.request.vmUuid,
        (copy) => this.#carryOut((this.#copy = copy)),
        stopped,
      );
    } catch (error) {
      outcome = failureOf(this.request, stopped.aborted, error);
    }
    this.#outcome = outcome;
    this.#endedAtMs = clock.monotonicMs();
    this.#logger.info(
      outcome instanceof EvenkeelError
        ? { err: outcome }
        : { ok: outcome.ok, causeCode: outcome.causeCode, reason: outcome.message, ...this.#progress },
      'migration call ended',
    );
    this.#news.ring();
  }

  /** Ends the copying. Throws FAILED_PRECONDITION when the guest is being switched over or all is over. */
  async abort(signal: AbortSignal): Promise<void> {
    const { migrationId } = this.request;
    if (this.#outcome !== undefined)
      throw new EvenkeelError('FAILED_PRECONDITION', `abort migration ${migrationId}: it has ended`);
    if (this.#seen.isSwitching || this.#isPostCopy)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `abort migration ${migrationId}: the guest is being switched over to the target; wait for the outcome`,
      );
    const wait = { timeoutMs: this.#context.callTimeoutMs, signal };
    const work = this.#end('user_abort', wait);
    await work.catch((error: unknown) => {
      throw translateLibvirt(`abort migration ${migrationId}`, error);
    });
  }

  #see(change: Partial<Sighting>): void {
    this.#seen = { ...this.#seen, ...change };
  }

  #report(figures: JobFigures): void {
    if ((figures.memoryProcessedBytes ?? 0) > 0) this.#see({ isCopying: true });
    this.#progress = { ...this.#progress, ...progressOf(figures) };
    this.#news.ring();
  }

  #wait(): WaitOptions {
    return { timeoutMs: this.#context.callTimeoutMs, signal: this.#context.stopped };
  }

  async #carryOut(copy: Copy): Promise<MigrateResultInput> {
    const { hypervisor, intents } = this.#context;
    const { vmUuid } = this.request;
    const vm = await hypervisor.observe(vmUuid, this.#wait());
    const record = await intents.of(vmUuid);
    const draft: SourceIntent = { role: 'source', order: limitsOf(this.request), previousDowntimeMs: 0 };
    const isNew = ruleStart(record, this.request, draft).answer.kind === 'new';
    if (isNew) refuseStart(this.request, vm);
    // What an earlier migration left behind, whose end this host never heard, is not the guest's own limit.
    const kept = previousOf(record?.intent);
    const own = isNew && kept === 0 ? await copy.downtimeMaxMs(this.#wait()) : kept;
    const intent = { ...draft, previousDowntimeMs: own };
    // Listened to before it is promised: whatever fails until then has begun nothing, and may be asked for again.
    return this.#heard(() => this.#begin(copy, vm, intent));
  }

  async #begin(copy: Copy, vm: VmInput | undefined, intent: SourceIntent): Promise<MigrateResultInput> {
    const { intents } = this.#context;
    const { vmUuid } = this.request;
    const record = await intents.of(vmUuid);
    const claim = await intents.rule(vmUuid, (before) => ruleStart(before, askedOf(this.request), intent));
    // One that was fenced off is forgotten: a later scheduler attaches under the same id.
    this.#isClaimed = claim.kind !== 'fenced';
    switch (claim.kind) {
      case 'fenced':
        return this.#failed('fenced_epoch', fencedText(this.request, claim.seen));
      case 'unstarted':
        return this.#failed(
          'fenced_epoch',
          `migration ${this.request.migrationId} was looked at or ended here before its order came; it stays where it is`,
        );
      case 'new':
        return this.#start(copy, vm, intent.previousDowntimeMs);
      case 'known':
        return this.#attach(copy, record?.intent);
    }
  }

  /** Runs `work` while listening to what happens to the VM. */
  async #heard(work: () => Promise<MigrateResultInput>): Promise<MigrateResultInput> {
    const { hypervisor, callTimeoutMs, stopped } = this.#context;
    const over = new AbortController();
    const endRelay = relayAbort(stopped, over);
    try {
      await hypervisor.listen(
        this.request.vmUuid,
        (event) => {
          this.#hear(event);
        },
        {
          timeoutMs: callTimeoutMs,
          signal: over.signal,
          onLost: () => {
            this.#logger.warn('events of the migration are lost; its state is asked for instead');
          },
        },
      );
      return await work();
    } finally {
      endRelay();
      over.abort();
    }
  }

  #hear(event: VmEvent): void {
    switch (event.kind) {
      case 'iteration':
        this.#report({ memoryIteration: event.iteration });
        return;
      case 'completed':
        this.#isFinal = true;
        this.#report(event.figures);
        return;
      case 'suspended':
        if (event.detail === 'postCopy' || event.detail === 'postCopyFailed') this.#isPostCopy = true;
        if (event.detail === 'migrated' || this.#isPostCopy) this.#see({ isSwitching: true });
        if (event.detail === 'ioError') this.#see({ guest: 'io_error' });
        break;
      case 'resumed':
        this.#see({ isSwitching: this.#isPostCopy });
        break;
      case 'stopped':
        if (event.detail === 'shutdown' || event.detail === 'destroyed') this.#see({ guest: 'shutdown' });
        if (event.detail === 'crashed') this.#see({ guest: 'crashed' });
        break;
      case 'other':
        return;
    }
    this.#news.ring();
  }

  async #start(copy: Copy, vm: VmInput | undefined, previousDowntimeMs: number): Promise<MigrateResultInput> {
    const { targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs, commitMode } = this.request;
    try {
      await this.#measure(copy, Number(vm?.memoryMaxBytes ?? 0));
      await copy.setDowntimeMax(this.#converging.downtimeMs, this.#wait());
      if (this.#seen.abortedBy !== undefined)
        return this.#failed(this.#seen.abortedBy, 'ended before the copy began');
      this.#logger.info(
        { targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs, commitMode },
        'migration starts',
      );
      const message = await this.#watchUntil(this.#carriedOver(copy), copy);
      return { ok: true, message, progress: this.progress };
    } catch (error) {
      if (this.#context.stopped.aborted) throw error;
      await this.#restore(copy, previousDowntimeMs);
      return this.#failedBy(error);
    }
  }

  /** Resolves with how the guest has left, by libvirt's word; of a copy that waits for it, also by the end of its QEMU. */
  async #carriedOver(copy: Copy): Promise<string> {
    const call = this.#call(copy);
    if (this.request.commitMode !== 'COMMIT_MODE_PAUSED') {
      await call;
      await this.#finalFigures();
      return 'libvirt says that the VM runs on the target';
    }
    const over = new AbortController();
    const told = call.then(() => 'libvirt says that the VM has arrived, paused');
    return Promise.race([told, this.#processEnded(copy, over.signal)]).finally(() => {
      over.abort(new Error('the copy has ended'));
    });
  }

  /** libvirt says so itself only after its next look at the process, and answers nobody about the VM until then. */
  async #processEnded(copy: Copy, over: AbortSignal): Promise<string> {
    while (!this.#seen.isSwitching && !over.aborted) await this.changed(over);
    over.throwIfAborted();
    await copy.processEnded(over);
    return 'the QEMU process has ended on the source, and the VM has arrived, paused';
  }

  #call(copy: Copy): Promise<void> {
    const { request } = this;
    const timeoutMs = request.timeoutMs + ABORT_MAX_MS + SWITCH_MAX_MS;
    return startCopy(copy, request, { timeoutMs, signal: this.#context.stopped }, (error) => {
      this.#logger.warn({ err: error }, 'no post-copy there; copying without');
      this.#converging = beginConverging({ ...request, postCopy: false });
      return this.#seen.abortedBy === undefined;
    });
  }

  async #measure(copy: Copy, memoryBytes: number): Promise<void> {
    const copyMs = (memoryBytes / this.request.bandwidthBytesPerSecond) * SECOND_MS;
    if (copyMs < MEASURE_FROM_COPY_MS) {
      this.#logger.debug({ copyMs }, 'dirty rate not measured beforehand: the copy is short');
      return;
    }
    try {
      const dirtyBytesPerSecond = await copy.dirtyBytesPerSecond(MEASURE_MS, this.#wait());
      if (dirtyBytesPerSecond === undefined) return;
      this.#progress = { ...this.#progress, dirtyBytesPerSecond };
      this.#news.ring();
    } catch (error) {
      if (this.#context.stopped.aborted) throw error;
      this.#logger.warn({ err: error }, 'could not measure how fast the guest changes its memory');
    }
  }

  /** Gone, or libvirt away: then there is nothing to set back now; the end of the migration tries again. */
  async #restore(copy: Copy, previousDowntimeMs: number): Promise<void> {
    if (previousDowntimeMs <= 0) return;
    await copy.setDowntimeMax(previousDowntimeMs, this.#wait()).catch(() => undefined);
  }

  #failed(causeCode: CauseCode, message: string): MigrateResultInput {
    return { ok: false, causeCode, message, progress: this.progress };
  }

  #failedBy(error: unknown): MigrateResultInput {
    this.#isLost = !(error instanceof LibvirtError);
    return this.#failed(causeOf(error, this.#seen), messageOf(error));
  }

  async #finalFigures(): Promise<void> {
    const { clock, stopped } = this.#context;
    const wait = { timeoutMs: FINAL_FIGURES_MS, signal: stopped };
    await withDeadline(clock, 'final figures', wait, async (signal) => {
      while (!this.#isFinal && !signal.aborted) await this.changed(signal);
    });
  }

  /** Awaits the call, asking for figures meanwhile, and cancels the job when its time is up. */
  async #watchUntil<T>(call: Promise<T>, copy: Copy): Promise<T> {
    const over = new AbortController();
    const watching = this.#watch(copy, over.signal);
    try {
      return await call;
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Asks for figures until `over`, and steers. Does not throw: what truly fails, fails the call too. */
  async #watch(copy: Copy, over: AbortSignal): Promise<void> {
    const { clock, callTimeoutMs } = this.#context;
    const wait = { timeoutMs: callTimeoutMs, signal: over };
    for (;;)
      try {
        await clock.sleep(POLL_MS, over);
        await this.#keepLimit(wait);
        await this.#poll(copy, wait);
      } catch (error) {
        if (over.aborted) return;
        this.#logger.warn({ err: error }, 'could not ask for the state of the migration, or steer it');
      }
  }

  /** A migration that is past its time is cancelled, unless the guest is being switched over: that ends by itself. */
  async #keepLimit(wait: WaitOptions): Promise<void> {
    const isLate = this.#context.clock.monotonicMs() - this.#startedAtMs >= this.request.timeoutMs;
    if (isLate && this.#isSteered()) await this.#end('timeout', wait);
  }

  /** Not ended by anybody yet, nor being switched over. */
  #isSteered(): boolean {
    return this.#seen.abortedBy === undefined && !this.#seen.isSwitching && !this.#isPostCopy;
  }

  /** False when no migration job runs any more, or the VM has gone. */
  async #poll(copy: Copy, wait: WaitOptions): Promise<boolean> {
    const figures = await copy.figures(wait);
    if (figures === undefined) return false;
    this.#report(figures);
    if (this.#isSteered()) await this.#steer(copy, figures, wait);
    return true;
  }

  async #steer(copy: Copy, figures: JobFigures, wait: WaitOptions): Promise<void> {
    const sight = sightOf(figures, this.#context.clock.monotonicMs());
    if (sight === undefined) return;
    const { state, advice } = converge(this.#converging, sight);
    switch (advice.kind) {
      case 'go_on':
        break;
      case 'set_downtime':
        await copy.setDowntimeMax(advice.downtimeMs, wait);
        break;
      case 'post_copy':
        this.#logger.warn({ ...this.#progress }, 'the copy does not get ahead; switching to post-copy');
        await copy.switchToPostCopy(wait);
        this.#isPostCopy = true;
        break;
      case 'abort':
        this.#logger.warn({ ...this.#progress }, 'the guest changes its memory faster than it is copied');
        await this.#end('not_converging', wait);
        break;
    }
    // After the act: what failed is advised again at the next look.
    this.#converging = state;
  }

  /** Right after the start there is no job yet to cancel; so it is asked again for a while. */
  async #end(abortedBy: AbortCause, wait: WaitOptions): Promise<void> {
    const { clock } = this.#context;
    this.#see({ abortedBy });
    const giveUpAtMs = clock.monotonicMs() + ABORT_MAX_MS;
    while (this.#outcome === undefined) {
      try {
        await this.#copy?.abort(wait);
        return;
      } catch (error) {
        const isTooEarly = isLibvirtError(error, ErrorCode.operationInvalid);
        if (!isTooEarly || this.#seen.isSwitching || clock.monotonicMs() >= giveUpAtMs) throw error;
        await clock.sleep(POLL_MS, wait.signal);
      }
    }
  }

  /** It was started before: watches its job to the end and says what the source shows then. */
  async #attach(copy: Copy, intent: Intent | undefined): Promise<MigrateResultInput> {
    const { clock, stopped } = this.#context;
    const previousDowntimeMs = previousOf(intent);
    this.#logger.info('attached to a migration that was started before');
    const limitMs = this.request.timeoutMs + ABORT_MAX_MS + SWITCH_MAX_MS;
    for (;;) {
      try {
        const result = await this.#look(copy, previousDowntimeMs);
        if (result !== undefined) return result;
        await this.#keepLimit(this.#wait());
      } catch (error) {
        if (stopped.aborted) throw error;
        // A libvirt that hangs or refuses may answer again; a connection that is lost stays lost.
        const isAnswered = error instanceof DeadlineError || error instanceof LibvirtError;
        if (!isAnswered) return this.#failedBy(error);
        this.#logger.warn({ err: error }, 'could not ask for the state of the migration');
      }
      if (clock.monotonicMs() - this.#startedAtMs >= limitMs)
        return this.#failed('timeout', 'the job has not ended in its time');
      await clock.sleep(POLL_MS, stopped);
    }
  }

  /** How it ended; undefined while it goes on. */
  async #look(copy: Copy, previousDowntimeMs: number): Promise<MigrateResultInput | undefined> {
    // The job first and the state after it: a state from before the job's end would tell nothing.
    const hasCopyJob = await this.#poll(copy, this.#wait());
    const vm = await this.#context.hypervisor.observe(this.request.vmUuid, this.#wait());
    const shown = shownOnSource(vm);
    this.#see({ isSwitching: this.#isPostCopy || shown.kind === 'paused_migrating' });
    if (hasCopyJob || (vm !== undefined && hasJob(vm))) return undefined;
    if (shown.kind === 'running') await this.#restore(copy, previousDowntimeMs);
    return { ...endShown(shown, this.#seen.abortedBy), progress: this.progress };
  }
}
