// Writes down what is news in a plan: each decision once, and again after a while, with the record it can be made again from.
import { messageOf } from '../../shared/errors.ts';
import type { Mode } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { PlannedDecision } from './wording.ts';
import type { DecisionBook } from './book.ts';
import type { RecordRing } from './records.ts';

// An unchanged decision is written again this often, so that the book shows how long it held.
const REPEAT_DECISION_MS = 5 * MINUTE_MS;

// Why a host at its limit stays as it is may change with every sample; an operator reads no more than two a minute.
const NEW_REASON_MS = 30 * SECOND_MS;

interface Written {
  readonly mode: Mode;
  readonly said: string;
  readonly atMs: number;
  readonly decisionId: string;
}

export interface DecisionLogParts {
  readonly decisions: Pick<DecisionBook, 'record'>;
  readonly records: Pick<RecordRing, 'keep'>;
  readonly newId: () => string;
  readonly logger: Logger;
}

export class DecisionLog {
  readonly #parts: DecisionLogParts;
  /** What was last written about each subject of the present plan. */
  #written = new Map<string, Written>();

  constructor(parts: DecisionLogParts) {
    this.#parts = parts;
  }

  /**
   * Writes what is new among these decisions of one plan; `record` makes its JSON. Returns the ids under which they are
   * in the book, in their order; undefined when one could not be written: it must then not be acted upon.
   */
  async write(
    decisions: readonly PlannedDecision[],
    record: () => string,
  ): Promise<readonly string[] | undefined> {
    const before = this.#written;
    this.#written = new Map();
    let recordId: string | undefined;
    const ids: string[] = [];
    for (const decision of decisions) {
      const subject = subjectOf(decision);
      const known = before.get(subject);
      const isNews = known === undefined || isWorthALine(decision, known);
      if (isNews) recordId ??= await this.#parts.records.keep(record());
      const written = isNews ? await this.#record(decision, recordId ?? '') : known;
      if (written === undefined) {
        this.#remember(decisions.slice(ids.length), before);
        return undefined;
      }
      this.#written.set(subject, written);
      ids.push(written.decisionId);
    }
    return ids;
  }

  /** What was written before about decisions that are not reached now: it is still no news in the next plan. */
  #remember(decisions: readonly PlannedDecision[], before: ReadonlyMap<string, Written>): void {
    for (const decision of decisions) {
      const subject = subjectOf(decision);
      const known = before.get(subject);
      if (known !== undefined) this.#written.set(subject, known);
    }
  }

  async #record(decision: PlannedDecision, recordId: string): Promise<Written | undefined> {
    const { decisions, logger, newId } = this.#parts;
    const decisionId = newId();
    const { hostName: host, trigger, evidence, move, noMoveReason } = decision;
    try {
      await decisions.record({ ...decision, decisionId, recordId });
    } catch (error) {
      logger.warn({ host, cause: messageOf(error) }, 'decision not recorded');
      return undefined;
    }
    const reason = move?.reason ?? noMoveReason;
    const { vmName: vm, targetHostName: targetHost } = move ?? {};
    logger.info({ decisionId, host, trigger, evidence, reason, vm, targetHost }, 'decided');
    return { mode: decision.mode, said: saidBy(decision), atMs: decision.atMs, decisionId };
  }
}

function isWorthALine(decision: PlannedDecision, known: Written): boolean {
  const agoMs = decision.atMs - known.atMs;
  if (known.said === saidBy(decision)) return agoMs >= REPEAT_DECISION_MS;
  return decision.move !== null || decision.mode !== known.mode || agoMs >= NEW_REASON_MS;
}

/** What the decision is about: a VM that moves, or a host or VM that stays. */
function subjectOf({ hostId, hostName, trigger, move }: PlannedDecision): string {
  return move === null ? `${trigger} ${hostId === '' ? hostName : hostId}` : `move ${move.vmUuid}`;
}

/** Two decisions about one subject that say the same to an operator. */
function saidBy({ mode, trigger, move, noMoveCode }: PlannedDecision): string {
  return `${mode} ${trigger} ${move === null ? noMoveCode : move.targetHostId}`;
}
