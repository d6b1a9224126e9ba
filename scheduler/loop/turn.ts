// Takes one turn of the control loop: plans, records what is new, starts what may start, proposes what an operator decides.
import type { Bell } from '../../shared/bell.ts';
import assert from 'node:assert/strict';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { isOf, newAsks, type Ask } from './asks.ts';
import { decisionOfMove, decisionsOf } from '../decisions/wording.ts';
import { moveOf } from '../planner/words/move.ts';
import type { ProposalBook } from '../people/proposals.ts';
import type { SlotLimits } from '../migrations/slot-limits.ts';
import { startable } from './startable.ts';
import type { DecisionLog } from '../decisions/log.ts';
import type { Runner } from '../migrations/runner.ts';
import type { Plan, PlannedMove, Trigger } from '../planner/contract/plan-types.ts';
import type { Snapshot } from '../planner/contract/snapshot.ts';
import type { Planning } from './planning.ts';
import type { Shadow } from './shadow.ts';

export interface TurnParts {
  readonly planning: Planning;
  readonly runner: Pick<Runner, 'start'>;
  readonly proposals: ProposalBook;
  readonly log: DecisionLog;
  readonly shadow: Shadow;
  /** The limits of a cluster with that many hosts. */
  readonly slots: (hosts: number) => SlotLimits;
  /** Wakes those who watch. */
  readonly watchBell: Bell;
  readonly clock: Clock;
  readonly logger: Logger;
}

// Pause after a move that could not be started (NATS away, a slot taken meanwhile); the next plan may try again.
const RETRY_START_MS = 5 * SECOND_MS;
// An operator ordered these by entering maintenance or creating a VM: only observe holds them back.
const ORDERED: ReadonlySet<Trigger> = new Set<Trigger>(['evacuate', 'make_room']);

export class Turn {
  readonly #parts: TurnParts;
  #startAfterMs = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  async take(): Promise<void> {
    const { planning, proposals, shadow } = this.#parts;
    const seen = planning.snapshot();
    await proposals.sweep(seen);
    const begun = await this.#startApproved(seen);
    const now = begun ? planning.snapshot() : seen;
    const snapshot = proposals.applyTo(now);
    const plan = planning.plan(snapshot);
    await this.#act(now, snapshot, plan);
    shadow.look(snapshot, plan);
  }

  /** `now` is the present cluster; the plan was made from `snapshot`, in which answered proposals count as decided. */
  async #act(now: Snapshot, snapshot: Snapshot, plan: Plan): Promise<void> {
    const { planning, log, proposals } = this.#parts;
    const own = plan.moves.filter(({ mode, trigger }) => mode === 'auto' || ORDERED.has(trigger));
    const starting = startable(own, now.migrations, this.#slotsOf(now));
    const asks = this.#asksOf(
      now,
      plan.moves.filter((move) => !own.includes(move)),
    );
    const acted = [...starting, ...asks.map(({ move }) => move)];
    // A running migration speaks for itself.
    const stays = decisionsOf(snapshot, plan).filter(
      ({ move, noMoveCode }) => move === null && noMoveCode !== 'moving',
    );
    const ids = await log.write([...acted.map((move) => decisionOfMove(snapshot, move)), ...stays], () =>
      planning.recordJson(snapshot, plan),
    );
    // Nothing is done that could not be recorded.
    if (ids === undefined) return;
    this.#parts.watchBell.ring();
    for (const [at, move] of starting.entries()) await this.#start(move, idAt(ids, at));
    for (const [at, { move, replaces }] of asks.entries()) {
      const decisionId = idAt(ids, starting.length + at);
      const better = `${move.vmName} to ${move.targetHostName} is proposed instead: ${move.reason}`;
      for (const proposal of replaces)
        if (proposals.get(proposal.proposalId)?.state === 'PROPOSAL_STATE_WAITING')
          await proposals.end(proposal, 'PROPOSAL_STATE_WITHDRAWN', better, snapshot.atMs);
      await proposals.propose({ decisionId, trigger: move.trigger, move: moveOf(move) }, snapshot.atMs);
    }
  }

  /** New moves never displace a waiting proposal unless a new check shows that it has become useless. */
  #asksOf(now: Snapshot, moves: readonly PlannedMove[]): Ask[] {
    const { planning, proposals } = this.#parts;
    const waiting = proposals.waiting();
    if (moves.every((move) => waiting.some((proposal) => isOf(proposal, move)))) return [];
    const { objections } = planning.recheck(waiting, now);
    return newAsks(moves, waiting, ({ proposalId }) => objections.get(proposalId)?.isPassing === false);
  }

  #slotsOf({ hosts }: Snapshot): SlotLimits {
    return this.#parts.slots(hosts.length);
  }

  /** Checks the approved proposals again, and starts those whose slots are free. True when one was started. */
  async #startApproved(snapshot: Snapshot): Promise<boolean> {
    const { planning, proposals } = this.#parts;
    const approved = proposals.approved();
    if (approved.length === 0) return false;
    const { planned, objections } = planning.recheck(approved, snapshot);
    for (const proposal of approved) {
      const objection = objections.get(proposal.proposalId);
      if (objection?.isPassing === false)
        await proposals.end(proposal, 'PROPOSAL_STATE_WITHDRAWN', objection.reason, snapshot.atMs);
    }
    let begun = false;
    for (const move of startable(planned, snapshot.migrations, this.#slotsOf(snapshot))) {
      const proposal = approved.find((each) => isOf(each, move));
      if (proposal === undefined) continue;
      const migrationId = await this.#start(move, proposal.decisionId);
      if (migrationId === undefined) continue;
      begun = true;
      await proposals.end(proposal, 'PROPOSAL_STATE_STARTED', '', snapshot.atMs, migrationId);
    }
    return begun;
  }

  /** The migration's id; undefined when it could not be started. */
  async #start(move: PlannedMove, decisionId: string): Promise<string | undefined> {
    const { runner, clock, logger } = this.#parts;
    if (clock.monotonicMs() < this.#startAfterMs) return undefined;
    const { vmUuid, vmName, sourceHostId, targetHostId, trigger } = move;
    try {
      const order = { vmUuid, vmName, sourceHostId, targetHostId, decisionId };
      const { migrationId } = await runner.start({ ...order, evacuation: trigger === 'evacuate' });
      return migrationId;
    } catch (error) {
      this.#startAfterMs = clock.monotonicMs() + RETRY_START_MS;
      logger.warn({ vm: vmName, cause: messageOf(error) }, 'move not started; it will be planned again');
      return undefined;
    }
  }
}

/** An empty id would mean that an operator ordered the move. */
function idAt(ids: readonly string[], at: number): string {
  const id = ids[at];
  assert(id !== undefined && id !== '', `decision ${at} of the turn has no id`);
  return id;
}
