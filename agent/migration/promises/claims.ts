// What an agent remembers of each VM's migrations, and whom it obeys: the highest epoch wins, a copy starts once. Pure.
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import type { CommitMode } from '../../../shared/gen/telemetry.ts';
import { HOUR_MS } from '../../../shared/units.ts';

/** Who asks: the migration, and the epoch of the scheduler that leads it. */
export interface MigrationKey {
  readonly migrationId: string;
  readonly epoch: number;
}

/** The last migration that this host has heard of for one VM. */
export interface VmRecord extends MigrationKey {
  /** Undefined before this host has a part in it, and once it is over. */
  readonly intent: Intent | undefined;
  /** It is over: nothing is done under its id any more. */
  readonly hasEnded: boolean;
}

export type Intent = SourceIntent | TargetIntent;

/** The copy was, or is about to be, started here. */
export interface SourceIntent {
  readonly role: 'source';
  /** As ordered, so that an agent that restarts knows its limits. */
  readonly order: CopyLimits;
  /** The guest's own limit, to be set back when it stays. */
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

/** A copy is expected here. */
export interface TargetIntent {
  readonly role: 'target';
  readonly vmName: string;
  readonly commitMode: CommitMode;
  readonly memoryBytes: number;
  readonly sourceHostId: string;
  readonly sourceAgentAddress: string;
  readonly sourceCertificateSha256: string;
  /** A definition of the VM was here before, which is not the migration's to sweep. */
  readonly definedBefore: boolean;
  /** The copy has run, or was told what to do: it is not resumed by this host alone any more. */
  readonly isSettled: boolean;
}

/** What to remember, and how to answer. `record` is that of before when nothing is to be written. */
export interface Ruling<Answer> {
  readonly record: VmRecord | undefined;
  readonly answer: Answer;
}

// Schedulers count epochs on from wall time in milliseconds. Clocks that differ by a day are broken; an epoch from further
// ahead would fence every scheduler off for that long, and the highest one for ever.
const EPOCH_AHEAD_MAX_MS = 24 * HOUR_MS;

/** No scheduler with a right clock can have given out this epoch by now. */
export function isTooFarAhead(epoch: number, nowMs: number): boolean {
  return epoch > nowMs + EPOCH_AHEAD_MAX_MS;
}

/**
 * The record as it binds now. An epoch too far ahead, remembered before such ones were refused or under a wrong clock, fences
 * nobody. The intent stays: the copy that it promised may be running, and the next migration of the VM replaces it.
 */
export function bindingRecord(record: VmRecord | undefined, nowMs: number): VmRecord | undefined {
  return record !== undefined && isTooFarAhead(record.epoch, nowMs) ? { ...record, epoch: 0 } : record;
}

/** A later epoch was seen, or the same one under another id. */
export interface Fenced {
  readonly kind: 'fenced';
  readonly seen: MigrationKey;
}

/** Whether a question or an act of this migration is still in order; from then on, lower epochs are not. */
export function ruleTouch(
  record: VmRecord | undefined,
  key: MigrationKey,
): Ruling<{ readonly kind: 'allowed' | 'ended' } | Fenced> {
  if (isFenced(record, key)) return fence(record, key);
  if (record?.migrationId !== key.migrationId)
    // A higher epoch under another id: the former migration is over for its scheduler, whether we were told or not.
    return { record: { ...key, intent: undefined, hasEnded: false }, answer: { kind: 'allowed' } };
  return {
    record: raised(record, key),
    answer: { kind: record.hasEnded ? 'ended' : 'allowed' },
  };
}

/** As a touch; also whether this host has started the copy that is to be ended. */
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
 * new: the copy is to be started. known: it was started under this id, perhaps before a restart. unstarted: the
 * scheduler of this epoch has looked at the VM, or ended the migration, before its order to start came: too late.
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

/** Asked again, the first answer stands: what arrived meanwhile was not here before. */
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

/** The end is remembered too: an order of the same migration that comes late must find it. */
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

/** For the caller that was fenced. */
export function fencedText(key: MigrationKey, seen: MigrationKey): string {
  return `fenced_epoch: epoch ${key.epoch} of migration ${key.migrationId} is not above ${seen.epoch} of migration ${seen.migrationId}, which this host has seen; a later scheduler leads, read its journal`;
}
