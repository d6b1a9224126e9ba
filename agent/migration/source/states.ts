// Defines the states of a migration on its source, what can be seen in them, and what can be done. Pure.
import type { EvenkeelError } from '../../../shared/errors.ts';
import type { MigrateRequest, MigrateResultInput, VmInput } from '../../../shared/gen/agent.ts';
import type { MigrationCause, MigrationProgressInput } from '../../../shared/gen/telemetry.ts';
import type { VmEvent } from '../hypervisor/hypervisor.ts';
import type { Shown } from '../hypervisor/vm-state.ts';
import type { Intent, SourceIntent, StartAnswer, VmRecord } from '../promises/claims.ts';
import type { AbortCause, Sighting } from './cause.ts';
import type { Converging } from './converge.ts';
import type { JobFigures } from './progress.ts';

/** libvirt's answer, or why the migration was never started. */
export type JobOutcome = JobResult | EvenkeelError;

/** How libvirt's call ended, for the scheduler. */
export type JobResult = MigrateResultInput & { readonly causeCode?: MigrationCause };

/** Identifies a caller that waits for its abort. */
export type Asker = number;

/** What is known of the migration in every state. */
export interface Facts {
  readonly request: MigrateRequest;
  readonly startedAtMs: number;
  readonly progress: MigrationProgressInput;
  readonly sighting: Sighting;
  /** Half of the guest's memory is on the target: the copy can no longer be aborted. */
  readonly isPostCopy: boolean;
  /** The figures of the completed job have arrived. */
  readonly isFinal: boolean;
  /** Its id is used up: the copy was started, or refused for good. */
  readonly isClaimed: boolean;
  readonly converging: Converging;
  /** Aborts that callers wait for, and until when each is retried. */
  readonly aborts: readonly { readonly asker: Asker; readonly giveUpAtMs: number }[];
}

interface Stage<Kind extends string> {
  readonly kind: Kind;
  readonly facts: Facts;
}

/** The order has passed its first checks; nothing is promised yet. */
interface Preparing<Kind extends string> extends Stage<Kind> {
  readonly memoryBytes: number;
}

interface Limited {
  /** The guest's own downtime limit, to be restored if it stays; 0 when unknown. */
  readonly previousDowntimeMs: number;
}

export type AskingLimit = Preparing<'asking_limit'>;
export type Listening = Preparing<'listening'> & Limited;
export type Claiming = Preparing<'claiming'> & Limited;
/** The guest's dirty rate is measured before the copy begins. */
export type Measuring = Stage<'measuring'> & Limited;
/** QEMU's first downtime limit is being set. */
export type Limiting = Stage<'limiting'> & Limited;

/** libvirt's call to migrate, made by this agent, is under way. */
export interface Copying extends Stage<'copying'>, Limited {
  readonly mayPostCopy: boolean;
  /** The end of the QEMU process is awaited too. */
  readonly isProcessAwaited: boolean;
  readonly watch: Exclude<Watch, { readonly kind: 'observing' }>;
}

/** The copy was started earlier: its job is polled, and how it ended is read from the VM's state. */
export interface Attached extends Stage<'attached'>, Limited {
  readonly watch: Watch;
}

/** The guest has left; the figures of the completed job are awaited. */
export type Arrived = Stage<'arrived'>;

/** The guest stays: its own downtime limit is being restored. */
export interface Restoring extends Stage<'restoring'> {
  readonly ending: Ending;
}

export interface Ended extends Stage<'ended'> {
  readonly outcome: JobOutcome;
  /** libvirt stopped answering: the copy itself may go on. */
  readonly isLost: boolean;
}

export type CopyState =
  | Stage<'connecting'>
  | Stage<'looking'>
  | AskingLimit
  | Listening
  | Claiming
  | Measuring
  | Limiting
  | Copying
  | Attached
  | Arrived
  | Restoring
  | Ended;

/** The one thing that watching a running copy waits for. */
export type Watch =
  | { readonly kind: 'resting' }
  | { readonly kind: 'asking' }
  /** Advice is being carried out; `converging` is kept only if that succeeds, so that failed advice is given again. */
  | { readonly kind: 'steering'; readonly converging: Converging; readonly isPostCopy: boolean }
  | { readonly kind: 'aborting'; readonly giveUpAtMs: number; readonly why: AbortReason }
  /** The job was asked first, the VM's state after it: a state from before the job's end proves nothing. */
  | { readonly kind: 'observing'; readonly hasJob: boolean };

