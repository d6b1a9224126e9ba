// Converts libvirt's figures of a running copy: progress for the scheduler, a sight for the steering. Pure.
import type { MigrationPhase, MigrationProgressInput } from '../../../shared/gen/telemetry.ts';
import type { JobFigures } from '../../libvirt/migration.ts';
import type { Sighting } from './cause.ts';
import type { CopySight } from './converge.ts';

export type { JobFigures };

export function phaseOf({ isCopying, isSwitching }: Sighting): MigrationPhase {
  if (isSwitching) return 'MIGRATION_PHASE_SWITCHING';
  return isCopying ? 'MIGRATION_PHASE_COPYING' : 'MIGRATION_PHASE_PREPARING';
}

/** Undefined until QEMU has begun to count. */
export function sightOf(figures: JobFigures, nowMs: number): CopySight | undefined {
  const { memoryIteration, memoryRemainingBytes, autoConvergeThrottlePercent } = figures;
  if (memoryIteration === undefined || memoryRemainingBytes === undefined) return undefined;
  return {
    nowMs,
    iteration: memoryIteration,
    remainingBytes: memoryRemainingBytes,
    throttlePercent: autoConvergeThrottlePercent ?? 0,
  };
}

export function progressOf(figures: JobFigures): MigrationProgressInput {
  const { memoryDirtyPagesPerSecond, memoryPageBytes } = figures;
  const dirty =
    // QEMU reports 0 until its first pass is over; until then a rate measured beforehand is kept.
    memoryDirtyPagesPerSecond === undefined || memoryDirtyPagesPerSecond === 0
      ? undefined
      : memoryDirtyPagesPerSecond * (memoryPageBytes ?? 0);
  return defined({
    memoryTotalBytes: figures.memoryTotalBytes,
    memoryProcessedBytes: figures.memoryProcessedBytes,
    memoryRemainingBytes: figures.memoryRemainingBytes,
    memoryBytesPerSecond: figures.memoryBytesPerSecond,
    dirtyBytesPerSecond: dirty,
    iteration: figures.memoryIteration,
    downtimeMs: figures.downtimeMs,
    elapsedMs: figures.elapsedMs,
  });
}

/** Without the members that are undefined. */
function defined(figures: Record<string, number | undefined>): MigrationProgressInput {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
