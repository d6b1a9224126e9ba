// Decides, look by look, how to finish a migration whose copy has ended. Pure; verify.ts carries it out.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { isOrderedEnd, NO_CAUSE } from './causes.ts';
import { isForOperator, isOver, ruleOf, type MigrationEvent } from './machine.ts';
import { judge, rowKey, rowOf, type Cure, type Sight, type Verdict } from './verdict.ts';

/** What both hosts show, asked at the same moment. */
export interface Sights {
  readonly source: Sight;
  readonly target: Sight;
  /** The source's agent still holds this migration, so its copy can be attached to. */
  readonly isHeldBySource: boolean;
}

/** The migration as recorded, and what else is known of it. */
export interface Known {
  readonly migration: Migration;
  /** Monotonic time since which this scheduler has had it in its state. */
  readonly sinceMs: number;
  /** An operator takes over a migration whose outcome only an operator can settle. */
  readonly isDismissed: boolean;
  /** What libvirt or an agent said about a failure; empty when nothing. */
  readonly told: string;
  /** How long the guest was paused, once we have resumed it. */
  readonly downtimeMs: number | undefined;
}

/** What is remembered from look to look. */
interface Watching {
  readonly kind: 'watching';
  /** The row of the ownership table that both hosts show, and since when. */
  readonly key: string;
  readonly keySinceMs: number;
  /** Undecided since then; time in which libvirt still runs a job does not count. */
  readonly undecidedSinceMs: number;
  readonly movingSinceMs: number | undefined;
  /** The longest wait before the next look. */
  readonly pauseMs: number;
  readonly attached: number;
  readonly rounds: number;
  readonly abortToldAtMs: number;
}

export type Verifying = Watching | { readonly kind: 'over' };

/** What has just happened. */
export type Seen =
  | { readonly kind: 'begun' }
  | { readonly kind: 'looked'; readonly sights: Sights }
  /** The outcome is recorded; these are the sights that showed it. */
  | { readonly kind: 'recorded'; readonly sights: Sights }
  | { readonly kind: 'handed_over' }
  | { readonly kind: 'cured'; readonly isDone: boolean }
  /** The copy was followed again and has ended. */
  | { readonly kind: 'followed' }
  | { readonly kind: 'abort_told' }
  | { readonly kind: 'rested' };

export type Act =
  /** Ask both hosts at once. */
  | { readonly kind: 'look' }
  /** Come back with the same sights once the outcome is recorded. */
  | { readonly kind: 'judge_again'; readonly sights: Sights }
  /** Resume the target's copy at once; the next look shows whether it runs. */
  | { readonly kind: 'hand_over'; readonly sight: Sight }
  | { readonly kind: 'cure'; readonly cure: Cure; readonly sight: Sight }
  | { readonly kind: 'follow' }
  | { readonly kind: 'tell_abort' }
  /** Wait before the next look, `pauseMs` at the longest. */
  | { readonly kind: 'rest'; readonly pauseMs: number }
  | { readonly kind: 'end' };

/** Recorded first, in this order; then the one act. */
export interface Next {
  readonly state: Verifying;
  readonly records: readonly MigrationEvent[];
  readonly act: Act;
}

// For a running libvirt job that could not be attached to; it ends by itself, or the outcome is called unknown.
const MOVING_MAX_MS = 60 * MINUTE_MS;
const LOOK_PAUSE_MIN_MS = 50;
const LOOK_PAUSE_MAX_MS = 2 * SECOND_MS;
// While an operator has to settle the outcome, both hosts are looked at no later than this.
const UNKNOWN_PAUSE_MS = 10 * SECOND_MS;
// An operator has to look at hosts that keep changing what they show, and at an agent that does not do what it is asked.
const ROUNDS_MAX = 20;
const ATTACH_MAX = 5;
const ABORT_AGAIN_MS = 5 * SECOND_MS;
const HAND_OVER: Cure = { side: 'target', act: 'resume' };

export function startVerifying(nowMs: number): Watching {
  return {
    ...{ kind: 'watching', key: '', keySinceMs: nowMs, undecidedSinceMs: nowMs, movingSinceMs: undefined },
    ...{ pauseMs: LOOK_PAUSE_MIN_MS, attached: 0, rounds: 0, abortToldAtMs: -Infinity },
  };
}

