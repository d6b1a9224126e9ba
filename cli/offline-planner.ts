// Loads the planner into the command and strictly reads its input files: records, snapshots, policies.
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { messageOf } from '../shared/errors.ts';
import { InvalidData } from '../shared/outside-data.ts';
import type { PlanLimits } from '../scheduler/planner/contract/plan-types.ts';
import { DEFAULT_PLAN_POLICY, readPolicy, type PlanPolicy } from '../scheduler/planner/contract/policy.ts';
import { readRecord } from '../scheduler/planner/contract/record.ts';
import { readSnapshot, SNAPSHOT_FORMAT, type Snapshot } from '../scheduler/planner/contract/snapshot.ts';
import { badValue } from './failure.ts';

export { comparePlans } from '../scheduler/planner/compare-plans.ts';
export { planMoves } from '../scheduler/planner/plan-moves.ts';

export interface PlanFile {
  readonly snapshot: Snapshot;
  readonly policy: PlanPolicy;
  readonly limits: PlanLimits;
  /** The plan that was made from it; undefined for a bare snapshot. */
  readonly plan: unknown;
  /** The scheduler's shadow policy, if any. */
  readonly shadowPolicy?: PlanPolicy;
}

/** Reads a record, or a bare snapshot with the policy of a new installation. */
export function readPlanFile(file: string): PlanFile {
  return parsed(file, () => planFileOf(jsonOf(file)));
}

/** As `readPlanFile`, for JSON from the scheduler. */
export function planFileOf(json: unknown): PlanFile {
  return v.is(v.object({ format: v.literal(SNAPSHOT_FORMAT) }), json)
    ? { snapshot: readSnapshot(json), policy: DEFAULT_PLAN_POLICY, limits: {}, plan: undefined }
    : readRecord(json);
}

/** The policy `under`, overridden by what the file sets. */
export function readPolicyFile(file: string, under: PlanPolicy): PlanPolicy {
  return parsed(file, () => readPolicy(jsonOf(file), under, 'policy'));
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw badValue(file, `cannot be read as JSON: ${messageOf(error)}`);
  }
}

function parsed<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidData) throw badValue(file, error.message);
    throw error;
  }
}
