// Takes a migration from its order to the guarded target: slots, checks, intent, guard. Nothing happens to the VM until then.
import { messageOf } from '../../shared/errors.ts';
import type { Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { check, type Checked } from './checks.ts';
import { isBeforeCopy, ruleOf } from './machine.ts';
import {
  advance,
  advanceIf,
  advanceSurely,
  isRefusal,
  isUnavailable,
  surely,
  type Run,
  type Term,
} from './run.ts';
import { agentOf } from './sides.ts';
import { slotLimits, type NoSlot } from './slot-limits.ts';

// The interval at which waiting migrations try to get their slots.
const QUEUE_PAUSE_MS = 500;
const GUARD_TIMEOUT_MS = 5 * SECOND_MS;

/** Waits until it is first in the queue and has its slots; false when it ended before. */
export async function admit(term: Term, run: Run, isFirst: () => boolean): Promise<boolean> {
  let reason = 'another migration is ahead in the queue';
  for (;;) {
    if (isAbortAsked(run)) return withdraw(term, run);
    const none = isFirst()
      ? await surely(term, run, () => slotFor(term, run.migration, 'take'))
      : { reason, isForMemory: false };
    if (none === undefined) break;
    reason = none.reason;
    if (none.isForMemory) return refuse(term, run, 'MIGRATION_CAUSE_CAPACITY_GONE', `not started: ${reason}`);
    if (!isWorthWaiting(term, run))
      return refuse(term, run, 'MIGRATION_CAUSE_SLOTS_TAKEN', `not started: ${reason}`);
    await term.parts.clock.sleep(QUEUE_PAUSE_MS, term.signal);
  }
  const { vmUuid, bandwidthBytesPerSecond } = run.migration;
  const reservedMemoryBytes = term.parts.knowledge.vm(vmUuid)?.memoryMaxBytes ?? 0;
  await advanceSurely(term, run, { kind: 'admitted', reservedMemoryBytes, bandwidthBytesPerSecond });
  return true;
}

/** A planned move does not wait, since the next plan decides again; an operator's order waits, up to a deadline. */
function isWorthWaiting({ parts: { clock } }: Term, { migration, sinceMs }: Run): boolean {
  const waitedMs = clock.monotonicMs() - sinceMs;
  return migration.decisionId === '' && waitedMs <= (ruleOf(migration).deadlineMs ?? 0);
}

/** Takes the slot, or only asks if it is free. */
export function slotFor(
  { parts, settings }: Pick<Term, 'parts' | 'settings'>,
  migration: Migration,
  what: 'take' | 'ask',
): Promise<NoSlot | undefined> {
  const { slots, knowledge } = parts;
  const { migrationId, sourceHostId, targetHostId, vmUuid, bandwidthBytesPerSecond } = migration;
  const memoryBytes = knowledge.vm(vmUuid)?.memoryMaxBytes ?? 0;
  const wanted = { migrationId, sourceHostId, targetHostId, memoryBytes, bandwidthBytesPerSecond };
  const roomBytes = knowledge.roomBytes(targetHostId, vmUuid);
  return slots[what](wanted, slotLimits(settings, knowledge.hostCount()), roomBytes);
}

/** Checks both hosts, decides, and has the target guard the VM; false when the migration ended before the source was told. */
export async function prepare(term: Term, run: Run): Promise<boolean> {
  await advanceSurely(term, run, { kind: 'checking' });
  const checked = await check(term, run);
  term.signal.throwIfAborted();
  if (checked.kind === 'refused') return refuse(term, run, checked.causeCode, checked.outcome);
  if (isAbortAsked(run)) return withdraw(term, run);
  const { commitMode, estimate } = checked;
  try {
    await advance(term, run, { kind: 'intended', commitMode, estimate });
    const guarded = await guard(term, run, checked);
    if (guarded.kind === 'refused') return await refuse(term, run, guarded.causeCode, guarded.outcome);
    if (isAbortAsked(run)) return await withdraw(term, run);
    await advance(term, run, { kind: 'guarded', definedOnTargetBefore: guarded.definedBefore });
    return true;
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const outcome = `not started, because the order could not be recorded: ${messageOf(error)}`;
    return refuse(term, run, 'MIGRATION_CAUSE_JOURNAL_UNAVAILABLE', outcome);
  }
}

type Guarded =
  | { readonly kind: 'guarded'; readonly definedBefore: boolean }
  | { readonly kind: 'refused'; readonly causeCode: MigrationCause; readonly outcome: string };

/** A guard whose answer was lost is removed at the migration's end, under a higher epoch. */
async function guard(term: Term, run: Run, { memoryBytes, autostart }: Checked): Promise<Guarded> {
  const { migrationId, epoch, vmUuid, vmName, commitMode, sourceHostId, targetHostName } = run.migration;
  const facts = term.parts.knowledge.facts(sourceHostId);
  try {
    const { definedBefore } = await agentOf(term, run, 'target').guardMigration(
      {
        ...{ migrationId, epoch, vmUuid, vmName, commitMode, memoryBytes, sourceHostId },
        autostart,
        sourceAgentAddress: facts?.agentAddress ?? '',
        sourceCertificateSha256: facts?.certificateSha256 ?? '',
      },
      { signal: term.signal, timeoutMs: GUARD_TIMEOUT_MS },
    );
    return { kind: 'guarded', definedBefore };
  } catch (error) {
    term.signal.throwIfAborted();
    const causeCode = isRefusal(error) ? 'MIGRATION_CAUSE_DST_REFUSED' : 'MIGRATION_CAUSE_DST_UNREACHABLE';
    return {
      kind: 'refused',
      causeCode,
      outcome: `${targetHostName} did not agree to guard it: ${messageOf(error)}`,
    };
  }
}

/** Read again after each wait: an operator may have asked meanwhile. */
function isAbortAsked(run: Run): boolean {
  return run.isAbortAsked;
}

async function refuse(term: Term, run: Run, causeCode: MigrationCause, outcome: string): Promise<false> {
  await advanceSurely(term, run, { kind: 'refused', causeCode, outcome });
  return false;
}

async function withdraw(term: Term, run: Run): Promise<false> {
  await advanceIf(term, run, isBeforeCopy, { kind: 'withdrawn' });
  return false;
}
