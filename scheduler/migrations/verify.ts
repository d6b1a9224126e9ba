// Finds out who has the guest: looks at both hosts until the table gives a verdict, puts the loser in order, records the outcome.
import { messageOf } from '../../shared/errors.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { followCopy, tellAbort } from './copy.ts';
import { isForPerson, isOver, ruleOf } from './machine.ts';
import { advanceSurely, fieldsOf, type Run, type Term } from './run.ts';
import { look, settle, type Seen } from './sides.ts';
import { judge, rowKey, rowOf, type Cure, type Verdict } from './verdict.ts';

// A job that libvirt still runs when nobody could attach to it; it ends by itself or is called unknown.
const MOVING_MAX_MS = 60 * MINUTE_MS;
const LOOK_PAUSE_MIN_MS = 50;
const LOOK_PAUSE_MAX_MS = 2 * SECOND_MS;
// How often an outcome that a person has to find is looked at anew.
const UNKNOWN_PAUSE_MS = 10 * SECOND_MS;
// Hosts that keep changing what they show are for a person, and so is an agent that does not do what it is asked.
const ROUNDS_MAX = 20;
const ATTACH_MAX = 5;
const ABORT_AGAIN_MS = 5 * SECOND_MS;
const CAUSE_NOT_TOLD = 'cause_not_told';

/** What is remembered from look to look. */
interface Watch {
  key: string;
  /** Since when both hosts show the same row. */
  keySinceMs: number;
  undecidedSinceMs: number;
  movingSinceMs: number | undefined;
  pauseMs: number;
  attached: number;
  rounds: number;
  abortToldAtMs: number;
}

/** Goes on until the migration is over; an unknown outcome is looked at until it is known or a person takes it over. */
export async function verify(term: Term, run: Run): Promise<void> {
  const { clock } = term.parts;
  const watch = newWatch(clock.monotonicMs());
  while (!isOver(run.migration.state)) {
    if (run.isDismissed && isForPerson(run.migration.state))
      return advanceSurely(term, run, { kind: 'dismissed' });
    run.isDismissed = false;
    const seen = await look(term, run);
    term.signal.throwIfAborted();
    const verdict = judgeSeen(term, run, watch, seen);
    await act(term, run, watch, seen, verdict);
  }
}

function newWatch(nowMs: number): Watch {
  return {
    ...{ key: '', keySinceMs: nowMs, undecidedSinceMs: nowMs, movingSinceMs: undefined },
    ...{ pauseMs: LOOK_PAUSE_MIN_MS, attached: 0, rounds: 0, abortToldAtMs: -Infinity },
  };
}

function judgeSeen(term: Term, { migration }: Run, watch: Watch, { source, target }: Seen): Verdict {
  const nowMs = term.parts.clock.monotonicMs();
  const { epoch, commitMode, definedOnTargetBefore } = migration;
  const key = rowKey(rowOf({ source, target, nowMs, epoch }));
  if (key !== watch.key) [watch.key, watch.keySinceMs] = [key, nowMs];
  const wasSplit = migration.state === 'MIGRATION_STATE_SPLIT';
  const heldMs = nowMs - watch.keySinceMs;
  return judge({ source, target, nowMs, epoch, commitMode, definedOnTargetBefore, heldMs, wasSplit });
}

async function act(term: Term, run: Run, watch: Watch, seen: Seen, verdict: Verdict): Promise<void> {
  switch (verdict.kind) {
    case 'wait':
      return goOn(term, run, watch, seen, verdict);
    case 'settle':
      return putInOrder(term, run, watch, seen, verdict);
    case 'over':
      return conclude(term, run, verdict);
    case 'split':
      return separate(term, run, watch, seen, verdict);
    case 'unknown':
      await giveToPerson(term, run, verdict.outcome);
      return rest(term, run, watch);
  }
}

/** Nothing is decided: waits, attaches to a job that still runs, and gives up in time. */
async function goOn(
  term: Term,
  run: Run,
  watch: Watch,
  { isHeldBySource }: Seen,
  { isMoving, outcome }: Verdict & { kind: 'wait' },
): Promise<void> {
  const nowMs = term.parts.clock.monotonicMs();
  if (run.migration.state === 'MIGRATION_STATE_CLEANUP') {
    await advanceSurely(term, run, { kind: 'changed' });
    watch.undecidedSinceMs = nowMs;
  }
  watch.movingSinceMs = isMoving ? (watch.movingSinceMs ?? nowMs) : undefined;
  if (isMoving && run.migration.state === 'MIGRATION_STATE_VERIFYING') {
    if (isHeldBySource && watch.attached < ATTACH_MAX && !isAborting(run)) {
      watch.attached += 1;
      await advanceSurely(term, run, { kind: 'reattached' });
      await followCopy(term, run);
      watch.undecidedSinceMs = term.parts.clock.monotonicMs();
      return;
    }
    await abortAgain(term, run, watch, nowMs);
  }
  const isBounded = watch.movingSinceMs === undefined || nowMs - watch.movingSinceMs > MOVING_MAX_MS;
  if (!isBounded) watch.undecidedSinceMs = nowMs;
  const { deadlineMs } = ruleOf(run.migration);
  if (deadlineMs !== undefined && nowMs - watch.undecidedSinceMs >= deadlineMs)
    await giveToPerson(term, run, outcome);
  return rest(term, run, watch);
}

function isAborting({ migration: { causeCode } }: Run): boolean {
  return causeCode === 'user_abort' || causeCode === 'timeout';
}