export type AbortReason =
  { readonly kind: 'timeout' } | { readonly kind: 'not_converging'; readonly converging: Converging };

/** How an unsuccessful copy has ended, before it is worded. */
export type Ending =
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'unstarted'; readonly abortedBy: AbortCause }
  | { readonly kind: 'shown'; readonly shown: Shown };

/** A request to libvirt, the disk or the clock; answered with what was seen, or with `failed`. */
export type Call =
  /** `look`: the VM, and what this host has promised about it. */
  | { readonly kind: 'look' | 'ask_limit' | 'listen' | 'measure' }
  | { readonly kind: 'claim'; readonly intent: SourceIntent }
  | { readonly kind: 'set_first_downtime' | 'set_downtime' | 'restore_downtime'; readonly downtimeMs: number }
  | { readonly kind: 'start'; readonly postCopy: boolean }
  | { readonly kind: 'await_process_end' | 'await_final_figures' }
  | { readonly kind: 'rest' | 'ask_figures' | 'switch_to_post_copy' | 'observe' }
  /** Cancels the job, for a caller or because watching decided so. */
  | { readonly kind: 'abort' | 'rest_before_abort'; readonly asker: Asker | 'watch' };

export type Act =
  | { readonly kind: 'call'; readonly call: Call }
  /** Cancels whatever watching the copy waits for. */
  | { readonly kind: 'stop_watching' }
  /** Wakes those who follow the progress. */
  | { readonly kind: 'report' }
  /** Answers a caller's abort: it succeeded, or failed with this error. */
  | { readonly kind: 'answer'; readonly asker: Asker; readonly error: Error | undefined }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn';
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'end' };

export type Seen =
  /** The connection for the copy is open. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'not_connected'; readonly error: unknown; readonly isStopping: boolean }
  | { readonly kind: 'looked'; readonly vm: VmInput | undefined; readonly record: VmRecord | undefined }
  | { readonly kind: 'limit_told'; readonly downtimeMs: number }
  | { readonly kind: 'listening' }
  /** `before` is what this host had promised before this claim. */
  | { readonly kind: 'claimed'; readonly answer: StartAnswer; readonly before: Intent | undefined }
  | { readonly kind: 'measured'; readonly dirtyBytesPerSecond: number | undefined }
  | { readonly kind: 'first_downtime_set' | 'downtime_set' | 'downtime_restored' }
  /** libvirt's call to migrate succeeded. */
  | { readonly kind: 'copied' }
  | { readonly kind: 'process_ended' }
  | { readonly kind: 'final_figures_overdue' }
  | { readonly kind: 'rested' }
  /** Figures are undefined when no migration job runs. */
  | { readonly kind: 'figures'; readonly figures: JobFigures | undefined }
  | { readonly kind: 'post_copy_begun' }
  | { readonly kind: 'observed'; readonly vm: VmInput | undefined }
  | { readonly kind: 'event'; readonly event: VmEvent }
  | { readonly kind: 'abort_asked'; readonly asker: Asker }
  | { readonly kind: 'aborted' | 'abort_due'; readonly asker: Asker | 'watch' }
  /** A call failed: libvirt refused, did not answer in time, or is away; or the agent stops, which cancels calls. */
  | Failed;

export interface Failed {
  readonly kind: 'failed';
  readonly call: Call;
  readonly error: unknown;
  readonly isStopping: boolean;
}

/** The next state, and what to do. */
export interface Step {
  readonly state: CopyState;
  readonly acts: readonly Act[];
}

export const REPORT: Act = { kind: 'report' };

export function step(state: CopyState, ...acts: readonly Act[]): Step {
  return { state, acts };
}

export function call(what: Call): Act {
  return { kind: 'call', call: what };
}

export function log(
  level: 'debug' | 'info' | 'warn',
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): Act {
  return { kind: 'log', level, message, details };
}

export function withFacts<State extends CopyState>(state: State, change: Partial<Facts>): State {
  return { ...state, facts: { ...state.facts, ...change } };
}

export function withSighting<State extends CopyState>(state: State, change: Partial<Sighting>): State {
  return withFacts(state, { sighting: { ...state.facts.sighting, ...change } });
}
