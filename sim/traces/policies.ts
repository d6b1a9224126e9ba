// The policies by name, each made anew for a run.
import { DEFAULT_PLAN_POLICY, type PlanPolicy } from '../../scheduler/planner/policy.ts';
import { MIB } from '../../shared/units.ts';
import { firstFit, placeAll } from '../baselines/initial-placement.ts';
import { minimumMigrationTime } from '../baselines/minimum-migration-time.ts';
import {
  localRegression,
  medianDeviation,
  quartileRange,
  threshold,
  type OverloadTest,
} from '../baselines/overload.ts';
import { leastPower, mediumFit, type TargetRule } from '../baselines/targets.ts';
import type { Cluster } from './cluster.ts';
import { MIGRATION_MB_PER_SECOND } from './consolidation.ts';
import { evenkeel } from './evenkeel.ts';
import type { Strategy } from './run.ts';

/** Relieves at 98 % of a host's CPU down to that, fills targets to 95 %, and leaves room for about one deviation. */
const packed: PlanPolicy = {
  ...DEFAULT_PLAN_POLICY,
  cpu: { entryRatio: 0.98, exitRatio: 0.98 },
  targetMarginRatio: 0.03,
  consolidation: true,
  packingMargin: 0.95,
  bandwidthBytesPerSecond: MIGRATION_MB_PER_SECOND * MIB,
};

/** Where LR, IQR, MAD and THR start from as well, give or take their tests of overload. */
function placeByPower(cluster: Cluster): void {
  placeAll(cluster, leastPower(threshold(0.8)));
}

/** Of the consolidation set-up; npa and dvfs differ in what is paid for only. */
export const CONSOLIDATION_POLICIES: Readonly<Record<string, () => Strategy>> = {
  npa: () => placedOnce(firstFit),
  dvfs: () => placedOnce(firstFit),
  'thr_mmt_0.8': () => powerAware(threshold(0.8)),
  'iqr_mmt_1.5': () => powerAware(quartileRange(1.5)),
  'mad_mmt_2.5': () => powerAware(medianDeviation(2.5)),
  'lr_mmt_1.2': () => powerAware(localRegression(1.2)),
  evenkeel: () => evenkeel({ policy: packed, place: placeByPower, coolDownMs: 0 }),
  'mfped_mmt_1.2': () => minimumMigrationTime(localRegression(1.2), mediumFit(localRegression(1.2))),
};

function placedOnce(rule: TargetRule): Strategy {
  return {
    place: (cluster) => {
      placeAll(cluster, rule);
    },
  };
}

function powerAware(isOverloaded: OverloadTest): Strategy {
  return minimumMigrationTime(isOverloaded, leastPower(isOverloaded));
}