/** The abort that was recorded may never have reached an agent. */
async function abortAgain(term: Term, run: Run, watch: Watch, nowMs: number): Promise<void> {
  if (!isAborting(run) || nowMs - watch.abortToldAtMs < ABORT_AGAIN_MS) return;
  watch.abortToldAtMs = nowMs;
  await tellAbort(term, run);
}

/** One act, after the outcome is recorded and a fresh look has asked for the same. */
async function putInOrder(
  term: Term,
  run: Run,
  watch: Watch,
  seen: Seen,
  { cure, outcome }: Verdict & { kind: 'settle' },
): Promise<void> {
  const { state } = run.migration;
  if (state === 'MIGRATION_STATE_UNKNOWN') {
    await advanceSurely(term, run, { kind: 'seen_again' });
    restart(term, watch);
    return;
  }
  if (state !== 'MIGRATION_STATE_CLEANUP') {
    await advanceSurely(term, run, { kind: 'found', outcome });
    const again = judgeSeen(term, run, watch, seen);
    if (again.kind === 'settle' && isHandOver(again.cure)) await cureOne(term, run, again.cure, seen);
    return;
  }
  const { deadlineMs = 0 } = ruleOf(run.migration);
  watch.rounds += 1;
  if (watch.rounds > ROUNDS_MAX || term.parts.clock.monotonicMs() - run.sinceMs > deadlineMs) {
    await giveToPerson(term, run, `${outcome}; not put in order: ${run.told || 'the hosts keep changing'}`);
    return rest(term, run, watch);
  }
  if (await cureOne(term, run, cure, seen)) watch.pauseMs = LOOK_PAUSE_MIN_MS;
  else await rest(term, run, watch);
}

/** The guest stands still for it, and who has let go does not take back: a look that is still fresh need not be repeated. */
function isHandOver({ side, act }: Cure): boolean {
  return side === 'target' && act === 'resume';
}

async function cureOne(term: Term, run: Run, cure: Cure, seen: Seen): Promise<boolean> {
  const { logger } = term.parts;
  try {
    await settle(term, run, cure, seen[cure.side]);
    if (cure.side === 'target' && cure.act === 'resume' && run.pausedAtMs !== undefined)
      run.downtimeMs = term.parts.clock.monotonicMs() - run.pausedAtMs;
    logger.info({ ...fieldsOf(run.migration), ...cure }, 'put in order');
    return true;
  } catch (error) {
    term.signal.throwIfAborted();
    // It may have been done all the same, or the VM has changed: the next look tells.
    run.told = messageOf(error);
    logger.warn({ ...fieldsOf(run.migration), ...cure, cause: run.told }, 'not put in order; looking again');
    return false;
  }
}

async function conclude(term: Term, run: Run, verdict: Verdict & { kind: 'over' }): Promise<void> {
  if (run.migration.state === 'MIGRATION_STATE_UNKNOWN')
    await advanceSurely(term, run, { kind: 'seen_again' });
  const { ending } = verdict;
  const told = run.told === '' || ending === 'arrived' ? '' : `; ${run.told}`;
  const before = run.migration.causeCode;
  const causeCode = ending === 'arrived' ? '' : verdict.causeCode || before || CAUSE_NOT_TOLD;
  const outcome = `${verdict.outcome}${told}`;
  await advanceSurely(term, run, { kind: 'ended', ending, causeCode, outcome, downtimeMs: run.downtimeMs });
  if (ending === 'arrived') term.parts.knowledge.arrived(run.migration);
}

/** Both run: recorded and told at once, then the later one is suspended; nothing more is done by itself. */
async function separate(
  term: Term,
  run: Run,
  watch: Watch,
  seen: Seen,
  { cure, outcome }: Verdict & { kind: 'split' },
): Promise<void> {
  if (run.migration.state === 'MIGRATION_STATE_UNKNOWN')
    await advanceSurely(term, run, { kind: 'seen_again' });
  if (run.migration.state !== 'MIGRATION_STATE_SPLIT') {
    await advanceSurely(term, run, { kind: 'split', outcome });
    term.parts.logger.error({ ...fieldsOf(run.migration), outcome }, 'the guest ran on both hosts');
    return;
  }
  if (!(await cureOne(term, run, cure, seen))) await rest(term, run, watch);
}

/** An unchanged unknown outcome is not recorded again. */
async function giveToPerson(term: Term, run: Run, reason: string): Promise<void> {
  const { state, outcome: before } = run.migration;
  const told = run.told === '' ? '' : `; ${run.told}`;
  const outcome = `${reason}${told}`;
  const isKnown = state === 'MIGRATION_STATE_UNKNOWN' && before.startsWith(reason);
  if (isKnown || state === 'MIGRATION_STATE_SPLIT') return;
  await advanceSurely(term, run, { kind: 'unknown', outcome });
  term.parts.logger.error({ ...fieldsOf(run.migration), outcome }, 'the outcome of a migration is unknown');
  await term.parts.slots.release(run.migration.migrationId).catch(() => undefined);
}

function restart(term: Term, watch: Watch): void {
  const nowMs = term.parts.clock.monotonicMs();
  [watch.undecidedSinceMs, watch.rounds, watch.pauseMs] = [nowMs, 0, LOOK_PAUSE_MIN_MS];
}

async function rest({ parts: { clock }, signal }: Term, { migration }: Run, watch: Watch): Promise<void> {
  await clock.sleep(isForPerson(migration.state) ? UNKNOWN_PAUSE_MS : watch.pauseMs, signal);
  watch.pauseMs = Math.min(2 * watch.pauseMs, LOOK_PAUSE_MAX_MS);
}