/** The next state and act, from what has just happened; `nowMs` is monotonic. */
export function next(state: Verifying, seen: Seen, known: Known, nowMs: number): Next {
  if (state.kind === 'over' || isOver(known.migration.state)) return end();
  switch (seen.kind) {
    case 'begun':
    case 'handed_over':
    case 'followed':
    case 'rested':
      return lookAgain(state, known);
    case 'looked':
      return afterLook(state, known, seen.sights, nowMs);
    case 'recorded':
      return afterFound(state, known, seen.sights, nowMs);
    case 'cured':
      return seen.isDone ? lookAgain({ ...state, pauseMs: LOOK_PAUSE_MIN_MS }, known) : rest(state, known);
    case 'abort_told':
      return rest(state, known);
  }
}

function lookAgain(state: Watching, { isDismissed, migration }: Known): Next {
  return isDismissed && isForOperator(migration.state)
    ? end({ kind: 'dismissed' })
    : { state, records: [], act: { kind: 'look' } };
}

function rest(state: Watching, { migration }: Known, ...records: readonly MigrationEvent[]): Next {
  const isLeftToOperator = isForOperator(migration.state) || records.some(({ kind }) => kind === 'unknown');
  const pauseMs = isLeftToOperator ? UNKNOWN_PAUSE_MS : state.pauseMs;
  const longer = { ...state, pauseMs: Math.min(2 * state.pauseMs, LOOK_PAUSE_MAX_MS) };
  return { state: longer, records, act: { kind: 'rest', pauseMs } };
}

function end(...records: readonly MigrationEvent[]): Next {
  return { state: { kind: 'over' }, records, act: { kind: 'end' } };
}

function afterLook(before: Watching, known: Known, sights: Sights, nowMs: number): Next {
  const state = keepRow(before, known, sights, nowMs);
  const verdict = judgeSights(state, known, sights, nowMs);
  switch (verdict.kind) {
    case 'wait':
      return goOn(state, known, sights, verdict, nowMs);
    case 'settle':
      return putInOrder(state, known, sights, verdict, nowMs);
    case 'over':
      return conclude(known, verdict);
    case 'split':
      return separate(state, known, sights, verdict);
    case 'unknown':
      return rest(state, known, ...callOperator(known, verdict.outcome));
  }
}

/** The guest is paused: hands it over on sights that are still fresh, without looking again. */
function afterFound(before: Watching, known: Known, sights: Sights, nowMs: number): Next {
  const state = keepRow(before, known, sights, nowMs);
  const verdict = judgeSights(state, known, sights, nowMs);
  return verdict.kind === 'settle' && isHandOver(verdict.cure)
    ? { state, records: [], act: { kind: 'hand_over', sight: sights.target } }
    : lookAgain(state, known);
}

/** The source cannot reclaim a guest that it has released. */
function isHandOver({ side, act }: Cure): boolean {
  return side === HAND_OVER.side && act === HAND_OVER.act;
}

function keepRow(
  state: Watching,
  { migration: { epoch } }: Known,
  { source, target }: Sights,
  nowMs: number,
): Watching {
  const key = rowKey(rowOf({ source, target, nowMs, epoch }));
  return key === state.key ? state : { ...state, key, keySinceMs: nowMs };
}

function judgeSights(
  { keySinceMs }: Watching,
  { migration }: Known,
  { source, target }: Sights,
  nowMs: number,
): Verdict {
  const { epoch, commitMode, definedOnTargetBefore } = migration;
  const wasSplit = migration.state === 'MIGRATION_STATE_SPLIT';
  const heldMs = nowMs - keySinceMs;
  return judge({ source, target, nowMs, epoch, commitMode, definedOnTargetBefore, heldMs, wasSplit });
}

/** Handles an undecided look: waits, attaches to a job that still runs, or gives up at the deadline. */
function goOn(
  before: Watching,
  known: Known,
  { isHeldBySource }: Sights,
  verdict: Verdict & { kind: 'wait' },
  nowMs: number,
): Next {
  const { state: word } = known.migration;
  const state = noteMoving(before, verdict, nowMs);
  const changed: readonly MigrationEvent[] = word === 'MIGRATION_STATE_CLEANUP' ? [{ kind: 'changed' }] : [];
  const isVerified = changed.length > 0 || word === 'MIGRATION_STATE_VERIFYING';
  const isMoving = verdict.isMoving && isVerified;
  if (isMoving && isHeldBySource && state.attached < ATTACH_MAX && !isAborting(known))
    return {
      state: { ...state, attached: state.attached + 1 },
      records: [...changed, { kind: 'reattached' }],
      act: { kind: 'follow' },
    };
  if (changed.length === 0 && isOverdue(state, known, nowMs))
    return rest(state, known, ...callOperator(known, verdict.outcome));
  // The recorded abort may never have reached the agent.
  if (isMoving && isAborting(known) && nowMs - state.abortToldAtMs >= ABORT_AGAIN_MS)
    return { state: { ...state, abortToldAtMs: nowMs }, records: changed, act: { kind: 'tell_abort' } };
  return rest(state, known, ...changed);
}

