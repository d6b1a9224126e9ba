// What past and running migrations forbid for now: moves in flight, cool-downs, targets that refused a VM.
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import { holdsSlots, isOver, type CauseCode } from '../migrations/machine.ts';

export interface CoolDowns {
  readonly afterSuccessMs: number;
  readonly afterFailureMs: number;
  /** After a copy that did not converge or ran out of time: the guest will not have changed soon. */
  readonly afterNotConvergingMs: number;
}

export interface Ledger {
  /** Migrations that hold their VM: those under way, and those that a person has to look at. */
  readonly active: readonly Migration[];
  /** How many of them use their hosts; one for a person holds its VM, and memory on its target, but no slot. */
  readonly underWay: number;
  readonly activeByVm: ReadonlyMap<string, Migration>;
  /** Migrations under way out of and into each host. */
  readonly outByHost: ReadonlyMap<string, number>;
  readonly inByHost: ReadonlyMap<string, number>;
  /** Until when a VM stays where it is, by uuid, and why. */
  readonly coolDowns: ReadonlyMap<string, { readonly untilMs: number; readonly migration: Migration }>;
  /** Targets that refused a VM, by `pairKey`, with the refusal's text. */
  readonly refusedPairs: ReadonlyMap<string, { readonly untilMs: number; readonly reason: string }>;
}

// They say nothing about VM or target: the move may be planned again at once.
const NOBODYS_FAULT: ReadonlySet<string> = new Set([
  'slots_taken',
  'journal_unavailable',
  'scheduler_restarted',
] satisfies CauseCode[]);

export function pairKey(vmUuid: string, targetHostId: string): string {
  return `${vmUuid}>${targetHostId}`;
}

/** The ledger at `nowMs` of the known migrations, in any order. */
export function ledgerOf(migrations: Iterable<Migration>, nowMs: number, rules: CoolDowns): Ledger {
  const active: Migration[] = [];
  const coolDowns = new Map<string, { untilMs: number; migration: Migration }>();
  const refusedPairs = new Map<string, { untilMs: number; reason: string }>();
  for (const migration of migrations) {
    if (!isOver(migration.state)) {
      active.push(migration);
    } else if (NOBODYS_FAULT.has(migration.causeCode)) {
      continue;
    } else if (migration.startedAtMs === 0 && migration.causeCode !== 'not_converging') {
      // It ended before the copy: that says something about this target, nothing about the VM.
      const untilMs = migration.endedAtMs + rules.afterFailureMs;
      const key = pairKey(migration.vmUuid, migration.targetHostId);
      if (untilMs > Math.max(nowMs, refusedPairs.get(key)?.untilMs ?? 0))
        refusedPairs.set(key, { untilMs, reason: migration.outcome });
    } else {
      const untilMs = migration.endedAtMs + coolDownMs(migration, rules);
      if (untilMs > Math.max(nowMs, coolDowns.get(migration.vmUuid)?.untilMs ?? 0))
        coolDowns.set(migration.vmUuid, { untilMs, migration });
    }
  }
  const underWay = active.filter(({ state }) => holdsSlots(state) || state === 'MIGRATION_STATE_QUEUED');
  return {
    active,
    underWay: underWay.length,
    activeByVm: new Map(active.map((migration) => [migration.vmUuid, migration])),
    outByHost: countBy(underWay, ({ sourceHostId }) => sourceHostId),
    inByHost: countBy(underWay, ({ targetHostId }) => targetHostId),
    coolDowns,
    refusedPairs,
  };
}

function coolDownMs(migration: Migration, rules: CoolDowns): number {
  if (migration.state === 'MIGRATION_STATE_SUCCEEDED') return rules.afterSuccessMs;
  return migration.causeCode === 'not_converging' || migration.causeCode === 'timeout'
    ? rules.afterNotConvergingMs
    : rules.afterFailureMs;
}

function countBy(
  migrations: readonly Migration[],
  hostOf: (migration: Migration) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const migration of migrations) counts.set(hostOf(migration), (counts.get(hostOf(migration)) ?? 0) + 1);
  return counts;
}
