// Defines the life of a migration: every state with its owner and deadline, every event, and every transition. Pure.
//
//   QUEUED ─admitted→ ADMITTED ─checking→ CHECKING ─intended→ INTENT ─guarded→ PREPARING ─┐
//      └─────────┴──────refused, withdrawn─────┴─────────────────┴→ FAILED, ABORTED       │ progressed
//                                                                                         ▼
//        ┌──────────────── returned, broke ─────────────────┬──────── SWITCHING ←──── COPYING ←─┐
//        │                                                  │                             │     │ reattached
//        │                                  ABORTING ←──────│────── abort_asked ──────────┘     │ (a job still runs)
//        ▼                                     └────────────┘                                   │
//   VERIFYING ───────────────────────────────────────────────────────────────────────────────────┘
//      ├─found→ CLEANUP ─ended→ SUCCEEDED | FAILED | ABORTED | CRASHED
//      │           └─changed→ VERIFYING
//      ├─ended→ (as above, when there is nothing to put in order)
//      ├─unknown→ UNKNOWN ─seen_again→ VERIFYING, ─dismissed→ FAILED
//      └─split→ SPLIT ─found→ CLEANUP, ─ended→ (as above, once an operator has decided), ─dismissed→ FAILED
//
//   taken_over (by a new leader): before INTENT → FAILED; SPLIT stays; every other active state → VERIFYING.
//   superseded (another migration holds the VM): every active state → FAILED.
//
// The caller journals each step before its effect.
import type {
  CommitMode,
  Migration,
  MigrationCause,
  MigrationEstimate,
  MigrationProgress,
  MigrationState,
} from '../../shared/gen/telemetry.ts';
import { GIB, MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import { isAbort, NO_CAUSE } from './causes.ts';

/** How a migration ended, by what became of the guest. */
export type Ending = 'arrived' | 'stayed' | 'crashed';

export type MigrationEvent =
  /** Slots, bandwidth and the memory on the target are held. */
  | {
      readonly kind: 'admitted';
      readonly reservedMemoryBytes: number;
      readonly bandwidthBytesPerSecond: number;
    }
  | { readonly kind: 'checking' }
  /** Before the source was told: nothing has happened to the VM. */
  | { readonly kind: 'refused'; readonly causeCode: MigrationCause; readonly outcome: string }
  | { readonly kind: 'withdrawn' }
  /** Decided; recorded before the target's agent is told. */
  | {
      readonly kind: 'intended';
      readonly commitMode: CommitMode;
      readonly estimate: MigrationEstimate | null;
    }
  /** The target's agent guards it; recorded before the source's agent is told. */
  | { readonly kind: 'guarded'; readonly definedOnTargetBefore: boolean }
  | { readonly kind: 'progressed'; readonly progress: MigrationProgress }
  /** Recorded before the source's agent is told to end it. */
  | { readonly kind: 'abort_asked'; readonly causeCode: MigrationCause }
  /** The source's agent reported how libvirt's call ended; no cause when it succeeded. */
  | {
      readonly kind: 'returned';
      readonly causeCode: MigrationCause;
      readonly progress: MigrationProgress | null;
    }
  /** No agent reports on the copy any more. The epoch was raised, so that a command still on its way is refused. */
  | { readonly kind: 'broke'; readonly causeCode: MigrationCause; readonly epoch: number }
  /** Both hosts show that libvirt still copies: its progress is followed again. */
  | { readonly kind: 'reattached' }
  /** The outcome is known; recorded before the losing side is put in order. */
  | { readonly kind: 'found'; readonly outcome: string }
  /** What both hosts show is no longer what was found. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'unknown'; readonly outcome: string }
  | { readonly kind: 'split'; readonly outcome: string }
  | { readonly kind: 'seen_again' }
  /** An operator has taken the VM over: it is no longer held or looked at. */
  | { readonly kind: 'dismissed' }
  | {
      readonly kind: 'ended';
      readonly ending: Ending;
      readonly causeCode: MigrationCause;
      readonly outcome: string;
      /** From the report of the pause to that of our resume; absent when libvirt resumed the copy, since libvirt measures that. */
      readonly downtimeMs?: number | undefined;
    }
  /** A new leader finds it under way. */
  | { readonly kind: 'taken_over'; readonly epoch: number }
  /** Another migration holds the VM: this one must not go on. */
  | { readonly kind: 'superseded' };

type StateWord = MigrationState extends `MIGRATION_STATE_${infer Word}` ? Word : never;

/** What is done about a state that lasts too long. */
export type Overdue = 'refuse' | 'abort' | 'verify' | 'call_unknown' | 'nothing';

interface StateRule {
  /** Who has to move it on. */
  readonly owner: 'scheduler' | 'source agent' | 'target agent' | 'operator' | 'nobody';
  /** The longest time in the state; undefined where there is no limit. The copy's own limit is `copyTimeoutMs`. */
  readonly deadlineMs: number | undefined;
  readonly overdue: Overdue;
}

// libvirt's keepalive between hosts: 5 s x (5 + 1) (qemu.conf); within it libvirt itself gives up a lost peer.
export const KEEPALIVE_MS = 30 * SECOND_MS;
// The agent aborts a copy at its own timeout; its answer then takes as long as libvirt's abort (30 s), and a little more.
const ANSWER_GRACE_MS = MINUTE_MS;

/** Every state has an owner, and every state that evenkeel owns has a deadline. */
export const STATE_RULES: Readonly<Record<StateWord, StateRule>> = {
  UNSPECIFIED: { owner: 'scheduler', deadlineMs: 0, overdue: 'refuse' },
  // A slot becomes free after one or two migrations of usual guests; beyond that an operator should look.
  QUEUED: { owner: 'scheduler', deadlineMs: 10 * MINUTE_MS, overdue: 'refuse' },
  ADMITTED: { owner: 'scheduler', deadlineMs: 10 * SECOND_MS, overdue: 'refuse' },
  CHECKING: { owner: 'scheduler', deadlineMs: 20 * SECOND_MS, overdue: 'refuse' },
  INTENT: { owner: 'target agent', deadlineMs: 10 * SECOND_MS, overdue: 'refuse' },
  PREPARING: { owner: 'source agent', deadlineMs: 30 * SECOND_MS, overdue: 'abort' },
  COPYING: { owner: 'source agent', deadlineMs: ANSWER_GRACE_MS, overdue: 'abort' },
  ABORTING: { owner: 'source agent', deadlineMs: 30 * SECOND_MS, overdue: 'verify' },
  // The guest is paused on the source: only wait. Within twice the keepalive both libvirts have given up.
  SWITCHING: { owner: 'source agent', deadlineMs: 2 * KEEPALIVE_MS + 5 * SECOND_MS, overdue: 'verify' },
  VERIFYING: { owner: 'scheduler', deadlineMs: 2 * MINUTE_MS, overdue: 'call_unknown' },
  CLEANUP: { owner: 'scheduler', deadlineMs: 2 * MINUTE_MS, overdue: 'call_unknown' },
  UNKNOWN: { owner: 'operator', deadlineMs: undefined, overdue: 'nothing' },
  SPLIT: { owner: 'operator', deadlineMs: undefined, overdue: 'nothing' },
  SUCCEEDED: { owner: 'nobody', deadlineMs: undefined, overdue: 'nothing' },
  FAILED: { owner: 'nobody', deadlineMs: undefined, overdue: 'nothing' },
  ABORTED: { owner: 'nobody', deadlineMs: undefined, overdue: 'nothing' },
  CRASHED: { owner: 'nobody', deadlineMs: undefined, overdue: 'nothing' },
};

// COPYING: at least a minute, and 20 s for each GiB: two passes at 100 MiB/s.
const COPY_MIN_MS = MINUTE_MS;
const COPY_MS_PER_GIB = 20 * SECOND_MS;

/** After this long the source's agent aborts the copy by itself. */
export function copyTimeoutMs(memoryBytes: number): number {
  return Math.round(Math.max(COPY_MIN_MS, (memoryBytes / GIB) * COPY_MS_PER_GIB));
}

/** How long the migration may stay in its state, and what to do after that. */
export function ruleOf({ state, reservedMemoryBytes }: Migration): StateRule {
  const rule = STATE_RULES[wordOf(state)];
  if (state !== 'MIGRATION_STATE_COPYING') return rule;
  return { ...rule, deadlineMs: copyTimeoutMs(reservedMemoryBytes) + ANSWER_GRACE_MS };
}

/** True in states where nothing more will happen; not in UNKNOWN and SPLIT, where the VM stays reserved for an operator. */
export function isOver(state: MigrationState): boolean {
  return STATE_RULES[wordOf(state)].owner === 'nobody';
}

/** True where evenkeel only observes, and an operator has to settle the outcome. */
export function isForOperator(state: MigrationState): boolean {
  return STATE_RULES[wordOf(state)].owner === 'operator';
}

/** True while it uses its hosts: slots, bandwidth, memory on the target. */
export function holdsSlots(state: MigrationState): boolean {
  const { owner } = STATE_RULES[wordOf(state)];
  return owner !== 'nobody' && owner !== 'operator' && state !== 'MIGRATION_STATE_QUEUED';
}

/** True while the source may still be told to abort the copy, or was not yet told to make one. */
export function isAbortable(state: MigrationState): boolean {
  return isBeforeCopy(state) || state === 'MIGRATION_STATE_PREPARING' || state === 'MIGRATION_STATE_COPYING';
}

/** True while the source has not been told: nothing has happened to the VM. */
export function isBeforeCopy(state: MigrationState): boolean {
  return BEFORE_COPY.some((word) => state === `MIGRATION_STATE_${word}`);
}

const BEFORE_INTENT = ['UNSPECIFIED', 'QUEUED', 'ADMITTED', 'CHECKING'] as const;
const BEFORE_COPY = [...BEFORE_INTENT, 'INTENT'] as const;
const FOLLOWED = ['PREPARING', 'COPYING', 'ABORTING', 'SWITCHING'] as const;
const UNDER_WAY = [...BEFORE_COPY, ...FOLLOWED, 'VERIFYING', 'CLEANUP', 'UNKNOWN', 'SPLIT'] as const;

/** The migration after the event. Throws on an event that cannot happen in its state: that is a bug in the caller. */
// eslint-disable-next-line complexity -- readable because all transitions are in one place
export function step(migration: Migration, event: MigrationEvent, nowMs: number): Migration {
  const enter = (word: StateWord, ...states: readonly StateWord[]): Migration => ({
    ...from(migration, event, ...states),
    state: `MIGRATION_STATE_${word}`,
    stateSinceMs: nowMs,
  });
  switch (event.kind) {
    case 'admitted': {
      const { reservedMemoryBytes, bandwidthBytesPerSecond } = event;
      return { ...enter('ADMITTED', 'QUEUED'), reservedMemoryBytes, bandwidthBytesPerSecond };
    }
    case 'checking':
      return enter('CHECKING', 'ADMITTED');
    case 'refused':
      return over(enter('FAILED', ...BEFORE_COPY), event.outcome, event.causeCode, nowMs);
    case 'withdrawn':
      return over(enter('ABORTED', ...BEFORE_COPY), WITHDRAWN, 'MIGRATION_CAUSE_USER_ABORT', nowMs);
    case 'intended': {
      const { commitMode, estimate } = event;
      // Until the target has answered, assume that a definition there is not ours to remove.
      return { ...enter('INTENT', 'CHECKING'), commitMode, estimate, definedOnTargetBefore: true };
    }
    case 'guarded': {
      const { definedOnTargetBefore } = event;
      return { ...enter('PREPARING', 'INTENT'), definedOnTargetBefore, startedAtMs: nowMs };
    }
    case 'progressed':
      return afterProgress(from(migration, event, ...FOLLOWED), event.progress, nowMs);
    case 'abort_asked':
      return { ...enter('ABORTING', 'PREPARING', 'COPYING'), causeCode: event.causeCode };
    case 'returned':
      return {
        ...enter('VERIFYING', ...FOLLOWED),
        causeCode: event.causeCode,
        progress: event.progress ?? migration.progress,
      };
    case 'broke':
      return {
        ...enter('VERIFYING', ...FOLLOWED),
        epoch: event.epoch,
        causeCode: keptCause(migration, event.causeCode),
      };
    case 'reattached':
      return enter('COPYING', 'VERIFYING');
    case 'found':
      return { ...enter('CLEANUP', 'VERIFYING', 'SPLIT'), outcome: event.outcome };
    case 'changed':
      return enter('VERIFYING', 'CLEANUP');
    case 'unknown':
      return { ...enter('UNKNOWN', 'VERIFYING', 'CLEANUP', 'UNKNOWN'), outcome: event.outcome };
    case 'split':
      return { ...enter('SPLIT', 'VERIFYING', 'CLEANUP', 'SPLIT'), outcome: event.outcome };
    case 'seen_again':
      return enter('VERIFYING', 'UNKNOWN');
    case 'dismissed': {
      const { outcome, causeCode } = migration;
      const cause = causeCode === NO_CAUSE ? 'MIGRATION_CAUSE_NOT_TOLD' : causeCode;
      return over(enter('FAILED', 'UNKNOWN', 'SPLIT'), `${outcome}; an operator took it over`, cause, nowMs);
    }
    case 'ended':
      return afterEnd(enter('VERIFYING', 'VERIFYING', 'CLEANUP', 'SPLIT'), event, nowMs);
    case 'taken_over':
      return { ...afterTakeOver(migration, nowMs), epoch: event.epoch };
    case 'superseded':
      return over(enter('FAILED', ...UNDER_WAY), SUPERSEDED, 'MIGRATION_CAUSE_FENCED_EPOCH', nowMs);
  }
}

const SUPERSEDED = 'another migration of the VM was recorded before this one could go on';
const WITHDRAWN = 'withdrawn before the copy began; runs on the source';

function wordOf(state: MigrationState): StateWord {
  return WORDS[state];
}

const WORDS: {
  readonly [State in MigrationState]: State extends `MIGRATION_STATE_${infer Word}` ? Word : never;
} = {
  MIGRATION_STATE_UNSPECIFIED: 'UNSPECIFIED',
  MIGRATION_STATE_QUEUED: 'QUEUED',
  MIGRATION_STATE_ADMITTED: 'ADMITTED',
  MIGRATION_STATE_CHECKING: 'CHECKING',
  MIGRATION_STATE_INTENT: 'INTENT',
  MIGRATION_STATE_PREPARING: 'PREPARING',
  MIGRATION_STATE_COPYING: 'COPYING',
  MIGRATION_STATE_ABORTING: 'ABORTING',
  MIGRATION_STATE_SWITCHING: 'SWITCHING',
  MIGRATION_STATE_VERIFYING: 'VERIFYING',
  MIGRATION_STATE_CLEANUP: 'CLEANUP',
  MIGRATION_STATE_SUCCEEDED: 'SUCCEEDED',
  MIGRATION_STATE_FAILED: 'FAILED',
  MIGRATION_STATE_ABORTED: 'ABORTED',
  MIGRATION_STATE_CRASHED: 'CRASHED',
  MIGRATION_STATE_UNKNOWN: 'UNKNOWN',
  MIGRATION_STATE_SPLIT: 'SPLIT',
};

function from(migration: Migration, event: MigrationEvent, ...states: readonly StateWord[]): Migration {
  if (states.includes(wordOf(migration.state))) return migration;
  throw new Error(`migration ${migration.migrationId} in ${migration.state} cannot be ${event.kind}`);
}

function over(migration: Migration, outcome: string, causeCode: MigrationCause, nowMs: number): Migration {
  return { ...migration, outcome, causeCode, endedAtMs: nowMs };
}

/** An ordered abort explains the end better than the lost answer does. */
function keptCause({ state, causeCode }: Migration, next: MigrationCause): MigrationCause {
  return state === 'MIGRATION_STATE_ABORTING' && causeCode !== NO_CAUSE ? causeCode : next;
}

/** Follows the phase that the source's agent reports; a late message never leads back, and ABORTING stays ABORTING. */
function afterProgress(migration: Migration, progress: MigrationProgress, nowMs: number): Migration {
  const next = { ...migration, progress };
  const enter = (word: StateWord): Migration => ({
    ...next,
    state: `MIGRATION_STATE_${word}`,
    stateSinceMs: nowMs,
  });
  switch (progress.phase) {
    case 'MIGRATION_PHASE_UNSPECIFIED':
    case 'MIGRATION_PHASE_PREPARING':
      return next;
    case 'MIGRATION_PHASE_COPYING':
      return migration.state === 'MIGRATION_STATE_PREPARING' ? enter('COPYING') : next;
    case 'MIGRATION_PHASE_SWITCHING':
      return migration.state === 'MIGRATION_STATE_PREPARING' || migration.state === 'MIGRATION_STATE_COPYING'
        ? enter('SWITCHING')
        : next;
  }
}

function afterEnd(
  migration: Migration,
  { ending, causeCode, outcome, downtimeMs }: MigrationEvent & { kind: 'ended' },
  nowMs: number,
): Migration {
  const { progress } = migration;
  const end = (word: StateWord, cause: MigrationCause): Migration => ({
    ...over(migration, outcome, cause, nowMs),
    ...(downtimeMs === undefined || progress === null ? {} : { progress: { ...progress, downtimeMs } }),
    state: `MIGRATION_STATE_${word}`,
  });
  switch (ending) {
    case 'arrived':
      return end('SUCCEEDED', NO_CAUSE);
    case 'stayed':
      return end(isAbort(causeCode) ? 'ABORTED' : 'FAILED', causeCode);
    case 'crashed':
      return end('CRASHED', causeCode);
  }
}

function afterTakeOver(migration: Migration, nowMs: number): Migration {
  const word = wordOf(migration.state);
  if (isOver(migration.state) || word === 'SPLIT') return migration;
  const enter = (next: StateWord): Migration => ({
    ...migration,
    state: `MIGRATION_STATE_${next}`,
    stateSinceMs: nowMs,
  });
  if (BEFORE_INTENT.some((before) => before === word))
    return over(enter('FAILED'), NOT_ORDERED, 'MIGRATION_CAUSE_SCHEDULER_RESTARTED', nowMs);
  return enter('VERIFYING');
}

const NOT_ORDERED = 'another scheduler took over before the copy was ordered; runs on the source';
