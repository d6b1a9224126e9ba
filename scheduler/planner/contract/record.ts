// Writes and reads records: a plan with everything it was made from. Planning again must give the same plan, byte for byte.
import * as v from 'valibot';
import { count, fields, oneOf, options, read } from '../../../shared/outside-data.ts';
import type { Plan, PlanLimits } from './plan-types.ts';
import { DEFAULT_PLAN_POLICY, readPolicy, type PlanPolicy } from './policy.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

const RECORD_FORMAT = 'evenkeel-record-1';

export interface PlanRecord {
  readonly snapshot: Snapshot;
  readonly policy: PlanPolicy;
  readonly limits: PlanLimits;
  readonly plan: Plan;
  /** A policy that was only compared with the one in force. */
  readonly shadowPolicy?: PlanPolicy;
}

/** A record as read: its plan is only compared, so it stays as it was written. */
export interface ReadRecord extends Omit<PlanRecord, 'plan'> {
  readonly plan: unknown;
}

export function recordJson(record: PlanRecord): string {
  return JSON.stringify({ format: RECORD_FORMAT, ...record });
}

const planRecord = fields({
  format: oneOf([RECORD_FORMAT]),
  snapshot: v.unknown(),
  policy: v.unknown(),
  limits: options({ steps: v.exactOptional(count) }),
  plan: v.optional(v.unknown()),
  shadowPolicy: v.exactOptional(v.unknown()),
});

/** Throws InvalidData, whose message names the field. */
export function readRecord(json: unknown): ReadRecord {
  const { snapshot, policy, limits, plan, shadowPolicy } = read(planRecord, json, 'record');
  return {
    snapshot: readSnapshot(snapshot),
    policy: readPolicy(policy, DEFAULT_PLAN_POLICY, 'record.policy'),
    limits,
    plan,
    ...(shadowPolicy !== undefined && {
      shadowPolicy: readPolicy(shadowPolicy, DEFAULT_PLAN_POLICY, 'record.shadowPolicy'),
    }),
  };
}
