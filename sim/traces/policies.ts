// The policies by name, each made anew for a run.
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
import type { Strategy } from './run.ts';

/** Of the consolidation set-up; npa and dvfs differ in what is paid for only. */
export const CONSOLIDATION_POLICIES: Readonly<Record<string, () => Strategy>> = {
  npa: () => placedOnce(firstFit),
  dvfs: () => placedOnce(firstFit),
  'thr_mmt_0.8': () => powerAware(threshold(0.8)),
  'iqr_mmt_1.5': () => powerAware(quartileRange(1.5)),
  'mad_mmt_2.5': () => powerAware(medianDeviation(2.5)),
  'lr_mmt_1.2': () => powerAware(localRegression(1.2)),
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
