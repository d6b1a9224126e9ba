// Lists the policies by name; each run makes a new one.
import { DEFAULT_PLAN_POLICY, type PlanPolicy } from '../../scheduler/planner/contract/policy.ts';
import { MIB, MINUTE_MS } from '../../shared/units.ts';
import { cloudStack, proxmox } from './baselines/dispersion.ts';
import { sandpiper, thresholdLeastLoaded } from './baselines/hot-spots.ts';
import { firstFit, placeAll } from './baselines/initial-placement.ts';
import { minimumMigrationTime } from './baselines/minimum-migration-time.ts';
import {
  localRegression,
  medianDeviation,
  quartileRange,
  threshold,
  type OverloadTest,
} from './baselines/overload.ts';
import type { SnapshotPolicy } from './baselines/snapshot-model.ts';
import { leastPower, mediumFit, type TargetRule } from './baselines/targets.ts';
import { bySnapshot, evenkeelUnder } from './by-snapshot.ts';
import type { Cluster } from './cluster.ts';
import { MIGRATION_MB_PER_SECOND } from './consolidation.ts';
import type { Strategy } from './run.ts';
import { placeBySize, SPREAD_MB_PER_SECOND } from './spread.ts';

/** Relieves hosts above 98 % of their CPU to below that, fills targets to 95 %, and leaves room for about one deviation. */
const PACKED: PlanPolicy = {
  ...DEFAULT_PLAN_POLICY,
  cpu: { entryRatio: 0.98, exitRatio: 0.98 },
  targetMarginRatio: 0.03,
  consolidation: true,
  // As scheduler/config.ts sets it: VMs without a usual load keep their host from being emptied.
  packsKnownOnly: true,
  packingMargin: 1.05,
  bandwidthBytesPerSecond: MIGRATION_MB_PER_SECOND * MIB,
};

/** Policies of the consolidation set-up; npa and dvfs differ only in the energy that is counted. */
export const CONSOLIDATION_POLICIES: Readonly<Record<string, () => Strategy>> = {
  evenkeel: () =>
    bySnapshot(evenkeelUnder(PACKED), {
      place: placeByPower,
      everySteps: 1,
      looksBack: false,
      coolDownMs: 0,
    }),
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

/** The same start as thr_mmt_0.8's. */
function placeByPower(cluster: Cluster): void {
  placeAll(cluster, leastPower(threshold(0.8)));
}

/**
 * A sample here is the mean of five minutes, so hardly any hysteresis is needed. The limit for targets, the exit level less
 * the margin of 5 %, must be clearly above the 75 % that all hosts together reach at the peak: otherwise no host can take
 * a VM just when one is needed.
 */
const SPREAD: PlanPolicy = {
  ...DEFAULT_PLAN_POLICY,
  cpu: { entryRatio: 0.86, exitRatio: 0.85 },
  bandwidthBytesPerSecond: SPREAD_MB_PER_SECOND * MIB,
};
// The first cool-down of the product.
const COOL_DOWN_MS = 15 * MINUTE_MS;
// CloudStack's drs.automatic.interval is 60 minutes.
const STEPS_AN_HOUR = 12;

/** Policies of the spread set-up. */
export const SPREAD_POLICIES: Readonly<Record<string, () => Strategy>> = {
  evenkeel: () => spread(evenkeelUnder(SPREAD), 1, COOL_DOWN_MS),
  none: () => ({ place: placeBySize }),
  'threshold-least-loaded': () => spread(thresholdLeastLoaded),
  cloudstack: () => spread(cloudStack, STEPS_AN_HOUR),
  proxmox: () => spread(proxmox),
  sandpiper: () => spread(sandpiper),
};

function spread(policy: SnapshotPolicy, everySteps = 1, coolDownMs = 0): Strategy {
  return bySnapshot(policy, { place: placeBySize, everySteps, looksBack: true, coolDownMs });
}
