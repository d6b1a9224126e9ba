// The control loop: new samples, a plan, and by mode the record of its decisions and the start of its moves.
import { isAborted, pause, type Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import type { Move } from '../shared/gen/evenkeel/v1/Move.ts';
import type { Mode } from '../shared/gen/evenkeel/v1/Mode.ts';
import type { Logger } from '../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../shared/units.ts';
import type { Changes } from './changes.ts';
import type { ClusterView } from './cluster/view.ts';
import type { DecisionBook } from './decisions.ts';
import type { Runner } from './migrations/runner.ts';
import type { ModeControl } from './control/modes.ts';
import { ledgerOf, type Ledger } from './planner/ledger.ts';
import { plan, type Plan, type PlannedDecision } from './planner/plan.ts';
import type { Policy } from './planner/policy.ts';
import type { Restraint } from './planner/restraint.ts';

export interface LoopParts {
  readonly view: ClusterView;
  readonly runner: Runner;
  readonly decisions: DecisionBook;
  readonly mode: ModeControl;
  /** Rung by each report that was taken in. */
  readonly reports: Changes;
  /** Rung when people who watch should look again. */
  readonly changes: Changes;
  readonly policy: Policy;
  readonly restraint: Restraint;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

// Hosts tick at the same wall time, so their reports come within tens of milliseconds: one plan sees them all.
const GATHER_MS = 50;
// Without reports hosts become stale by time alone; the loop also shows its health by this.
const IDLE_MS = 5 * SECOND_MS;
// An unchanged decision is written again this often, so that the book shows how long it held.
const REPEAT_DECISION_MS = 5 * MINUTE_MS;
// After a move that could not be started (NATS away, a slot taken meanwhile) the plan may try again.
const RETRY_START_MS = 5 * SECOND_MS;

export class Loop {
  readonly #parts: LoopParts;
  /** What was last written about each hot host. */
  readonly #written = new Map<string, { key: string; atMs: number; decisionId: string }>();
  #startAfterMs = 0;
  /** Undefined while another scheduler leads: the loop then has nothing to do. */
  #turnedAtMs: number | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Runs until the signal aborts, while this scheduler leads. Call it once the view is warm. */
  async run(signal: AbortSignal): Promise<void> {
    this.#turnedAtMs = this.#parts.clock.monotonicMs();
    try {
      await this.#run(signal);
    } finally {
      this.#turnedAtMs = undefined;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { reports, clock, logger } = this.#parts;
    let seen = 0;
    for (;;) {
      if (isAborted(signal)) return;
      try {
        await reports.next(seen, signal, IDLE_MS);
        await clock.sleep(GATHER_MS, signal);
        seen = reports.count;
        await this.turn();
      } catch (error) {
        if (isAborted(signal)) return;
        logger.error({ err: error }, 'a turn of the control loop failed');
        await pause(clock, SECOND_MS, signal);
      }
    }
  }

  /** False when the loop has not come round for long: systemd then restarts the scheduler. */
  isHealthy(): boolean {
    return this.#turnedAtMs === undefined || this.#parts.clock.monotonicMs() - this.#turnedAtMs < MINUTE_MS;
  }

  ledger(): Ledger {
    const { runner, clock, restraint } = this.#parts;
    return ledgerOf(runner.list(), clock.nowMs(), restraint);
  }

  /** What the planner would do now in that mode; changes nothing. */
  plan(mode: Mode): Plan {
    const { view, policy, clock } = this.#parts;
    return plan(view, this.ledger(), policy, mode, clock.nowMs());
  }

  /** One turn: plan, write down what is news, start what the mode allows. */
  async turn(): Promise<void> {
    const { mode, clock } = this.#parts;
    this.#turnedAtMs = clock.monotonicMs();
    const { decisions } = this.plan(mode.current());
    this.#forgetCooled(decisions);
    for (const decision of decisions) {
      const id = await this.#record(decision);
      // Without the book nothing is done, and NATS is not asked again for each host.
      if (id === undefined) return;
      if (mode.current() === 'MODE_AUTO' && decision.move !== null) await this.#start(decision.move, id);
    }
  }

  /** Starts the move that was recorded under `decisionId`. */
  async #start(move: Move, decisionId: string): Promise<void> {
    const { runner, clock, logger } = this.#parts;
    if (clock.monotonicMs() < this.#startAfterMs) return;
    try {
      await runner.start({ ...move, decisionId });
    } catch (error) {
      this.#startAfterMs = clock.monotonicMs() + RETRY_START_MS;
      logger.warn({ vm: move.vmName, cause: messageOf(error) }, 'move not started; it will be planned anew');
    }
  }

  /**
   * Writes down a decision that says something new, or the same after a while. Returns the id under which it is in
   * the book, empty for one that is not worth a line, undefined when it could not be written.
   */
  async #record(planned: PlannedDecision): Promise<string | undefined> {
    const { decisions, changes, logger, newId } = this.#parts;
    // What is on its way out shows in the migration itself.
    if (planned.noMoveCode === 'moving') return '';
    const key = keyOf(planned);
    const written = this.#written.get(planned.hostId);
    if (written?.key === key && planned.atMs - written.atMs < REPEAT_DECISION_MS) return written.decisionId;
    const decisionId = newId();
    try {
      await decisions.record({ ...planned, decisionId, recordId: '' });
    } catch (error) {
      logger.warn({ host: planned.hostName, cause: messageOf(error) }, 'decision not recorded');
      return undefined;
    }
    this.#written.set(planned.hostId, { key, atMs: planned.atMs, decisionId });
    const { hostName: host, evidence, move, noMoveReason: reason } = planned;
    logger.info(
      {
        decisionId,
        host,
        evidence,
        reason: move?.reason ?? reason,
        vm: move?.vmName,
        targetHost: move?.targetHostName,
      },
      'host is hot',
    );
    changes.notify();
    return decisionId;
  }

  #forgetCooled(decisions: readonly PlannedDecision[]): void {
    const hot = new Set(decisions.map(({ hostId }) => hostId));
    for (const hostId of this.#written.keys()) if (!hot.has(hostId)) this.#written.delete(hostId);
  }
}

/** Two decisions with the same key say the same to a person. */
function keyOf({ mode, move, noMoveCode }: PlannedDecision): string {
  return move === null ? `${mode} ${noMoveCode}` : `${mode} ${move.vmUuid} > ${move.targetHostId}`;
}
