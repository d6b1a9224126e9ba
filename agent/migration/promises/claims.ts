// Rules on commands for a VM's migrations from what the agent remembers: the highest epoch wins, a copy starts once. Pure.
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import type { CommitMode } from '../../../shared/gen/telemetry.ts';
import { HOUR_MS } from '../../../shared/units.ts';

/** Identifies the sender of a command: the migration, and the epoch under which its scheduler leads it. */
export interface MigrationKey {
  readonly migrationId: string;
  readonly epoch: number;
}

/** The last migration that this host has heard of for one VM. */
export interface VmRecord extends MigrationKey {
  /** Undefined before this host takes part in it, and once it has ended here. */
  readonly intent: Intent | undefined;
  /** It has ended here: nothing more is done under its id. */
  readonly hasEnded: boolean;
}

export type Intent = SourceIntent | TargetIntent;

/** The promise of a source: the copy was started here, or is about to be. */
export interface SourceIntent {
  readonly role: 'source';
  /** As ordered, so that a restarted agent knows its limits. */
  readonly order: CopyLimits;
  /** The guest's own downtime limit, to be restored if it stays. */
  readonly previousDowntimeMs: number;
}

export type CopyLimits = Pick<
  MigrateRequest,
  | 'targetHostId'
  | 'targetLibvirtUri'
  | 'targetMigrateUri'
  | 'bandwidthBytesPerSecond'
  | 'downtimeMaxMs'
  | 'timeoutMs'
  | 'commitMode'
  | 'autoConverge'
  | 'postCopy'
>;

/** The promise of a target: a copy is expected here. */
export interface TargetIntent {
  readonly role: 'target';
  readonly vmName: string;
  readonly commitMode: CommitMode;
  readonly memoryBytes: number;
  readonly sourceHostId: string;
  readonly sourceAgentAddress: string;
  readonly sourceCertificateSha256: string;
  /** Once it has arrived, the VM starts with this host, as it did with its source. */
  readonly autostart: boolean;
  /** The VM was already defined here; the migration must not undefine it. */
  readonly definedBefore: boolean;
  /** The copy has run, or a scheduler set its state: this host no longer resumes it by itself. */
  readonly isSettled: boolean;
}

/** What to remember, and how to answer. `record` is the previous one when there is nothing to write. */
export interface Ruling<Answer> {
  readonly record: VmRecord | undefined;
  readonly answer: Answer;
}

// Schedulers count epochs on from wall time in milliseconds. Clocks that differ by a day are broken; an epoch further ahead
// would lock out every scheduler for that long, and the highest possible epoch for ever.
const EPOCH_AHEAD_MAX_MS = 24 * HOUR_MS;

/** True for an epoch that no scheduler with a correct clock can have issued by now. */
export function isTooFarAhead(epoch: number, nowMs: number): boolean {
  return epoch > nowMs + EPOCH_AHEAD_MAX_MS;
}

/**
 * The record as it binds now. An epoch too far ahead, stored before such epochs were refused or under a wrong clock, fences
 * no scheduler. The intent stays: the copy that it promised may be running, and the VM's next migration replaces it.
 */
export function bindingRecord(record: VmRecord | undefined, nowMs: number): VmRecord | undefined {
  return record !== undefined && isTooFarAhead(record.epoch, nowMs) ? { ...record, epoch: 0 } : record;
}

/** A later epoch was seen, or the same one under another id. */
export interface Fenced {
  readonly kind: 'fenced';
  readonly seen: MigrationKey;
}

/** Rules on a question or an act of this migration. Once it is allowed, lower epochs are refused. */
export function ruleTouch(
  record: VmRecord | undefined,
  key: MigrationKey,
): Ruling<{ readonly kind: 'allowed' | 'ended' } | Fenced> {
  if (isFenced(record, key)) return fence(record, key);
  if (record?.migrationId !== key.migrationId)
    // A higher epoch under another id: for its scheduler the former migration has ended, even if we were not told.
    return { record: { ...key, intent: undefined, hasEnded: false }, answer: { kind: 'allowed' } };
  return {
    record: raised(record, key),
    answer: { kind: record.hasEnded ? 'ended' : 'allowed' },
  };
}

