// Decides how a copy is followed: attached to again when its stream breaks, ended in time. Pure; copy.ts carries it out.
import type { MigrateResult } from '../../shared/gen/agent.ts';
import type { Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { isEndOfGuest, NO_CAUSE, toldCause } from './causes.ts';
import { ruleOf, type MigrationEvent } from './machine.ts';

/** How following the copy ended. */
export type End =
  /** The source's agent reported how libvirt's call ended. */
  | (MigrationEvent & { readonly kind: 'returned' })
  /** No agent reports on the copy any more. */
  | { readonly kind: 'lost'; readonly causeCode: MigrationCause };

export type Following =
  | {
      readonly kind: 'following';
      /** Attempts since the last progress, this one included. */
      readonly tried: number;
      /** The longest wait before the next one. */
      readonly pauseMs: number;
    }
  | { readonly kind: 'ended'; readonly end: End };

/** What has just happened. `isGivenUp` is true when `due` has given up meanwhile. */
export type Seen =
  | { readonly kind: 'begun' }
  | { readonly kind: 'answered'; readonly result: MigrateResult }
  /** The stream ended without an answer. */
  | {
      readonly kind: 'broke_off';
      readonly isRefused: boolean;
      readonly hasProgressed: boolean;
      readonly isGivenUp: boolean;
    }
  | { readonly kind: 'rested'; readonly isGivenUp: boolean };

export type Act =
  /** Order the copy, or attach to it if it is already under way. */
  | { readonly kind: 'attach' }
  | { readonly kind: 'rest'; readonly pauseMs: number }
  | { readonly kind: 'end' };

export interface Next {
  readonly state: Following;
  readonly act: Act;
}

/** What to do about the migration's deadline. */
export type Due =
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'abort' }
  /** The source did not report the end in time: stop following, so that both hosts are looked at. */
  | { readonly kind: 'give_up' };

/** The migration as recorded. */
export interface Known {
  readonly migration: Migration;
  /** Monotonic time since which this scheduler has had it in its state. */
  readonly sinceMs: number;
}

// A restarted agent is back within seconds; beyond that both hosts are looked at, which needs no stream.
const ATTACH_TRIES = 5;
const ATTACH_PAUSE_MIN_MS = 250;
const ATTACH_PAUSE_MAX_MS = 4 * SECOND_MS;
// A deadline is noticed at most this late.
const WATCH_MS = SECOND_MS;

export const BEGUN: Following = { kind: 'following', tried: 1, pauseMs: ATTACH_PAUSE_MIN_MS };

/** The next state and act, from what has just happened. */
export function next(state: Following, seen: Seen, migration: Migration): Next {
  if (state.kind === 'ended') return { state, act: { kind: 'end' } };
  switch (seen.kind) {
    case 'begun':
      return { state, act: { kind: 'attach' } };
    case 'answered':
      return ended(returned(migration, seen.result));
    case 'broke_off':
      return afterBreak(state, seen, migration);
    case 'rested':
      return seen.isGivenUp ? ended(AGENT_LOST) : { state, act: { kind: 'attach' } };
  }
}

const AGENT_LOST: End = { kind: 'lost', causeCode: 'MIGRATION_CAUSE_SRC_AGENT_LOST' };

function ended(end: End): Next {
  return { state: { kind: 'ended', end }, act: { kind: 'end' } };
}

function afterBreak(
  before: Following & { kind: 'following' },
  { isRefused, hasProgressed, isGivenUp }: Seen & { kind: 'broke_off' },
  migration: Migration,
): Next {
  // An earlier call may have started what is refused now: looking at both hosts will show.
  if (isRefused) return ended({ kind: 'lost', causeCode: 'MIGRATION_CAUSE_SRC_REFUSED' });
  const { tried, pauseMs } = hasProgressed ? { tried: 1, pauseMs: ATTACH_PAUSE_MIN_MS } : before;
  // The guest is paused during the switch-over: both hosts are looked at without delay.
  const isSwitching = migration.state === 'MIGRATION_STATE_SWITCHING';
  if (isGivenUp || isSwitching || tried > ATTACH_TRIES) return ended(AGENT_LOST);
  const longerMs = Math.min(2 * pauseMs, ATTACH_PAUSE_MAX_MS);
  return {
    state: { kind: 'following', tried: tried + 1, pauseMs: longerMs },
    act: { kind: 'rest', pauseMs },
  };
}

function returned(
  { state, causeCode: asked }: Migration,
  { ok, causeCode, progress }: MigrateResult,
): MigrationEvent & { readonly kind: 'returned' } {
  if (ok) return { kind: 'returned', causeCode: NO_CAUSE, progress };
  const told = toldCause(causeCode);
  // The agent reports every abort as the operator's; the journal knows the true cause.
  const isOurs = state === 'MIGRATION_STATE_ABORTING' && asked !== NO_CAUSE && !isEndOfGuest(told);
  return { kind: 'returned', causeCode: isOurs ? asked : told, progress };
}

/** A copy that lasts too long is aborted; one that cannot be aborted is given up, so that both hosts are looked at. */
export function due(known: Known, nowMs: number): Due {
  const leftMs = leftOf(known, nowMs);
  if (leftMs > 0) return { kind: 'wait', waitMs: Math.min(leftMs, WATCH_MS) };
  return { kind: ruleOf(known.migration).overdue === 'abort' ? 'abort' : 'give_up' };
}

/** True while the abort is to be sent to the source's agent again, unless it has answered. */
export function isAbortToBeTold(known: Known, nowMs: number): boolean {
  return known.migration.state === 'MIGRATION_STATE_ABORTING' && leftOf(known, nowMs) > 0;
}

/** How long the migration may still stay in its state. */
function leftOf({ migration, sinceMs }: Known, nowMs: number): number {
  return sinceMs + (ruleOf(migration).deadlineMs ?? Infinity) - nowMs;
}
