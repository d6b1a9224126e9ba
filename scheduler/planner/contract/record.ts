// The record of a plan: all that it was made from, and the plan; making it again must give the same, byte for byte.
import { amount, count, fieldsOf, InvalidJson, oneOf, refuseOthers, size, type Read } from './json-fields.ts';
import type { Plan, PlanLimits } from './plan-types.ts';
import { DEFAULT_PLAN_POLICY, type Levels, type PlanPolicy } from './policy.ts';
import { readSnapshot } from './read-snapshot.ts';
import type { Snapshot } from './snapshot.ts';

const RECORD_FORMAT = 'evenkeel-record-1';

export interface PlanRecord {
  readonly snapshot: Snapshot;
  readonly policy: PlanPolicy;
  readonly limits: PlanLimits;
  readonly plan: Plan;
  /** A policy that was only compared with the one in force. */
  readonly shadowPolicy?: PlanPolicy;
}

/** A record as it was read: the plan is only compared, so that it stays as it was written. */
export interface ReadRecord extends Omit<PlanRecord, 'plan'> {
  readonly plan: unknown;
}

export function recordJson(record: PlanRecord): string {
  return JSON.stringify({ format: RECORD_FORMAT, ...record });
}

/** Throws InvalidJson, whose message names the field. */
export function readRecord(json: unknown): ReadRecord {
  const fields = fieldsOf(json, 'record');
  refuseOthers(fields, 'record', ['format', 'snapshot', 'policy', 'limits', 'plan', 'shadowPolicy']);
  oneOf(RECORD_FORMAT)(fields['format'], 'record.format');
  const { shadowPolicy } = fields;
  return {
    snapshot: readSnapshot(fields['snapshot']),
    policy: readPolicy(fields['policy'], DEFAULT_PLAN_POLICY, 'record.policy'),
    limits: readLimits(fields['limits']),
    plan: fields['plan'],
    ...(shadowPolicy !== undefined && {
      shadowPolicy: readPolicy(shadowPolicy, DEFAULT_PLAN_POLICY, 'record.shadowPolicy'),
    }),
  };
}

function readLimits(json: unknown): PlanLimits {
  const fields = fieldsOf(json, 'record.limits');
  refuseOthers(fields, 'record.limits', ['steps']);
  const { steps } = fields;
  return steps === undefined ? {} : { steps: count(steps, 'record.limits.steps') };
}

/** The policy `under`, with what the JSON says in place of what it had. */
export function readPolicy(json: unknown, under: PlanPolicy, path: string): PlanPolicy {
  const fields = fieldsOf(json, path);
  refuseOthers(fields, path, Object.keys(DEFAULT_PLAN_POLICY));
  const read = <Name extends keyof PlanPolicy>(name: Name, how: Read<PlanPolicy[Name]>): PlanPolicy[Name] =>
    fields[name] === undefined ? under[name] : how(fields[name], `${path}.${name}`);
  return {
    cpu: read('cpu', readLevels),
    memory: read('memory', readLevels),
    network: read('network', readLevels),
    disk: read('disk', readLevels),
    targetMarginRatio: read('targetMarginRatio', amount),
    gainMin: read('gainMin', amount),
    memoryReserveRatio: read('memoryReserveRatio', amount),
    unknownHostsMaxRatio: read('unknownHostsMaxRatio', amount),
    bandwidthBytesPerSecond: read('bandwidthBytesPerSecond', size),
    migrationPriceCores: read('migrationPriceCores', amount),
    persistenceMinMs: read('persistenceMinMs', amount),
    persistenceMaxMs: read('persistenceMaxMs', amount),
    evenness: read('evenness', flag),
    consolidation: read('consolidation', flag),
    packsKnownOnly: read('packsKnownOnly', flag),
    packingMargin: read('packingMargin', amount),
    movesMax: read('movesMax', count),
  };
}

function readLevels(value: unknown, path: string): Levels {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['entryRatio', 'exitRatio']);
  const levels = {
    entryRatio: amount(fields['entryRatio'], `${path}.entryRatio`),
    exitRatio: amount(fields['exitRatio'], `${path}.exitRatio`),
  };
  if (levels.exitRatio >= levels.entryRatio)
    throw new InvalidJson(`${path}.exitRatio`, `below entryRatio (${levels.entryRatio})`, levels.exitRatio);
  return levels;
}

function flag(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new InvalidJson(path, 'true or false', value);
  return value;
}
