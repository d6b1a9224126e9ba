// Drives one migration on its source: feeds the state machine, carries out its acts, and keeps the outcome.
import { Bell } from '../../../shared/bell.ts';
import { causeWord } from '../../../shared/cause-word.ts';
import { relayAbort, type Clock } from '../../../shared/clock.ts';
import { EvenkeelError } from '../../../shared/errors.ts';
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import type { MigrationProgressInput } from '../../../shared/gen/telemetry.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Copy, Hypervisor } from '../hypervisor/hypervisor.ts';
import type { Intents } from '../promises/intents.ts';
import { carryOut, type CallParts } from './calls.ts';
import { progressNow } from './endings.ts';
import { begin, next } from './machine.ts';
import type { Act, Asker, Call, CopyState, JobOutcome, Seen } from './states.ts';

export interface JobContext {
  readonly hypervisor: Hypervisor;
  readonly intents: Intents;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Deadline of one quick call to the hypervisor. */
  readonly callTimeoutMs: number;
  /** Copies over libvirt's plain TCP are allowed. */
  readonly isTcpAllowed: boolean;
  /** Ends watching; the migration itself goes on in libvirt. */
  readonly stopped: AbortSignal;
}

interface Caller {
  readonly signal: AbortSignal;
  readonly answer: (error: Error | undefined) => void;
}

const OVER = new Error('the copy is over');

export class MigrationJob {
  readonly request: MigrateRequest;
  readonly #context: JobContext;
  readonly #logger: Logger;
  readonly #news: Bell;
  readonly #watching = new AbortController();
  readonly #ended = new AbortController();
  readonly #callers = new Map<Asker, Caller>();
  readonly #unread: Seen[] = [];
  #state: CopyState;
  #isReading = false;
  #lastAsker = 0;
  #carryOut: (call: Call) => Promise<Seen> = () => Promise.reject(new Error('not connected to libvirt yet'));
  #finish = (): void => undefined;
  #endedAtMs = 0;

  constructor(request: MigrateRequest, context: JobContext) {
    this.request = request;
    this.#context = context;
    this.#news = new Bell(context.clock);
    this.#state = begin(request, context.clock.monotonicMs());
    const { migrationId, vmUuid, targetHostId } = request;
    this.#logger = context.logger.child({ migrationId, vmId: vmUuid, targetHost: targetHostId });
  }

  get version(): number {
    return this.#news.count;
  }

  get progress(): MigrationProgressInput {
    return progressNow(this.#state.facts);
  }

  /** How it ended: libvirt's answer, or why it was never started. */
  get outcome(): JobOutcome | undefined {
    return this.#state.kind === 'ended' ? this.#state.outcome : undefined;
  }

  /** Its id is used up: the copy was started, or refused for good. */
  get isClaimed(): boolean {
    return this.#state.facts.isClaimed;
  }

  /** The job ended because libvirt stopped answering: the copy itself may go on. */
  get isLost(): boolean {
    return this.#state.kind === 'ended' && this.#state.isLost;
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
    const endRelays = [this.#watching, this.#ended].map((controller) => relayAbort(stopped, controller));
    try {
      await hypervisor.withCopy(this.request.vmUuid, (copy) => this.#work(copy), stopped);
    } catch (error) {
      this.#see({ kind: 'not_connected', error, isStopping: stopped.aborted });
    }
    for (const endRelay of endRelays) endRelay();
    this.#endedAtMs = clock.monotonicMs();
    this.#logEnd();
    this.#news.ring();
  }

  /** Aborts the copy. Throws FAILED_PRECONDITION when the guest is being switched over or the migration has ended. */
  abort(signal: AbortSignal): Promise<void> {
    this.#lastAsker += 1;
    const asker = this.#lastAsker;
    return new Promise((resolve, reject) => {
      const answer = (error: Error | undefined): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#callers.set(asker, { signal, answer });
      this.#see({ kind: 'abort_asked', asker });
    });
  }

  /** Resolves when the migration has ended. */
  #work(copy: Copy): Promise<void> {
    const parts = this.#partsOf(copy);
    this.#carryOut = (call) => carryOut(call, parts);
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#see({ kind: 'connected' });
    });
  }

  #partsOf(copy: Copy): CallParts {
    const { request } = this;
    const { hypervisor, intents, clock, callTimeoutMs, stopped } = this.#context;
    return {
      ...{ request, copy, hypervisor, intents, clock, callTimeoutMs, stopped },
      watching: this.#watching.signal,
      ended: this.#ended.signal,
      signalOf: (asker) => this.#callers.get(asker)?.signal ?? stopped,
      hear: (event) => {
        this.#see({ kind: 'event', event });
      },
      onEventsLost: () => {
        this.#logger.warn('events of the migration no longer arrive; polling its state instead');
      },
    };
  }

  /** Handles sights one at a time, in order; one that comes while acts are carried out waits for its turn. */
  #see(seen: Seen): void {
    this.#unread.push(seen);
    if (this.#isReading) return;
    this.#isReading = true;
    for (let first = this.#unread.shift(); first !== undefined; first = this.#unread.shift()) {
      const { state, acts } = next(this.#state, first, this.#context.clock.monotonicMs());
      this.#state = state;
      for (const act of acts) this.#act(act);
    }
    this.#isReading = false;
  }

  #act(act: Act): void {
    switch (act.kind) {
      case 'call':
        void this.#call(act.call);
        return;
      case 'stop_watching':
        this.#watching.abort(OVER);
        return;
      case 'report':
        this.#news.ring();
        return;
      case 'answer':
        this.#callers.get(act.asker)?.answer(act.error);
        this.#callers.delete(act.asker);
        return;
      case 'log':
        this.#logger[act.level](act.details, act.message);
        return;
      case 'end':
        this.#ended.abort(OVER);
        this.#finish();
        return;
    }
  }

  async #call(call: Call): Promise<void> {
    const seen = await this.#carryOut(call).catch((error: unknown): Seen => ({
      kind: 'failed',
      call,
      error,
      isStopping: this.#context.stopped.aborted,
    }));
    this.#see(seen);
  }

  #logEnd(): void {
    const { outcome } = this;
    if (outcome === undefined) return;
    this.#logger.info(
      outcome instanceof EvenkeelError
        ? { err: outcome }
        : {
            ...{
              ok: outcome.ok,
              causeCode: outcome.causeCode && causeWord(outcome.causeCode),
              reason: outcome.message,
            },
            ...this.#state.facts.progress,
          },
      'migration call ended',
    );
  }
}
