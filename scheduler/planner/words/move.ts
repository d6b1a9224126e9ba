// Converts a planned move to the message that API, decisions and proposals show. Pure.
import type { Move } from '../../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import type { PlannedMove } from '../contract/plan-types.ts';

export function moveOf(move: PlannedMove): Move {
  const { vmUuid, vmName, sourceHostId, sourceHostName, targetHostId, targetHostName, terms } = move;
  return {
    ...{ vmUuid, vmName, sourceHostId, sourceHostName, targetHostId, targetHostName },
    projections: [...move.projections],
    reason: move.reason,
    cost: {
      gainCores: terms.gainCores,
      persistenceMs: terms.persistenceSeconds * SECOND_MS,
      durationMs: terms.migrationSeconds * SECOND_MS,
      trafficBytes: Math.round(terms.migrationBytes),
      netCoreSeconds: terms.netCoreSeconds,
    },
  };
}