/** Leaves out the time in which libvirt itself works on it, up to a limit. */
function noteMoving(state: Watching, { isMoving }: Verdict & { kind: 'wait' }, nowMs: number): Watching {
  if (!isMoving) return { ...state, movingSinceMs: undefined };
  const movingSinceMs = state.movingSinceMs ?? nowMs;
  const isWithinLimit = nowMs - movingSinceMs <= MOVING_MAX_MS;
  return { ...state, movingSinceMs, ...(isWithinLimit ? { undecidedSinceMs: nowMs } : {}) };
}

function isAborting({ migration: { causeCode } }: Known): boolean {
  return isOrderedEnd(causeCode);
}

function isOverdue({ undecidedSinceMs }: Watching, { migration, sinceMs }: Known, nowMs: number): boolean {
  const { deadlineMs } = ruleOf(migration);
  return deadlineMs !== undefined && nowMs - Math.max(undecidedSinceMs, sinceMs) >= deadlineMs;
}

/** Does one act, once the outcome is recorded and a fresh look asks for the same. */
function putInOrder(
  state: Watching,
  known: Known,
  sights: Sights,
  { cure, outcome }: Verdict & { kind: 'settle' },
  nowMs: number,
): Next {
  const { migration, sinceMs, told } = known;
  if (migration.state === 'MIGRATION_STATE_UNKNOWN') {
    const restarted = { ...state, rounds: 0, pauseMs: LOOK_PAUSE_MIN_MS };
    return { state: restarted, records: [{ kind: 'seen_again' }], act: { kind: 'look' } };
  }
  if (migration.state !== 'MIGRATION_STATE_CLEANUP')
    return { state, records: [{ kind: 'found', outcome }], act: { kind: 'judge_again', sights } };
  const { deadlineMs = 0 } = ruleOf(migration);
  const tried = { ...state, rounds: state.rounds + 1 };
  if (tried.rounds > ROUNDS_MAX || nowMs - sinceMs > deadlineMs) {
    const reason = `${outcome}; could not be settled${told === '' ? ': the hosts keep changing' : ''}`;
    return rest(tried, known, ...callOperator(known, reason));
  }
  return { state: tried, records: [], act: { kind: 'cure', cure, sight: sights[cure.side] } };
}

function conclude(
  { migration, told, downtimeMs }: Known,
  { ending, causeCode, outcome }: Verdict & { kind: 'over' },
): Next {
  const hasArrived = ending === 'arrived';
  const known = [causeCode, migration.causeCode];
  return end(...seenAgain(migration), {
    ...{ kind: 'ended', ending, downtimeMs },
    causeCode: hasArrived
      ? NO_CAUSE
      : (known.find((cause) => cause !== NO_CAUSE) ?? 'MIGRATION_CAUSE_NOT_TOLD'),
    outcome: told === '' || hasArrived ? outcome : `${outcome}; ${told}`,
  });
}

/** Both copies run: records and reports it at once, then suspends the later one; nothing more is done automatically. */
function separate(
  state: Watching,
  { migration }: Known,
  sights: Sights,
  { cure, outcome }: Verdict & { kind: 'split' },
): Next {
  return migration.state === 'MIGRATION_STATE_SPLIT'
    ? { state, records: [], act: { kind: 'cure', cure, sight: sights[cure.side] } }
    : { state, records: [...seenAgain(migration), { kind: 'split', outcome }], act: { kind: 'look' } };
}

function seenAgain({ state }: Migration): readonly MigrationEvent[] {
  return state === 'MIGRATION_STATE_UNKNOWN' ? [{ kind: 'seen_again' }] : [];
}

/** Calls the outcome unknown, for an operator to settle; an unchanged reason is not recorded again. */
function callOperator({ migration, told }: Known, reason: string): readonly MigrationEvent[] {
  const { state, outcome: before } = migration;
  const isKnown = state === 'MIGRATION_STATE_UNKNOWN' && before.startsWith(reason);
  if (isKnown || state === 'MIGRATION_STATE_SPLIT') return [];
  return [{ kind: 'unknown', outcome: told === '' ? reason : `${reason}; ${told}` }];
}
