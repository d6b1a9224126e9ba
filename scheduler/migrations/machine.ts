// The life of a migration: every state, every event, and what follows, in one place. The caller journals each
// step before the effect that it announces.
//
//   QUEUED ─admitted→ CHECKING ─ordered→ COPYING ─returned→ VERIFYING ─judged→ SUCCEEDED | FAILED | ABORTED
//      └──────refused, withdrawn──┘ FAILED, ABORTED             ↑  └──judged→ UNKNOWN ─seen_again┐
//                                                               └─────────────────────────────────┘
//   A scheduler that restarts sends `restarted`: what was not ordered yet has FAILED, all else is verified anew.
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import type { MigrationProgress } from '../../shared/gen/evenkeel/v1/MigrationProgress.ts';
import type { MigrationState } from '../../shared/gen/evenkeel/v1/MigrationState.ts';
import type { Verdict } from './verdict.ts';

export type MigrationEvent =
  | { readonly kind: 'admitted' }
  /** Before the copy was ordered: nothing has happened to the VM. */
  | { readonly kind: 'refused'; readonly causeCode: string; readonly outcome: string }
  | { readonly kind: 'withdrawn' }
  /** The intent to copy: journalled, then sent to the source's agent. */
  | { readonly kind: 'ordered' }
  | { readonly kind: 'progressed'; readonly progress: MigrationProgress }
  /** The agent's answer ended: with libvirt's return code (`causeCode` empty when it was good) or by a broken stream. */
  | { readonly kind: 'returned'; readonly causeCode: string; readonly progress: MigrationProgress | null }
  | { readonly kind: 'restarted' }
  | {
      readonly kind: 'judged';
      readonly verdict: Exclude<Verdict, { kind: 'wait' }>;
      readonly outcome: string;
    }
  | { readonly kind: 'seen_again' };

/** Cause of a migration that a person ended. */
export const USER_ABORT = 'user_abort';
/** Cause where the VM stayed and nobody could say why. */
export const CAUSE_NOT_TOLD = 'cause_not_told';

/** The migration after the event. Throws on an event that cannot happen in its state: that is a bug of the caller. */
export function step(migration: Migration, event: MigrationEvent, nowMs: number): Migration {
  switch (event.kind) {
    case 'admitted':
      return enter('MIGRATION_STATE_CHECKING', from(migration, event, 'QUEUED'));
    case 'refused':
      return end(
        'MIGRATION_STATE_FAILED',
        from(migration, event, 'QUEUED', 'CHECKING'),
        event.outcome,
        event.causeCode,
        nowMs,
      );
    case 'withdrawn':
      return end(
        'MIGRATION_STATE_ABORTED',
        from(migration, event, 'QUEUED', 'CHECKING'),
        'withdrawn before the copy began; runs on the source',
        USER_ABORT,
        nowMs,
      );
    case 'ordered':
      return {
        ...enter('MIGRATION_STATE_COPYING', from(migration, event, 'CHECKING')),
        startedAtMs: nowMs,
      };
    case 'progressed':
      return { ...from(migration, event, 'COPYING'), progress: event.progress };
    case 'returned':
      return {
        ...enter('MIGRATION_STATE_VERIFYING', from(migration, event, 'COPYING')),
        causeCode: event.causeCode,
        progress: event.progress ?? migration.progress,
      };
    case 'restarted':
      return afterRestart(migration, nowMs);
    case 'judged':
      return afterVerdict(from(migration, event, 'VERIFYING'), event.verdict, event.outcome, nowMs);
    case 'seen_again':
      return enter('MIGRATION_STATE_VERIFYING', from(migration, event, 'UNKNOWN'));
  }
}

type StateWord = MigrationState extends `MIGRATION_STATE_${infer Word}` ? Word : never;

function from(migration: Migration, event: MigrationEvent, ...states: StateWord[]): Migration {
  if (states.some((state) => migration.state === `MIGRATION_STATE_${state}`)) return migration;
  throw new Error(`migration ${migration.migrationId} in ${migration.state} cannot be ${event.kind}`);
}

function enter(state: MigrationState, migration: Migration): Migration {
  return { ...migration, state };
}

function end(
  state: MigrationState,
  migration: Migration,
  outcome: string,
  causeCode: string,
  nowMs: number,
): Migration {
  return { ...migration, state, outcome, causeCode, endedAtMs: nowMs };
}

function afterRestart(migration: Migration, nowMs: number): Migration {
  switch (migration.state) {
    case 'MIGRATION_STATE_UNSPECIFIED':
    case 'MIGRATION_STATE_QUEUED':
    case 'MIGRATION_STATE_CHECKING':
      return end(
        'MIGRATION_STATE_FAILED',
        migration,
        'the scheduler restarted before the copy was ordered; runs on the source',
        'scheduler_restarted',
        nowMs,
      );
    case 'MIGRATION_STATE_COPYING':
    case 'MIGRATION_STATE_VERIFYING':
    case 'MIGRATION_STATE_UNKNOWN':
      return enter('MIGRATION_STATE_VERIFYING', migration);
    case 'MIGRATION_STATE_SUCCEEDED':
    case 'MIGRATION_STATE_FAILED':
    case 'MIGRATION_STATE_ABORTED':
      return migration;
  }
}

function afterVerdict(
  migration: Migration,
  verdict: Exclude<Verdict, { kind: 'wait' }>,
  outcome: string,
  nowMs: number,
): Migration {
  const cause = migration.causeCode === '' ? CAUSE_NOT_TOLD : migration.causeCode;
  switch (verdict.kind) {
    case 'arrived':
      return end('MIGRATION_STATE_SUCCEEDED', migration, outcome, '', nowMs);
    case 'stayed':
      return end(
        cause === USER_ABORT ? 'MIGRATION_STATE_ABORTED' : 'MIGRATION_STATE_FAILED',
        migration,
        outcome,
        cause,
        nowMs,
      );
    case 'stopped':
      return end('MIGRATION_STATE_FAILED', migration, outcome, verdict.causeCode, nowMs);
    case 'unknown':
      return end('MIGRATION_STATE_UNKNOWN', migration, outcome, migration.causeCode, nowMs);
  }
}