/** As `ruleTouch`; also answers if this host has started the copy that is to be aborted. */
export function ruleAbort(
  record: VmRecord | undefined,
  key: MigrationKey,
): Ruling<{ readonly kind: 'allowed' | 'ended'; readonly isStarted: boolean } | Fenced> {
  const ruled = ruleTouch(record, key);
  const { answer } = ruled;
  if (answer.kind === 'fenced') return { record: ruled.record, answer };
  return {
    record: ruled.record,
    answer: { kind: answer.kind, isStarted: ruled.record?.intent?.role === 'source' },
  };
}

/**
 * new: start the copy. known: it was started under this id, perhaps before a restart. unstarted: the order came too
 * late, since the scheduler of this epoch has already observed the VM or ended the migration.
 */
export type StartAnswer = { readonly kind: 'new' | 'known' | 'unstarted' } | Fenced;

export function ruleStart(
  record: VmRecord | undefined,
  key: MigrationKey,
  intent: SourceIntent,
): Ruling<StartAnswer> {
  if (isFenced(record, key)) return fence(record, key);
  const isSame = record?.migrationId === key.migrationId;
  if (isSame && record.intent?.role === 'source')
    return { record: raised(record, key), answer: { kind: 'known' } };
  if (isSame && (record.hasEnded || record.epoch === key.epoch))
    return { record: raised(record, key), answer: { kind: 'unstarted' } };
  return { record: { ...key, intent, hasEnded: false }, answer: { kind: 'new' } };
}

export type GuardAnswer =
  { readonly kind: 'guarded'; readonly definedBefore: boolean } | { readonly kind: 'ended' } | Fenced;

/** A repeated call gets the first answer: what has arrived meanwhile was not defined here before. */
export function ruleGuard(
  record: VmRecord | undefined,
  key: MigrationKey,
  intent: TargetIntent,
): Ruling<GuardAnswer> {
  if (isFenced(record, key)) return fence(record, key);
  const isSame = record?.migrationId === key.migrationId;
  if (isSame && record.hasEnded) return { record, answer: { kind: 'ended' } };
  if (isSame && record.intent?.role === 'target') {
    const { definedBefore } = record.intent;
    return { record: raised(record, key), answer: { kind: 'guarded', definedBefore } };
  }
  const answer = { kind: 'guarded', definedBefore: intent.definedBefore } as const;
  return { record: { ...key, intent, hasEnded: false }, answer };
}

/** The end is remembered as well, to refuse an order of the same migration that comes late. */
export function ruleEnd(
  record: VmRecord | undefined,
  key: MigrationKey,
): Ruling<{ readonly kind: 'ended'; readonly intent: Intent | undefined } | Fenced> {
  if (isFenced(record, key)) return fence(record, key);
  const isSame = record?.migrationId === key.migrationId;
  const answer = { kind: 'ended', intent: isSame ? record.intent : undefined } as const;
  if (isSame && record.hasEnded && record.epoch === key.epoch) return { record, answer };
  return { record: { ...key, intent: undefined, hasEnded: true }, answer };
}

function isFenced(record: VmRecord | undefined, { epoch, migrationId }: MigrationKey): boolean {
  if (record === undefined) return false;
  return epoch < record.epoch || (epoch === record.epoch && migrationId !== record.migrationId);
}

function fence(record: VmRecord | undefined, key: MigrationKey): Ruling<Fenced> {
  return { record, answer: { kind: 'fenced', seen: record ?? key } };
}

function raised(record: VmRecord, { epoch }: MigrationKey): VmRecord {
  return epoch > record.epoch ? { ...record, epoch } : record;
}

/** The refusal for a caller whose epoch is too low. */
export function fencedText(key: MigrationKey, seen: MigrationKey): string {
  return `fenced_epoch: epoch ${key.epoch} of migration ${key.migrationId} is not above ${seen.epoch} of migration ${seen.migrationId}, which this host has seen; a later scheduler leads, see "evenkeel migrations" there`;
}
