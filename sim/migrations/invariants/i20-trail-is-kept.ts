// I20: when a migration ends, its record holds what was decided, estimated and observed.
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { isEnded, type Invariant } from '../scene.ts';

export const trailIsKept: Invariant = {
  id: 'I20',
  claim: 'the record of a migration says how and why it ended',
  step: ({ history }, news) => {
    for (const fact of news) {
      if (fact.kind !== 'record' || !isEnded(fact.migration)) continue;
      const { migrationId } = fact.migration;
      const wasCopying = history.facts.some(
        (other) =>
          other.kind === 'rpc' &&
          other.method === 'Migrate' &&
          other.phase === 'sent' &&
          other.migrationId === migrationId,
      );
      const missing = findMissing(fact.migration, wasCopying);
      if (missing !== undefined) return `${migrationId} ended ${fact.migration.state} without ${missing}`;
    }
    return undefined;
  },
};

function findMissing(migration: Migration, wasCopying: boolean): string | undefined {
  if (migration.outcome === '') return 'an outcome in words';
  if (
    migration.state !== 'MIGRATION_STATE_SUCCEEDED' &&
    migration.causeCode === 'MIGRATION_CAUSE_UNSPECIFIED'
  )
    return 'a cause';
  if (migration.endedAtMs === 0) return 'its time of end';
  if (!wasCopying) return undefined;
  if (migration.startedAtMs === 0) return 'its time of start';
  if (migration.commitMode === 'COMMIT_MODE_UNSPECIFIED') return 'its commit mode';
  return migration.estimate === null ? 'its estimate' : undefined;
}
