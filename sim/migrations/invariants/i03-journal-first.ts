// I3: every effect is preceded by a durable record of its migration, under the epoch with which it is ordered.
import type { Migration } from '../../../shared/gen/telemetry.ts';
import type { RpcFact } from '../facts.ts';
import { isEnded, type Invariant, type Scene } from '../scene.ts';

/** States of which one must be recorded before the call goes out. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  GuardMigration: ['INTENT', 'PREPARING', 'COPYING', 'SWITCHING', 'ABORTING'],
  Migrate: ['PREPARING', 'COPYING', 'SWITCHING', 'ABORTING', 'VERIFYING', 'UNKNOWN'],
  AbortMigration: ['ABORTING', 'VERIFYING', 'UNKNOWN'],
  SettleVm: ['VERIFYING', 'CLEANUP', 'UNKNOWN', 'SPLIT'],
};

export const journalFirst: Invariant = {
  id: 'I3',
  claim: 'every effect is preceded by its record',
  step: (scene, news) => {
    for (const fact of news)
      if (fact.kind === 'rpc' && fact.phase === 'sent') {
        const missing = findMissing(scene, fact);
        if (missing !== undefined)
          return `${fact.from} sent ${fact.method} of ${fact.migrationId}: ${missing}`;
      }
    return undefined;
  },
};

function findMissing(
  { history, migrations }: Scene,
  { method, migrationId, epoch }: RpcFact,
): string | undefined {
  if (method === 'EndMigration') {
    const newest = migrations.get(migrationId);
    return newest !== undefined && isEnded(newest) ? undefined : 'its end is not recorded';
  }
  const states = NEEDED[method];
  if (states === undefined) return undefined;
  const isRecorded = ({ state }: Migration): boolean =>
    states.some((word) => state === `MIGRATION_STATE_${word}`);
  const hasRecord = history.facts.some(
    (fact) =>
      fact.kind === 'record' &&
      fact.migration.migrationId === migrationId &&
      fact.migration.epoch === epoch &&
      isRecorded(fact.migration),
  );
  return hasRecord ? undefined : `no record of epoch ${epoch} allows it`;
}
